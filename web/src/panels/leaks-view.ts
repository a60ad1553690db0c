// What was never released, by group, and whether the group grew over the trace.
import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { GroupBy, Growth } from '../engine/protocol.js';
import { bytes, count, exactBytes, label, percent, plural } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { answers, base, controls, tables } from '../styles.js';
import { termsOf } from '../terms.js';

const GROUPINGS: { by: GroupBy; title: string }[] = [
  { by: 'label', title: 'label' },
  { by: 'site', title: 'site' },
  { by: 'dtype', title: 'type' },
  { by: 'size', title: 'size' },
];
const WIDTH = 128;
const HEIGHT = 20;

type Group = Growth['groups'][number];

@customElement('leaks-view')
export class LeaksView extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private by: GroupBy = 'label';
  @state() private growth: Growth | null = null;
  private readonly asked = new Latest<Growth>();

  constructor() {
    super();
    const pace = new Pace(() => void this.load());
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
    new Follows(this, ['filter'], () => void this.load());
  }

  static override styles = [
    base,
    controls,
    tables,
    answers,
    css`
      svg {
        display: block;
        overflow: visible;
      }
      .line {
        fill: none;
        stroke: var(--live);
        stroke-width: 1.5;
      }
      .grows .line {
        stroke: var(--alive);
      }
      .ground {
        stroke: var(--line);
      }
      td.growth {
        width: ${WIDTH + 16}px;
      }
      @media (max-width: 860px) {
        .more {
          display: none;
        }
      }
      .verdict {
        color: var(--ink-2);
      }
      .grows .verdict {
        color: var(--bad);
      }
    `,
  ];

  override firstUpdated(): void {
    void this.load();
  }

  private async load(): Promise<void> {
    const { session, by } = this;
    if (!session?.trace) return;
    const { filter, engine } = session;
    const answer = await session.track(this.asked.ask(() => engine.growth(by, filter)));
    if (answer) this.growth = answer;
  }

  private choose(by: GroupBy): void {
    this.by = by;
    void this.load();
  }

  /** The group's buffers that are still alive, in the table. */
  private show(terms: string[]): void {
    const { session } = this;
    if (!session) return;
    for (const term of [...terms, 'alive']) if (!session.hasTerms([term])) session.toggleTerms([term]);
    void session.setTab('table');
  }

  private renderSparkline({ floor, grows }: Group) {
    const most = Math.max(1, ...floor);
    const points = floor.map((alive, i) => {
      const y = HEIGHT - 1 - (alive / most) * (HEIGHT - 2);
      return `${((i * WIDTH) / floor.length).toFixed(1)},${y.toFixed(1)} ${(((i + 1) * WIDTH) / floor.length).toFixed(1)},${y.toFixed(1)}`;
    });
    const told = `at least ${count(floor[0] ?? 0)} alive in the first part of the trace, ${count(floor.at(-1) ?? 0)} in the last; ${grows ? 'grows' : 'does not grow'}`;
    return html`<svg role="img" aria-label=${told} width=${WIDTH} height=${HEIGHT} viewBox="0 0 ${WIDTH} ${HEIGHT}">
      <title>${told}</title>
      ${svg`<line class="ground" x1="0" y1=${HEIGHT - 0.5} x2=${WIDTH} y2=${HEIGHT - 0.5}></line><polyline class="line" points=${points.join(' ')}></polyline>`}
    </svg>`;
  }

  private renderGroup(session: Session, group: Group, whole: number) {
    const terms = termsOf(this.by, group.name);
    return html`<tr class="pick ${group.grows ? 'grows' : ''}">
      <td class="name">
        <button
          ?disabled=${terms.length === 0}
          title="${label(group.name, 400) || '(none)'}. Show these buffers."
          @click=${() => this.show(terms)}
        >
          ${label(group.name) || '(none)'}
        </button>
      </td>
      <td class="number right">${count(group.buffers)}</td>
      <td class="number right share more" title="${session.trace?.live ? 'alive now' : 'never released'}, of all that were ever allocated">
        ${percent(group.buffers, group.totalBuffers)}
      </td>
      <td class="number right" title=${exactBytes(group.bytes)}>${bytes(group.bytes)}</td>
      <td class="number right share more">${percent(group.bytes, whole)}</td>
      <td class="growth">${this.renderSparkline(group)}</td>
      <td class="verdict">${group.grows ? 'grows' : ''}</td>
    </tr>`;
  }

  override render() {
    const { session, growth } = this;
    if (!session?.trace || !growth) return nothing;
    const { alive_at_end_buffers: alive, alive_at_end_bytes: whole } = session.trace.summary;
    const now = session.trace.live ? 'alive now' : 'never released';
    const growing = growth.groups.filter(({ grows }) => grows).length;
    return html`
      <div class="above">
        <div class="segmented small" role="group" aria-label="Group by">
          ${GROUPINGS.map(
            ({ by, title }) =>
              html`<button aria-pressed=${this.by === by} @click=${() => this.choose(by)}>${title}</button>`,
          )}
        </div>
        <span title=${exactBytes(whole)}>${plural(alive, 'buffer')} ${now}, <span class="number">${bytes(whole)}</span></span>
        <span class="told">${growing === 0 ? 'no group grows' : `${plural(growing, 'group grows', 'groups grow')}`}</span>
      </div>
      ${
        growth.groups.length === 0
          ? html`<p class="none">
              ${session.filter ? `No buffer that matches the filter is ${now === 'alive now' ? now : 'alive at the end'}.` : 'Every buffer was released: nothing leaks.'}
              ${session.filter ? html`<button class="button small" @click=${() => session.setFilter('')}>Clear filter</button>` : nothing}
            </p>`
          : html`<table aria-label="Groups of buffers ${now}">
              <thead>
                <tr>
                  <th scope="col" class="name">${this.by}</th>
                  <th scope="col" class="right">alive</th>
                  <th scope="col" class="right more">of its own</th>
                  <th scope="col" class="right">bytes</th>
                  <th scope="col" class="right more">of all alive</th>
                  <th scope="col" title="The fewest of the group that lived at any moment of each 32nd of the trace">lowest number alive</th>
                  <th scope="col">verdict</th>
                </tr>
              </thead>
              <tbody>
                ${growth.groups.map((group) => this.renderGroup(session, group, whole))}
              </tbody>
            </table>`
      }
      ${growth.allGroups > growth.groups.length ? html`<p class="none">The ${count(growth.groups.length)} largest of ${plural(growth.allGroups, 'group')}.</p>` : nothing}
    `;
  }
}
