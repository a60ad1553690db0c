// Where the bytes come from: names and stacks cut into frames, each as wide as what it holds.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { FlameBy, FlameMeasure, FlameNode } from '../engine/protocol.js';
import { bytes, count, exactBytes, label, percent, plural } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { answers, base, controls, tables } from '../styles.js';
import { containing } from '../terms.js';

const ROW = 22;
const LISTED = 300;
/** A site is a stack as far as the trace tells it. */
const BY: { by: FlameBy; title: string }[] = [
  { by: 'label', title: 'label' },
  { by: 'site', title: 'stack' },
];
const MEASURES: { measure: FlameMeasure; title: string; hint: string }[] = [
  { measure: 'live', title: 'live', hint: 'What lived at the pinned moment, or at the peak' },
  { measure: 'allocated', title: 'allocated', hint: 'What was allocated in the visible range' },
  { measure: 'kept', title: 'never freed', hint: 'What was allocated in the visible range and never freed' },
];
const HUES = 6;

interface Shown {
  node: FlameNode;
  /** Levels below the root. */
  level: number;
  /** Which of the frames below the root it stands in: its colour. */
  hue: number;
}

@customElement('flame-view')
export class FlameView extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private shown: Shown[] = [];
  @state() private active = 0;
  @query('.flames') private flames!: HTMLElement | null;
  private readonly asked = new Latest<FlameNode[]>();
  private readonly resized = new ResizeObserver(() => void this.load());

  constructor() {
    super();
    const pace = new Pace(() => void this.load());
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
    new Follows(this, ['view', 'filter', 'moment', 'flame'], () => void this.load());
  }

  static override styles = [
    base,
    controls,
    tables,
    answers,
    css`
      .flames {
        position: relative;
        margin: var(--gap-2) var(--gap-3);
        overflow: hidden;
      }
      .frame {
        position: absolute;
        height: ${ROW - 2}px;
        padding: 0 var(--gap-1);
        overflow: hidden;
        line-height: ${ROW - 2}px;
        white-space: nowrap;
        border-left: 1px solid var(--ground);
        color: var(--ink);
        background: color-mix(in srgb, var(--hue) 36%, var(--ground));
      }
      .frame:hover,
      .frame:focus-visible {
        background: color-mix(in srgb, var(--hue) 60%, var(--ground));
      }
      .frame.thin {
        padding: 0;
      }
      .frame.root,
      .frame.others {
        --hue: var(--cached);
      }
      .hue0 {
        --hue: #4477aa;
      }
      .hue1 {
        --hue: #66ccee;
      }
      .hue2 {
        --hue: #228833;
      }
      .hue3 {
        --hue: #ccbb44;
      }
      .hue4 {
        --hue: #ee6677;
      }
      .hue5 {
        --hue: #aa3377;
      }
      .where {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
        min-height: 28px;
        padding: 0 var(--gap-3);
        border-bottom: 1px solid var(--line);
      }
      .where .text {
        flex: 1;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
    `,
  ];

  override firstUpdated(): void {
    this.resized.observe(this);
    void this.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
  }

  /** The moment that "live" is about. */
  private event(session: Session): number {
    return session.moment?.event ?? session.trace?.summary.max_live_event ?? 0;
  }

  private async load(): Promise<void> {
    const { session } = this;
    if (!session?.trace || this.clientWidth === 0) return;
    const { axis, filter, engine, flame } = session;
    const { t0, t1 } = session.view;
    const query = {
      by: flame.by,
      measure: flame.measure,
      root: { text: flame.text, depth: flame.depth },
      event: this.event(session),
      axis,
      t0,
      t1,
      leastShare: 1 / this.clientWidth,
      filter,
    };
    const nodes = await session.track(this.asked.ask(() => engine.flame(query)));
    if (!nodes) return;
    this.shown = placed(nodes);
    this.active = Math.min(this.active, nodes.length - 1);
  }

  /** Looks into a frame; merged ones have no inside. */
  private enter({ node }: Shown): void {
    if (node.merged > 0) return;
    this.active = 0;
    this.session?.setFlame({ text: node.text, depth: node.depth });
    void this.updateComplete.then(() => this.focusActive());
  }

  private focusActive(): void {
    this.flames?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const { session, shown } = this;
    const now = shown[this.active];
    if (!session || !now) return;
    let next = -1;
    if (event.key === 'ArrowUp') next = now.node.parent ?? -1;
    else if (event.key === 'ArrowDown') next = shown.findIndex(({ node }) => node.parent === this.active);
    else if (event.key === 'ArrowRight' && shown[this.active + 1]?.level === now.level) next = this.active + 1;
    else if (event.key === 'ArrowLeft' && shown[this.active - 1]?.level === now.level) next = this.active - 1;
    else if (event.key === 'Backspace') this.out(session);
    else if (!event.key.startsWith('Arrow')) return;
    if (next >= 0) {
      this.active = next;
      void this.updateComplete.then(() => this.focusActive());
    }
    event.preventDefault();
    event.stopPropagation();
  };

  private out(session: Session): void {
    session.setFlame({ depth: Math.max(0, session.flame.depth - 1) });
  }

  private nameOf({ node }: Shown): string {
    if (node.merged > 0) return `${plural(node.merged, 'narrow frame')}`;
    if (node.depth === 0) return 'all';
    return label(node.name) || '(none)';
  }

  private told(shown: Shown): string {
    const all = this.shown[0]!.node.bytes;
    const { node } = shown;
    const name = node.merged > 0 || node.depth === 0 ? this.nameOf(shown) : label(node.name, 400) || '(none)';
    return `${name}: ${exactBytes(node.bytes)}, ${percent(node.bytes, all)}, ${plural(node.buffers, 'buffer')}`;
  }

  private renderFrame(shown: Shown, index: number) {
    const { node, level, hue } = shown;
    const all = Math.max(1, this.shown[0]!.node.bytes);
    const width = (100 * node.bytes) / all;
    const kind = index === 0 ? 'root' : node.merged > 0 ? 'others' : `hue${hue % HUES}`;
    return html`<button
      class="frame ${kind} ${width < 1 ? 'thin' : ''}"
      aria-label=${this.told(shown)}
      title=${this.told(shown)}
      tabindex=${index === this.active ? 0 : -1}
      .style=${`left: ${(100 * node.start) / all}%; width: ${index === 0 ? 100 : width}%; top: ${level * ROW}px`}
      @focus=${() => (this.active = index)}
      @click=${() => this.enter(shown)}
    >
      ${width < 1 ? nothing : shortened(this.nameOf(shown))}
    </button>`;
  }

  private renderTable() {
    const all = this.shown[0]!.node.bytes;
    const rows = inDepth(this.shown);
    return html`<table aria-label="Frames">
        <thead>
          <tr>
            <th scope="col" class="name">frame</th>
            <th scope="col" class="right">bytes</th>
            <th scope="col" class="right">share</th>
            <th scope="col" class="right">ends here</th>
            <th scope="col" class="right">buffers</th>
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, LISTED).map(
            (shown) => html`<tr class="pick">
              <td class="name" .style=${`padding-left: ${12 + 12 * Math.min(shown.level, 20)}px`}>
                <button ?disabled=${shown.node.merged > 0} title="Look into it" @click=${() => this.enter(shown)}>${this.nameOf(shown)}</button>
              </td>
              <td class="number right" title=${exactBytes(shown.node.bytes)}>${bytes(shown.node.bytes)}</td>
              <td class="number right share">${percent(shown.node.bytes, all)}</td>
              <td class="number right share" title=${exactBytes(shown.node.selfBytes)}>${bytes(shown.node.selfBytes)}</td>
              <td class="number right">${count(shown.node.buffers)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      ${rows.length > LISTED ? html`<p class="none">The first ${count(LISTED)} of ${count(rows.length)} frames: look into one for what is within it.</p>` : nothing}`;
  }

  private renderControls(session: Session) {
    const { flame } = session;
    return html`<div class="above">
      <div class="segmented small" role="group" aria-label="Frames from">
        ${BY.map(({ by, title }) => html`<button aria-pressed=${flame.by === by} @click=${() => session.setFlame({ by, text: 0, depth: 0 })}>${title}</button>`)}
      </div>
      <div class="segmented small" role="group" aria-label="Measure">
        ${MEASURES.map(
          ({ measure, title, hint }) =>
            html`<button title=${hint} aria-pressed=${flame.measure === measure} @click=${() => session.setFlame({ measure })}>${title}</button>`,
        )}
      </div>
      <span class="told">${this.range(session)}</span>
    </div>`;
  }

  private range(session: Session): string {
    if (session.flame.measure === 'live')
      return `${session.moment ? 'at the pinned moment' : 'at the peak'}, event ${count(this.event(session))}`;
    return session.isFit() || session.trace === null ? 'over all of the trace' : 'in the visible range';
  }

  private renderWhere(session: Session, root: Shown) {
    const inside = session.flame.depth > 0;
    const terms = inside ? containing(session.flame.by, root.node.name) : [];
    return html`<div class="where">
      <span class="text">
        ${inside ? html`<b>${this.nameOf(root)}</b> ` : nothing}<span class="number total" title=${exactBytes(root.node.bytes)}>${bytes(root.node.bytes)}</span>
        in ${plural(root.node.buffers, 'buffer')}
      </span>
      ${
        inside
          ? html`<button class="button small" ?disabled=${terms.length === 0} aria-pressed=${session.hasTerms(terms)} @click=${() => session.toggleTerms(terms)}>Filter</button>
              <button class="button small" title="One frame out (Backspace)" @click=${() => this.out(session)}>Out</button>
              <button class="button small" @click=${() => session.setFlame({ text: 0, depth: 0 })}>All</button>`
          : nothing
      }
    </div>`;
  }

  override render() {
    const { session, shown } = this;
    const [root] = shown;
    if (!session?.trace) return nothing;
    if (!root) return this.renderControls(session);
    const levels = Math.max(...shown.map(({ level }) => level)) + 1;
    return html`${this.renderControls(session)} ${this.renderWhere(session, root)}
      <div
        class="flames"
        role="group"
        aria-label="Flame graph: arrow keys walk, Enter looks into a frame, Backspace leads out"
        .style=${`height: ${levels * ROW}px`}
        @keydown=${this.onKey}
      >
        ${shown.map((frame, index) => this.renderFrame(frame, index))}
      </div>
      ${root.node.buffers === 0 ? html`<p class="none">Nothing here: choose another measure or a wider range.</p>` : this.renderTable()}`;
  }
}

/** "/home/ada/train.py:12 train" → "train.py:12 train": in a narrow frame the path would be all there is to see. */
const shortened = (name: string): string => name.replace(/^\S*[\\/](?=[^\\/]*:\d+ )/, '');

function placed(nodes: FlameNode[]): Shown[] {
  const shown: Shown[] = [];
  let beside = 0;
  for (const node of nodes) {
    const around = node.parent === null ? undefined : shown[node.parent];
    const level = around ? around.level + 1 : 0;
    shown.push({ node, level, hue: level === 1 ? beside++ : (around?.hue ?? 0) });
  }
  return shown;
}

/** Each frame followed by what is within it. */
function inDepth(shown: Shown[]): Shown[] {
  const within = new Map<number, number[]>();
  for (const [index, { node }] of shown.entries()) {
    if (node.parent === null) continue;
    const list = within.get(node.parent);
    if (list) list.push(index);
    else within.set(node.parent, [index]);
  }
  const rows: Shown[] = [];
  const waiting = [0];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    rows.push(shown[index]!);
    waiting.push(...(within.get(index) ?? []).reverse());
  }
  return rows;
}
