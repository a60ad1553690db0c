// All totals of the trace; sizes as a histogram; in the lab the allocator's own statistics too.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { GroupBy, GroupCount, Summary } from '../engine/protocol.js';
import { bytes, count, exactBytes, label, percent, time } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { base, controls } from '../styles.js';
import { termsOf } from '../terms.js';
import { type Latencies, type LatencyChoice, renderLatencies } from './latency-tables.js';

type Unit = 'bytes' | 'count' | 'time';
const TOTALS: [keyof Summary, string, Unit][] = [
  ['max_live_bytes', 'live at peak', 'bytes'],
  ['max_live_buffers', 'buffers live at peak', 'count'],
  ['max_live_event', 'event of the peak', 'count'],
  ['max_cached_bytes', 'cached at most', 'bytes'],
  ['max_reserved_bytes', 'reserved at most', 'bytes'],
  ['alive_at_end_bytes', 'alive at the end', 'bytes'],
  ['alive_at_end_buffers', 'buffers alive at the end', 'count'],
  ['cached_at_end_bytes', 'cached at the end', 'bytes'],
  ['total_allocated_bytes', 'allocated in total', 'bytes'],
  ['buffers', 'buffers', 'count'],
  ['events', 'events', 'count'],
  ['distinct_sizes', 'distinct sizes', 'count'],
  ['duration_ns', 'duration', 'time'],
  ['skipped_events', 'events skipped', 'count'],
  ['folded_events', 'older events folded into totals', 'count'],
  ['folded_buffers', 'buffers of those', 'count'],
];

const shown = (value: number, unit: Unit): string =>
  unit === 'bytes' ? bytes(value) : unit === 'time' ? time(value) : count(value);
const exact = (value: number, unit: Unit): string =>
  unit === 'bytes' ? exactBytes(value) : unit === 'time' ? `${count(value)}\u202fns` : count(value);

interface Answers {
  size: GroupCount[];
  cause: GroupCount[];
  site: GroupCount[];
  latencies: Latencies;
}

