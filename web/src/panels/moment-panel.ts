// One moment: who held memory then, and why reserved was above it.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { GroupBy, Moment, ReservedAccount } from '../engine/protocol.js';
import { bytes, count, exactBytes, label, percent, plural, time } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { answer, base, controls, tables } from '../styles.js';
import { termsOf } from '../terms.js';

const GROUPINGS: { by: GroupBy; title: string }[] = [
  { by: 'label', title: 'label' },
  { by: 'site', title: 'site' },
  { by: 'dtype', title: 'type' },
  { by: 'size', title: 'size' },
];
const SHOWN_GROUPS = 12;
const SHOWN_BUFFERS = 10;

type Part = 'live' | 'rounding' | 'cached' | 'gaps';
const PARTS: { part: Part; title: string; hint: string }[] = [
  { part: 'live', title: 'live', hint: 'As the program asked for.' },
  { part: 'rounding', title: 'rounding', hint: 'What live blocks have beyond what was asked for.' },
  { part: 'cached', title: 'cached', hint: 'Released blocks that wait for reuse.' },
  { part: 'gaps', title: 'gaps', hint: 'Room between blocks of held segments: external fragmentation.' },
];

@customElement('moment-panel')
export class MomentPanel extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private by: GroupBy = 'label';
  @state() private answer: Moment | null = null;
  @state() private allGroups = false;
  @state() private allBuffers = false;
  private readonly asked = new Latest<Moment>();

  constructor() {
    super();
    const pace = new Pace(() => void this.load());
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
    new Follows(this, ['moment', 'filter'], () => void this.load());
    new Follows(this, ['layout']);
  }

  static override styles = [
    base,
    controls,
    answer,
    tables,
    css`
      section {
        padding: var(--gap-2) 0;
      }
      h3 {
        display: flex;
        justify-content: space-between;
        align-items: baseline;
        padding: 0 var(--gap-3);
      }
      h3 .caption {
        font-weight: 400;
      }
      .bar {
        display: flex;
        gap: 1px;
        height: 12px;
        margin: var(--gap-1) var(--gap-3) var(--gap-2);
      }
      .bar i {
        min-width: 1px;
      }
      th,
      td {
        padding-left: var(--gap-2);
      }
      th:first-child,
      td:first-child {
        padding-left: var(--gap-3);
      }
      thead th {
        height: 20px;
        font-size: var(--type-1);
      }
      tbody tr.pick:has(button[aria-pressed='true']) {
        background: var(--selected);
      }
      tr.sum td,
      tr.sum th {
        border-top: 1px solid var(--line);
      }
      .swatch {
        display: inline-block;
        width: 12px;
        height: 12px;
        margin-right: 6px;
        border-radius: 2px;
        vertical-align: -2px;
      }
      .live {
        background: var(--live);
      }
      .rounding {
        background: var(--fragmentation);
      }
      .cached {
        background: repeating-linear-gradient(135deg, var(--cached) 0 1.5px, transparent 1.5px 4px);
        outline: 1px solid var(--cached);
        outline-offset: -1px;
      }
      .gaps {
        outline: 1px solid var(--reserved);
        outline-offset: -1px;
      }
      .note {
        padding: var(--gap-1) var(--gap-3) 0;
        color: var(--ink-2);
      }
      .more {
        height: 24px;
        padding: 0 var(--gap-3);
        color: var(--ink-2);
        text-decoration: underline;
      }
      .by {
        margin: 0 var(--gap-3) var(--gap-1);
      }
    `,
  ];

  override firstUpdated(): void {
    void this.load();
  }

  private async load(): Promise<void> {
    const { session, by } = this;
    if (!session?.trace || !session.moment) return;
    const { event } = session.moment;
    const { filter, engine } = session;
    const answer = await session.track(this.asked.ask(() => engine.moment(event, by, filter)));
    if (answer) this.answer = answer;
  }

  private choose(by: GroupBy): void {
    this.by = by;
    this.allGroups = false;
    void this.load();
  }

  private unknown(account: ReservedAccount): string {
    const without: string[] = [];
    if (!account.knowsSegments) without.push('segments: gaps and the largest hole are not known');
    if (!account.knowsBlocks) without.push('block sizes: rounding is not known');
    return without.length > 0 ? `The trace tells of no ${without.join('; of no ')}.` : '';
  }

  private renderAccount(account: ReservedAccount) {
    const whole = account.reserved + account.outside;
    const unknown = this.unknown(account);
    return html`<section class="account">
      <h3>
        <span>Reserved</span>
        <span class="caption" title="The share of reserved that holds no live byte">
          fragmentation <span class="number">${percent(account.fragmentationPpm, 1e6)}</span>
        </span>
      </h3>
      <div class="bar" aria-hidden="true">
        ${PARTS.map(({ part }) => (account[part] > 0 ? html`<i class=${part} .style=${`flex: ${account[part]} 1 0`}></i>` : nothing))}
      </div>
      <table aria-label="Where the reserved bytes are">
        <tbody>
          ${PARTS.map(
            ({ part, title, hint }) => html`<tr title=${hint}>
              <th scope="row" class="name"><i class="swatch ${part}"></i>${title}</th>
              <td class="number right" title=${exactBytes(account[part])}>${bytes(account[part])}</td>
              <td class="number right share">${percent(account[part], whole)}</td>
            </tr>`,
          )}
          ${
            account.outside > 0
              ? html`<tr title="Live blocks, or parts of them, in no segment that the trace tells of">
                  <th scope="row" class="name">less: outside of segments</th>
                  <td class="number right" title=${exactBytes(account.outside)}>−${bytes(account.outside)}</td>
                  <td class="number right share">${percent(account.outside, whole)}</td>
                </tr>`
              : nothing
          }
          <tr class="sum">
            <th scope="row" class="name">reserved</th>
            <td class="number right reserved" title=${exactBytes(account.reserved)}>${bytes(account.reserved)}</td>
            <td class="number right share"></td>
          </tr>
          ${
            account.knowsSegments
              ? html`<tr title="The longest stretch of held addresses in which no buffer lived, cached blocks included">
                  <th scope="row" class="name">largest hole</th>
                  <td class="number right" title=${exactBytes(account.largestHole)}>${bytes(account.largestHole)}</td>
                  <td class="number right share"></td>
                </tr>`
              : nothing
          }
        </tbody>
      </table>
      ${unknown ? html`<p class="note">${unknown}</p>` : nothing}
    </section>`;
  }

  private renderGroups(session: Session, moment: Moment) {
    const shown = this.allGroups ? moment.groups : moment.groups.slice(0, SHOWN_GROUPS);
    return html`<section class="groups">
      <h3><span>Who lived</span><span class="caption">${plural(moment.allGroups, 'group')}</span></h3>
      <div class="segmented small by" role="group" aria-label="Group the live set by">
        ${GROUPINGS.map(
          ({ by, title }) =>
            html`<button aria-pressed=${this.by === by} @click=${() => this.choose(by)}>${title}</button>`,
        )}
      </div>
      <table aria-label="Live at event ${moment.event} by ${this.by}">
        <thead>
          <tr>
            <th scope="col" class="name">${this.by}</th>
            <th scope="col" class="right">buffers</th>
            <th scope="col" class="right">bytes</th>
            <th scope="col" class="right">live</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map((group) => {
            const terms = termsOf(this.by, group.name);
            return html`<tr class="pick">
              <td class="name">
                <button
                  ?disabled=${terms.length === 0}
                  aria-pressed=${session.hasTerms(terms)}
                  title="${label(group.name, 400) || '(none)'}: ${exactBytes(group.bytes)}. Filter by it."
                  @click=${() => session.toggleTerms(terms)}
                >
                  ${this.by === session.colorBy && group.color ? html`<i class="swatch" .style=${`background: ${group.color}`}></i>` : nothing}${label(group.name) || '(none)'}
                </button>
              </td>
              <td class="number right share">${count(group.buffers)}</td>
              <td class="number right">${bytes(group.bytes)}</td>
              <td class="number right share">${percent(group.bytes, moment.bytes)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
      ${
        moment.groups.length > SHOWN_GROUPS
          ? html`<button class="more" aria-expanded=${this.allGroups} @click=${() => (this.allGroups = !this.allGroups)}>
              ${this.allGroups ? 'show fewer' : `show ${count(moment.groups.length)}`}
            </button>`
          : nothing
      }
    </section>`;
  }

  private renderLargest(session: Session, moment: Moment) {
    if (moment.largest.length === 0) return nothing;
    const shown = this.allBuffers ? moment.largest : moment.largest.slice(0, SHOWN_BUFFERS);
    return html`<section class="largest">
      <h3><span>Largest buffers</span>${session.filter ? html`<span class="caption">of those that match</span>` : nothing}</h3>
      <table aria-label="The largest buffers live at event ${moment.event}">
        <tbody>
          ${shown.map(
            ({ row, idText, label: name, size }) => html`<tr class="pick">
              <td class="name">
                <button title="${label(name, 400) || '(none)'}, id ${idText}" @click=${() => void session.select(row)}>
                  ${label(name) || `buffer ${idText}`}
                </button>
              </td>
              <td class="number right" title=${exactBytes(size)}>${bytes(size)}</td>
              <td class="number right share">${percent(size, moment.bytes)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      ${
        moment.largest.length > SHOWN_BUFFERS
          ? html`<button class="more" aria-expanded=${this.allBuffers} @click=${() => (this.allBuffers = !this.allBuffers)}>
              ${this.allBuffers ? 'show fewer' : `show ${count(moment.largest.length)}`}
            </button>`
          : nothing
      }
    </section>`;
  }

  override render() {
    const { session, answer } = this;
    if (!session?.trace || !session.moment) return nothing;
    const { event, timeNs } = session.moment;
    // Where the peak was folded away, no event has it.
    const { max_live_event: peakEvent, max_live_bytes: peakBytes } = session.trace.summary;
    const peak = event === peakEvent && answer?.bytes === peakBytes;
    return html`<header>
        <div>
          <h2>${peak ? 'The peak' : 'A moment'}</h2>
          <p class="caption">after event <span class="number">${count(event)}</span>, at <span class="number">${time(timeNs)}</span></p>
        </div>
        <button class="button small" title="Let go (Esc)" @click=${() => void session.showMoment(null)}>Close</button>
      </header>
      ${
        answer
          ? html`<section class="figures">
                <h3>
                  <span>Live</span
                  ><span><span class="number" title=${exactBytes(answer.bytes)}>${bytes(answer.bytes)}</span> in ${plural(answer.buffers, 'buffer')}</span>
                </h3>
              </section>
              ${this.renderGroups(session, answer)} ${this.renderAccount(answer.account)} ${this.renderLargest(session, answer)}`
          : nothing
      }`;
  }
}
