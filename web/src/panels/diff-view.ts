// The open trace (A) against a second one (B): levels on one axis, totals, groups, and the lifetimes that differ.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import '../chart/diff-chart.js';
import { ALIGNMENTS } from '../commands.js';
import type { Align, Diff, DiffGroup, DiffPair, DiffRow, DiffTotals } from '../engine/protocol.js';
import { bytes, count, delta, exactBytes, label, plural, time } from '../format.js';
import { type Sample, sampleFiles, samples, TRACE_FILES } from '../samples.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { DIFF_GROUPINGS } from '../store/state.js';
import { answers, base, controls, tables } from '../styles.js';
import { termsOf } from '../terms.js';

const TOTALS: { name: keyof DiffTotals; title: string; inBytes: boolean }[] = [
  { name: 'events', title: 'events', inBytes: false },
  { name: 'buffers', title: 'allocations', inBytes: false },
  { name: 'frees', title: 'frees', inBytes: false },
  { name: 'total_allocated_bytes', title: 'allocated', inBytes: true },
  { name: 'max_live_bytes', title: 'peak live', inBytes: true },
  { name: 'max_reserved_bytes', title: 'peak reserved', inBytes: true },
  { name: 'cache_hits', title: 'served by the cache', inBytes: false },
  { name: 'alive_at_end_buffers', title: 'alive at end', inBytes: false },
  { name: 'alive_at_end_bytes', title: 'alive at end, bytes', inBytes: true },
];
const TITLES: Record<string, string> = { dtype: 'type' };
/** A growing trace is compared anew each time. */
const LIVE_PACE_MS = 2000;