@customElement('statistics-view')
export class StatisticsView extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  /** The live allocator's statistics, by the names of the C++ core. */
  @property({ attribute: false }) allocator: Record<string, number> | undefined;
  @state() private answers: Answers | null = null;
  private latencyChoice: LatencyChoice = { axis: 'time', by: 'label' };
  private readonly asked = new Latest<Answers>();

  constructor() {
    super();
    const pace = new Pace(() => void this.load());
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
    new Follows(this, ['filter'], () => void this.load());
  }

  static override styles = [
    base,
    controls,
    css`
      :host {
        overflow: auto;
        padding: var(--gap-4);
      }
      .columns {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(408px, 100%), 1fr));
        gap: var(--gap-6);
        align-items: start;
      }
      h2 {
        font-size: var(--type-3);
        font-weight: 600;
        line-height: 24px;
        margin-bottom: var(--gap-1);
      }
      table {
        width: 100%;
        border-collapse: collapse;
      }
      th,
      td {
        height: 24px;
        padding: 0 var(--gap-2) 0 0;
        border-top: 1px solid var(--line);
        font-weight: 400;
        text-align: left;
        white-space: nowrap;
      }
      td.number,
      th.number {
        text-align: right;
        font-family: var(--mono);
      }
      th {
        color: var(--ink-2);
      }
      .wide {
        grid-column: 1 / -1;
      }
      .wide > p {
        max-width: 720px;
        color: var(--ink-2);
      }
      .how {
        display: flex;
        flex-wrap: wrap;
        gap: var(--gap-2);
        padding: var(--gap-2) 0;
      }
      h3 {
        font-weight: 600;
        line-height: 24px;
      }
      .waits {
        margin-bottom: var(--gap-3);
      }
      .name {
        max-width: 200px;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .bar {
        width: 30%;
        padding-right: 0;
      }
      .bar i {
        display: block;
        height: 8px;
        min-width: 1px;
        background: var(--live);
      }
      .exact {
        color: var(--ink-2);
      }
      button.link {
        text-decoration: underline;
        text-underline-offset: 2px;
      }
    `,
  ];

  override firstUpdated(): void {
    void this.load();
  }

  private async load(): Promise<void> {
    const { session } = this;
    if (!session?.trace) return;
    const { filter, engine } = session;
    const { axis, by } = this.latencyChoice;
    const answer = await session.track(
      this.asked.ask(async () => ({
        size: await engine.groups('size', filter),
        cause: await engine.groups('cause', filter),
        site: await engine.groups('site', filter),
        latencies: {
          axis,
          by,
          unused: await engine.latency('unused', axis, by, filter),
          idle: await engine.latency('idle', axis, by, filter),
        },
      })),
    );
    if (answer) this.answers = answer;
  }

  private readonly chooseLatency = (choice: LatencyChoice): void => {
    this.latencyChoice = choice;
    void this.load();
  };

  private renderTotals(summary: Summary) {
    return html`<section>
      <h2>Totals</h2>
      <table>
        <tbody>
          ${TOTALS.map(
            ([name, title, unit]) => html`<tr title=${name}>
              <th scope="row">${title}</th>
              <td class="number">${shown(summary[name] as number, unit)}</td>
              <td class="number exact">${exact(summary[name] as number, unit)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </section>`;
  }

  private renderGroups(title: string, by: GroupBy, groups: GroupCount[]) {
    if (groups.length === 0) return nothing;
    const most = Math.max(1, ...groups.map((group) => group.buffers));
    const all = groups.reduce((sum, group) => sum + group.buffers, 0);
    return html`<section>
      <h2>${title}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">${by}</th>
            <th scope="col" class="number">buffers</th>
            <th scope="col" class="number">bytes</th>
            <th scope="col" class="number">alive</th>
            <th scope="col" class="bar"><span class="visually-hidden">share of buffers</span></th>
          </tr>
        </thead>
        <tbody>
          ${groups.slice(0, 40).map(
            (group) => html`<tr>
              <td class="name">
                <button class="link" title="Filter by ${label(group.name) || '(none)'}" @click=${() => this.session?.toggleTerms(termsOf(by, group.name))}>${label(group.name) || '(none)'}</button>
              </td>
              <td class="number">${count(group.buffers)}</td>
              <td class="number" title=${exactBytes(group.bytes)}>${bytes(group.bytes)}</td>
              <td class="number" title=${exactBytes(group.aliveBytes)}>${group.aliveBuffers > 0 ? count(group.aliveBuffers) : '–'}</td>
              <td class="bar" title=${percent(group.buffers, all)}><i .style=${`width: ${(100 * group.buffers) / most}%`}></i></td>
            </tr>`,
          )}
        </tbody>
      </table>
    </section>`;
  }

  private renderAllocator(stats: Record<string, number>) {
    return html`<section>
      <h2>Allocator now</h2>
      <table>
        <tbody>
          ${Object.entries(stats).map(([name, value]) => {
            const unit: Unit = /bytes/.test(name) ? 'bytes' : 'count';
            const ratio = !Number.isInteger(value);
            return html`<tr>
              <th scope="row">${name.replaceAll('_', ' ')}</th>
              <td class="number">${ratio ? value.toFixed(3) : shown(value, unit)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </section>`;
  }

  override render() {
    const { session, answers, allocator } = this;
    const summary = session?.trace?.summary;
    if (!summary) return nothing;
    return html`<div class="columns">
      ${this.renderTotals(summary)}
      ${answers ? html`${this.renderGroups('Sizes', 'size', answers.size)}${this.renderGroups('How buffers ended', 'cause', answers.cause)}${this.renderGroups('Where they were made', 'site', answers.site)}` : nothing}
      ${allocator ? this.renderAllocator(allocator) : nothing}
      ${answers ? renderLatencies(session, answers.latencies, this.chooseLatency) : nothing}
    </div>`;
  }
}