@customElement('diff-view')
export class DiffView extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private diff: Diff | null = null;
  /** What `diff` was aligned by: its lifetimes are in units of that. */
  @state() private align: Align = 'event';
  @query('input[type=file]') private file!: HTMLInputElement;
  private readonly asked = new Latest<{ diff: Diff; align: Align }>();

  constructor() {
    super();
    const pace = new Pace(() => void this.load(), LIVE_PACE_MS);
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
    new Follows(this, ['comparison'], () => void this.load());
  }

  static override styles = [
    base,
    controls,
    tables,
    answers,
    css`
      :host {
        container-type: inline-size;
      }
      .empty {
        width: min(560px, 100%);
        margin: var(--gap-6) auto;
        padding: 0 var(--gap-4);
      }
      .empty h2 {
        font-size: var(--type-4);
        line-height: 28px;
        margin-bottom: var(--gap-2);
      }
      .empty p {
        font-size: var(--type-3);
        line-height: 20px;
        color: var(--ink-2);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--gap-2);
        margin: var(--gap-4) 0;
      }
      .traces {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 var(--gap-3);
        min-width: 0;
      }
      .trace {
        display: flex;
        align-items: center;
        gap: 6px;
        min-width: 0;
        max-width: 320px;
        white-space: nowrap;
      }
      .trace span {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .key {
        flex: none;
        width: 16px;
        border-radius: var(--radius);
        text-align: center;
        font-weight: 600;
        border: 1.5px solid var(--live);
      }
      .key.second {
        border-color: var(--second);
      }
      .beside {
        display: grid;
        grid-template-columns: minmax(0, 480px) minmax(0, 320px);
        gap: 0 var(--gap-6);
        align-items: start;
        border-bottom: 1px solid var(--line);
      }
      .beside td,
      .beside th {
        border-bottom: 0;
      }
      h3 {
        padding: var(--gap-2) var(--gap-3) 0;
        color: var(--ink-2);
      }
      section + section {
        border-top: 1px solid var(--line);
      }
      .only {
        color: var(--ink-2);
        font-size: var(--type-1);
      }
      .bar {
        width: 96px;
        min-width: 96px;
      }
      .bar i {
        display: block;
        height: 10px;
        background: linear-gradient(var(--line-strong), var(--line-strong)) 50% 0 / 1px 100% no-repeat;
      }
      .bar b {
        display: block;
        height: 10px;
        min-width: 1px;
        background: var(--live);
      }
      .bar b.more {
        background: var(--second);
      }
      .name.other {
        color: var(--ink-2);
        line-height: 23px;
      }
      @container (max-width: 1000px) {
        .widest {
          display: none;
        }
      }
      @container (max-width: 640px) {
        .wide {
          display: none;
        }
        .beside {
          grid-template-columns: minmax(0, 1fr);
        }
        .name {
          min-width: 88px;
        }
      }
    `,
  ];

  override firstUpdated(): void {
    void this.load();
  }

  chooseFiles(): void {
    this.file.click();
  }

  private onFiles(): void {
    const files = [...(this.file.files ?? [])].map((file) => ({ name: file.name, bytes: file }));
    this.file.value = '';
    if (files.length > 0) this.session?.comparison.open(files).catch(() => undefined); // told in the notice
  }

  private async load(): Promise<void> {
    this.requestUpdate();
    const { session } = this;
    if (!session?.trace || session.trace.preview || !session.comparison.second) {
      this.asked.forget();
      this.diff = null;
      return;
    }
    const { align, by } = session.comparison;
    const answer = await session.track(
      this.asked.ask(async () => ({ diff: await session.engine.diff(align, by), align })),
    );
    if (!answer || !session.comparison.second) return;
    this.diff = answer.diff;
    this.align = answer.align;
  }

  /** The group's buffers of the open trace, in the table. */
  private show(terms: string[]): void {
    const { session } = this;
    if (!session) return;
    if (!session.hasTerms(terms)) session.toggleTerms(terms);
    void session.setTab('table');
  }

  private renderEmpty(session: Session) {
    const openSample = (sample: Sample): void => {
      session.comparison.open(sampleFiles(sample), sample.name).catch(() => undefined); // told in the notice
    };
    const reading = session.trace?.preview === true;
    const others = samples().filter(({ name }) => name !== session.trace?.sample);
    return html`<div class="empty">
      <h2>Before and after: what changed?</h2>
      <p>
        The open trace is A. Choose a second one, B, or drop it here (anywhere else with Alt held down): both levels are drawn over one axis,
        and every buffer of A is looked for in B by its label, site, type and size.
      </p>
      <div class="actions">
        <button class="button primary" ?disabled=${reading} @click=${() => this.chooseFiles()}>Open a second trace…</button>
        ${others.map((sample) => html`<button class="button" ?disabled=${reading} data-second=${sample.name} @click=${() => openSample(sample)}>${sample.title}</button>`)}
      </div>
    </div>`;
  }

  private renderAbove(session: Session, diff: Diff | null) {
    const { comparison, trace } = session;
    const named = (key: 'A' | 'B', name: string) =>
      html`<span class="trace" title=${label(name, 400)}><b class="key ${key === 'B' ? 'second' : ''}">${key}</b><span>${label(name)}</span></span>`;
    return html`<div class="above">
      <div class="traces">${named('A', trace?.name ?? '')}${named('B', comparison.second?.name ?? '')}</div>
      <div class="segmented small" role="group" aria-label="Align by">
        ${ALIGNMENTS.map(
          ({ align, title }) =>
            html`<button aria-pressed=${comparison.align === align} @click=${() => comparison.setAlign(align)}>${title}</button>`,
        )}
      </div>
      <button class="button small" @click=${() => this.chooseFiles()}>Another B…</button>
      <button class="button small" @click=${() => comparison.close()}>Close B</button>
      <span class="told" role="status">${diff ? this.verdict(diff) : 'comparing…'}</span>
    </div>`;
  }

  private verdict({ equal, counts, phases, sharedPhases }: Diff) {
    const aligned = { event: 'event by event', time: 'by time', phase: 'phase by phase' }[this.align];
    if (equal) return `equal, ${aligned}: every buffer of A has its like in B, at the same place`;
    const unmatched = counts.onlyFirstBuffers + counts.onlySecondBuffers;
    const shared = this.align === 'phase' ? `; ${count(sharedPhases)} of ${plural(phases, 'phase')} in both` : '';
    return `different: ${count(unmatched)} unmatched, ${count(counts.changed)} changed, ${count(counts.shifted)} shifted${shared}`;
  }

  private renderTotals({ first, second }: Diff) {
    return html`<table aria-label="Totals of both traces">
      <thead>
        <tr>
          <th scope="col">total</th>
          <th scope="col" class="right">A</th>
          <th scope="col" class="right">B</th>
          <th scope="col" class="right">B − A</th>
        </tr>
      </thead>
      <tbody>
        ${TOTALS.map(({ name, title, inBytes }) => {
          const text = inBytes ? bytes : count;
          const exact = inBytes ? exactBytes : count;
          return html`<tr data-total=${name}>
            <th scope="row">${title}</th>
            <td class="number right" title=${exact(first[name])}>${text(first[name])}</td>
            <td class="number right" title=${exact(second[name])}>${text(second[name])}</td>
            <td class="number right" title=${delta(first[name], second[name], exact)}>${delta(first[name], second[name], text)}</td>
          </tr>`;
        })}
      </tbody>
    </table>`;
  }

  private renderCounts({ counts }: Diff) {
    const row = (title: string, hint: string, value: string) =>
      html`<tr title=${hint}><th scope="row">${title}</th><td class="number right">${value}</td></tr>`;
    const size = (n: number, size: number): string => `${count(n)}, ${bytes(size)}`;
    return html`<table aria-label="Buffers of both traces, matched">
      <thead>
        <tr>
          <th scope="col">buffers</th>
          <th scope="col" class="right">number</th>
        </tr>
      </thead>
      <tbody>
        ${row('only in A', 'No like buffer is left in B.', size(counts.onlyFirstBuffers, counts.onlyFirstBytes))}
        ${row('only in B', 'No like buffer is left in A.', size(counts.onlySecondBuffers, counts.onlySecondBytes))}
        ${row('changed', 'Matched, but different in one or more of the next.', count(counts.changed))}
        ${row('· size', 'Matched by label and site alone.', count(counts.sizeChanged))}
        ${row('· type', 'Matched by label and site alone.', count(counts.dtypeChanged))}
        ${row('· end', 'Released in one and not in the other, or by another cause.', count(counts.endChanged))}
        ${row('· lifetime', 'Released after another number of events; by time, after another time.', count(counts.lifetimeChanged))}
        ${row('shifted', 'Alike, but born at another place of the axis.', count(counts.shifted))}
        ${row('same', 'Alike, and born at the same place of the axis.', count(counts.same))}
      </tbody>
    </table>`;
  }

  private renderGroup(session: Session, { name, first, second, changed }: DiffGroup, most: number) {
    const terms = termsOf(session.comparison.by, name);
    const only = first.buffers === 0 ? 'only in B' : second.buffers === 0 ? 'only in A' : '';
    const share = most > 0 ? (Math.abs(second.bytes - first.bytes) / most) * 50 : 0;
    const more = second.bytes > first.bytes;
    const figure = (a: number, b: number) =>
      html`<td class="number right wide" title=${delta(a, b, exactBytes)}>${delta(a, b, bytes)}</td>`;
    return html`<tr class="pick">
      <td class="name">
        <button
          ?disabled=${first.buffers === 0 || terms.length === 0}
          title="${label(name, 400) || '(none)'}. ${first.buffers === 0 ? 'The open trace has none of these.' : 'Show these buffers of the open trace.'}"
          @click=${() => this.show(terms)}
        >
          ${label(name) || '(none)'}
        </button>
      </td>
      <td class="only">${only}</td>
      <td class="number right widest">${count(first.buffers)}</td>
      <td class="number right widest">${count(second.buffers)}</td>
      <td class="number right">${delta(first.buffers, second.buffers, count)}</td>
      <td class="number right wide" title=${exactBytes(first.bytes)}>${bytes(first.bytes)}</td>
      <td class="number right wide" title=${exactBytes(second.bytes)}>${bytes(second.bytes)}</td>
      <td class="number right" title=${delta(first.bytes, second.bytes, exactBytes)}>${delta(first.bytes, second.bytes, bytes)}</td>
      <td class="bar widest" aria-hidden="true">
        <i><b class=${more ? 'more' : ''} .style=${`width: ${share}%; margin-left: ${more ? 50 : 50 - share}%`}></b></i>
      </td>
      ${figure(first.peakBytes, second.peakBytes)} ${figure(first.aliveBytes, second.aliveBytes)}
      <td class="number right widest">${count(first.unmatched + second.unmatched)}</td>
      <td class="number right">${count(changed)}</td>
    </tr>`;
  }

  private renderGroups(session: Session, { groups, allGroups }: Diff) {
    const { comparison } = session;
    const most = Math.max(0, ...groups.map(({ first, second }) => Math.abs(second.bytes - first.bytes)));
    return html`<section aria-label="Groups">
      <div class="above">
        <div class="segmented small" role="group" aria-label="Group by">
          ${DIFF_GROUPINGS.map(
            (by) =>
              html`<button aria-pressed=${comparison.by === by} @click=${() => comparison.setBy(by)}>${TITLES[by] ?? by}</button>`,
          )}
        </div>
        <span class="told">${plural(allGroups, 'group')}; what one trace lacks first, then the largest difference</span>
      </div>
      <table class="groups" aria-label="Groups of both traces">
          <thead>
            <tr>
              <th scope="col" class="name">${TITLES[comparison.by] ?? comparison.by}</th>
              <th scope="col"><span class="visually-hidden">in which trace</span></th>
              <th scope="col" class="right widest">A</th>
              <th scope="col" class="right widest">B</th>
              <th scope="col" class="right" title="B − A">Δ buffers</th>
              <th scope="col" class="right wide">A bytes</th>
              <th scope="col" class="right wide">B bytes</th>
              <th scope="col" class="right" title="B − A">Δ bytes</th>
              <th class="bar widest" aria-hidden="true"></th>
              <th scope="col" class="right wide" title="Of the bytes that lived at the peak of either trace">Δ at peak</th>
              <th scope="col" class="right wide" title="Of the bytes alive at the end">Δ at end</th>
              <th scope="col" class="right widest">unmatched</th>
              <th scope="col" class="right">changed</th>
            </tr>
          </thead>
          <tbody>
            ${groups.map((group) => this.renderGroup(session, group, most))}
          </tbody>
        </table>
      ${allGroups > groups.length ? html`<p class="none">The first ${count(groups.length)} of ${plural(allGroups, 'group')}.</p>` : nothing}
    </section>`;
  }

  private nameOf({ label: name, idText }: DiffRow): string {
    return label(name) || `buffer ${idText}`;
  }
  private get livedTitle(): string {
    return this.align === 'time' ? 'lived' : 'lived, events';
  }
  private lived(lifetime: number): string {
    return this.align === 'time' ? time(lifetime) : count(lifetime);
  }

  /** A buffer of the open trace can be selected; one of the second is told of. */
  private renderName(row: DiffRow, ofFirst: boolean) {
    const title = `${label(row.label, 400) || '(none)'}, id ${row.idText}, ${row.site ? `${label(row.site)}, ` : ''}${exactBytes(row.size)}`;
    if (!ofFirst) return html`<td class="name other" title=${title}>${this.nameOf(row)}</td>`;
    return html`<td class="name"><button title=${title} @click=${() => void this.session?.select(row.row)}>${this.nameOf(row)}</button></td>`;
  }

  private renderOnly(key: 'A' | 'B', rows: DiffRow[], all: number) {
    if (rows.length === 0) return nothing;
    return html`<section aria-label="Only in ${key}">
      <h3>${plural(all, 'buffer')} only in ${key}${all > rows.length ? `, the ${count(rows.length)} largest` : ''}</h3>
      <table aria-label="Buffers only in ${key}">
        <thead>
          <tr>
            <th scope="col" class="name">label</th>
            <th scope="col" class="right">size</th>
            <th scope="col" class="wide">type</th>
            <th scope="col" class="right wide">born at</th>
            <th scope="col" class="right">${this.livedTitle}</th>
            <th scope="col">end</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) => html`<tr class="pick">
              ${this.renderName(row, key === 'A')}
              <td class="number right" title=${exactBytes(row.size)}>${bytes(row.size)}</td>
              <td class="wide">${label(row.dtype, 24)}</td>
              <td class="number right wide">${count(row.allocEvent)}</td>
              <td class="number right">${this.lived(row.lifetime)}</td>
              <td>${row.end}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </section>`;
  }

  private renderChanged(pairs: DiffPair[], all: number) {
    if (pairs.length === 0) return nothing;
    const both = (a: string, b: string) => (a === b ? a : `${a} → ${b}`);
    return html`<section aria-label="Changed">
      <h3>${plural(all, 'buffer')} changed${all > pairs.length ? `, the first ${count(pairs.length)}` : ''}</h3>
      <table aria-label="Buffers that changed">
        <thead>
          <tr>
            <th scope="col" class="name">label</th>
            <th scope="col" class="wide">what</th>
            <th scope="col" class="right">size</th>
            <th scope="col" class="right wide">${this.livedTitle}</th>
            <th scope="col" class="wide">end</th>
          </tr>
        </thead>
        <tbody>
          ${pairs.map(
            ({ changes, first, second }) => html`<tr class="pick">
              ${this.renderName(first, true)}
              <td class="wide">${changes.map((change) => TITLES[change] ?? change).join(', ')}</td>
              <td class="number right" title=${both(exactBytes(first.size), exactBytes(second.size))}>${both(bytes(first.size), bytes(second.size))}</td>
              <td class="number right wide">${both(this.lived(first.lifetime), this.lived(second.lifetime))}</td>
              <td class="wide">${both(first.end, second.end)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </section>`;
  }

  private renderDiff(session: Session, diff: Diff) {
    const { counts } = diff;
    return html`<diff-chart .session=${session} .diff=${diff}></diff-chart>
      <div class="beside">${this.renderTotals(diff)} ${this.renderCounts(diff)}</div>
      ${this.renderGroups(session, diff)} ${this.renderOnly('A', diff.onlyFirst, counts.onlyFirstBuffers)}
      ${this.renderOnly('B', diff.onlySecond, counts.onlySecondBuffers)} ${this.renderChanged(diff.changed, counts.changed)}`;
  }

  override render() {
    const { session, diff } = this;
    if (!session?.trace) return nothing;
    return html`<input
        type="file"
        multiple
        hidden
        aria-label="Files of the second trace"
        accept=${TRACE_FILES}
        @change=${() => this.onFiles()}
      />
      ${session.comparison.second ? this.renderAbove(session, diff) : this.renderEmpty(session)}
      ${diff ? this.renderDiff(session, diff) : nothing}`;
  }
}
