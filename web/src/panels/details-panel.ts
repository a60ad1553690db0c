// Everything about the selected buffer.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { RowDetails } from '../engine/protocol.js';
import { bytes, count, exactBytes, label, plural, time } from '../format.js';
import { Follows } from '../store/controller.js';
import type { Session } from '../store/session.js';
import { answer, base, controls } from '../styles.js';

const SHOWN_USES = 50;
const SHOWN_FRAMES = 20;
const PLACES = { cache: 'the cache', arena: 'the arena', source: 'the system' } as const;
const CAUSES = {
  dispose: 'disposed by hand',
  finalized: 'dropped, found by the garbage collector',
  collected: 'part of an unreachable cycle',
  closed: 'its manager was closed',
} as const;
const ACCESS = { read: 'r', write: 'w', read_write: 'rw' } as const;

@customElement('details-panel')
export class DetailsPanel extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private allUses = false;
  @state() private allMoves = false;
  @state() private allFrames = false;

  constructor() {
    super();
    new Follows(this, ['selection', 'trace', 'layout']);
  }

  static override styles = [
    base,
    controls,
    answer,
    css`
      .empty {
        padding: var(--gap-3);
        color: var(--ink-2);
      }
      .empty p + p {
        margin-top: var(--gap-2);
      }
      h2 {
        max-height: 80px;
        overflow: auto;
        overflow-wrap: anywhere;
      }
      .back {
        padding: var(--gap-1) var(--gap-3) 0;
      }
      .big {
        padding: var(--gap-2) var(--gap-3);
        border-bottom: 1px solid var(--line);
      }
      .big {
        display: flex;
        align-items: center;
        justify-content: space-between;
      }
      .big .number {
        font-family: var(--sans);
        font-size: var(--type-4);
        line-height: 24px;
      }
      .mono {
        font-family: var(--mono);
      }
      .alive {
        color: var(--bad);
      }
      .link {
        text-decoration: underline;
        text-underline-offset: 2px;
      }
      .link:hover {
        background: var(--hover);
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .stack ol {
        margin: 0;
        padding-left: 24px;
        overflow-wrap: anywhere;
      }
      .stack li {
        color: var(--ink-2);
      }
      .stack li[aria-current] {
        color: var(--ink);
        font-weight: 600;
      }
      .use {
        display: grid;
        grid-template-columns: 64px 24px minmax(0, 1fr);
        gap: var(--gap-2);
        width: 100%;
        line-height: 20px;
      }
      .use:hover {
        background: var(--hover);
      }
      .use .number {
        text-align: right;
      }
      .move {
        display: grid;
        grid-template-columns: 64px minmax(0, 1fr);
        gap: var(--gap-2);
        width: 100%;
        line-height: 20px;
      }
      .move:hover {
        background: var(--hover);
      }
      .move .number {
        text-align: right;
      }
      .use .kernel {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
    `,
  ];

  private pair(name: string, value: unknown, title = '') {
    return value === '' || value === null || value === undefined
      ? nothing
      : html`<dt>${name}</dt><dd title=${title || nothing}>${value}</dd>`;
  }

  private rowLink(row: number | null, text: string) {
    return row === null
      ? nothing
      : html`<button class="link" @click=${() => void this.session?.select(row, true)}>${text}</button>`;
  }

  private eventLink(event: number, timeNs: number) {
    return html`<button class="link number" title="Show this event" @click=${() => void this.session?.goToEvent(event)}>${count(event)}</button>
      <span class="muted">at</span> <span class="number">${time(timeNs)}</span>`;
  }

  private renderMemory(row: RowDetails) {
    const capacity =
      row.capacity > 0 && row.capacity !== row.size
        ? `${bytes(row.capacity)} (${bytes(row.capacity - row.size)} lost to rounding)`
        : '';
    return html`<section>
      <h3>Memory</h3>
      <dl>
        ${this.pair('exact', html`<span class="number">${exactBytes(row.size)}</span>`)}
        ${this.pair('block', capacity, exactBytes(row.capacity))}
        ${this.pair('type', label(row.dtype, 400))} ${this.pair('shape', label(row.shape, 400))}
        ${this.pair('address', row.address ? html`<span class="mono">${row.address}</span>` : '')}
        ${this.pair('from', row.servedBy ? PLACES[row.servedBy] : '')} ${this.pair('back to', row.freedTo ? PLACES[row.freedTo] : '')}
      </dl>
      ${
        row.previousAtAddress !== null || row.nextAtAddress !== null
          ? html`<div class="row">
              ${this.rowLink(row.previousAtAddress, '[ previous here')} ${this.rowLink(row.nextAtAddress, 'next here ]')}
            </div>`
          : nothing
      }
    </section>`;
  }

  /** What became of its block. */
  private reuse({ reuse, reusedBy, freeTimeNs, freedTo, address }: RowDetails) {
    if (freeTimeNs === null || address === null || freedTo === 'source') return '';
    if (!reuse) return html`<span class="muted">not within this trace</span>`;
    return html`${this.eventLink(reuse.event, reuse.timeNs)}, after ${time(reuse.timeNs - freeTimeNs)}: ${this.rowLink(reusedBy, 'by whom')}`;
  }

  private renderLife(row: RowDetails) {
    return html`<section>
      <h3>Life</h3>
      <dl>
        ${this.pair('born', this.eventLink(row.allocEvent, row.allocTimeNs))}
        ${this.pair('died', row.freeEvent === null || row.freeTimeNs === null ? html`<span class="alive">never released</span>` : this.eventLink(row.freeEvent, row.freeTimeNs))}
        ${this.pair('last used', row.lastUse && row.freeTimeNs !== null ? html`${this.eventLink(row.lastUse.event, row.lastUse.timeNs)}, ${time(row.freeTimeNs - row.lastUse.timeNs)} before that` : '')}
        ${this.pair('dropped', row.cause === 'finalized' || row.cause === 'collected' ? html`<span class="muted">not recorded${row.lastUse ? ': at its last use or later' : ''}</span>` : '')}
        ${this.pair('reused', this.reuse(row))}
        ${this.pair('lifetime', html`<span class="number">${time(row.lifetimeNs)}</span>, ${plural(row.lifetimeEvents, 'event')}`)}
        ${this.pair('cause', row.cause ? CAUSES[row.cause] : '')} ${this.pair('site', row.site ? html`<span class="mono">${label(row.site, 2000)}</span>` : '')}
        ${this.pair('thread', label(row.thread, 400))} ${this.pair('id', html`<span class="number">${row.idText}</span>`)}
        ${this.pair('kind', row.kind === 'owned' ? '' : row.kind)}
        ${this.pair('base', row.baseRow === null ? '' : this.rowLink(row.baseRow, 'the buffer that it views'))}
      </dl>
    </section>`;
  }

  private renderStack({ stack, site }: RowDetails) {
    if (stack.length === 0) return nothing;
    const shown = this.allFrames ? stack : stack.slice(0, SHOWN_FRAMES);
    return html`<section class="stack">
      <h3>Stack <span class="caption">innermost first</span></h3>
      <ol class="mono">
        ${shown.map((frame) => html`<li aria-current=${frame === site ? 'true' : nothing}>${label(frame, 600)}</li>`)}
      </ol>
      ${stack.length > shown.length ? html`<button class="link" @click=${() => (this.allFrames = true)}>show ${count(stack.length)}</button>` : nothing}
    </section>`;
  }

  private renderRelations(row: RowDetails) {
    if (row.views.length === 0 && row.links.length === 0) return nothing;
    return html`<section>
      ${row.views.length > 0 ? html`<h3>Views <span class="caption">${count(row.views.length)}</span></h3>` : nothing}
      <div class="row">${row.views.slice(0, SHOWN_USES).map((view) => this.rowLink(view, `view ${count(view)}`))}</div>
      ${row.links.length > 0 ? html`<h3>Edges <span class="caption">${count(row.links.length)}</span></h3>` : nothing}
      <div class="row">${row.links.slice(0, SHOWN_USES).map((link) => this.rowLink(link.row, `${link.direction} ${count(link.row)}`))}</div>
    </section>`;
  }

  private renderMoves(row: RowDetails) {
    if (row.moves.length === 0) return nothing;
    const shown = this.allMoves ? row.moves : row.moves.slice(0, SHOWN_USES);
    return html`<section class="moves">
      <h3>Moved <span class="caption">${count(row.moves.length)}</span></h3>
      <ul>
        ${shown.map(
          (move) => html`<li>
            <button class="move" title="from ${move.from} to ${move.to}, ${time(move.timeNs)}" @click=${() => void this.session?.goToEvent(move.event)}>
              <span class="number">${count(move.event)}</span><span><span class="muted">to</span> <span class="mono">${move.to}</span></span>
            </button>
          </li>`,
        )}
      </ul>
      ${row.moves.length > shown.length ? html`<button class="link" @click=${() => (this.allMoves = true)}>show ${count(row.moves.length)}</button>` : nothing}
    </section>`;
  }

  private renderUses(row: RowDetails) {
    if (row.uses.length === 0) return nothing;
    const shown = this.allUses ? row.uses : row.uses.slice(0, SHOWN_USES);
    return html`<section>
      <h3>Used by kernels <span class="caption">${count(row.useCount)}</span></h3>
      <ul>
        ${shown.map(
          (use) => html`<li>
            <button class="use" title="${label(use.kernel, 400)}, ${time(use.timeNs)}" @click=${() => void this.session?.goToEvent(use.event)}>
              <span class="number">${count(use.event)}</span><span class="number muted">${ACCESS[use.access]}</span><span class="kernel">${label(use.kernel)}</span>
            </button>
          </li>`,
        )}
      </ul>
      ${row.uses.length > shown.length ? html`<button class="link" @click=${() => (this.allUses = true)}>show ${count(row.uses.length)}</button>` : nothing}
      ${row.useCount > row.uses.length ? html`<p class="caption">The first ${count(row.uses.length)} of ${count(row.useCount)}.</p>` : nothing}
    </section>`;
  }

  private renderEmpty(session: Session) {
    if (!session.trace)
      return html`<div class="empty">${session.mode === 'lab' ? nothing : html`<p>Details of a selected buffer stand here.</p>`}</div>`;
    const leaks = session.trace.summary.alive_at_end_buffers;
    return html`<div class="empty">
      <p>Click a buffer in the picture or a row of the table: where it came from, who used it, why it ended.</p>
      <div class="row">
        <button class="button" @click=${() => void session.goToPeak()}>Go to the peak <kbd>P</kbd></button>
        ${leaks > 0 ? html`<button class="button" @click=${() => void session.selectNextLeak()}>First one alive at the end <kbd>L</kbd></button>` : nothing}
      </div>
    </div>`;
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    const row = session.details;
    if (!row || session.selectedRow === null) return this.renderEmpty(session);
    return html`
      <header>
        <h2>${label(row.label, 600) || `Buffer ${row.idText}`}</h2>
        <button class="button small" title="Let go (Esc)" @click=${() => void session.select(null)}>Close</button>
      </header>
      ${
        session.moment || session.area.now
          ? html`<button class="link back" @click=${() => void session.select(null)}>← ${session.area.now ? 'the area' : `at event ${count(session.moment!.event)}`}</button>`
          : nothing
      }
      <div class="big">
        <span class="number" title=${exactBytes(row.size)}>${bytes(row.size)}</span>
        <button class="button small" @click=${() => void session.reveal(row.row)}>Show</button>
      </div>
      ${this.renderMemory(row)} ${this.renderMoves(row)} ${this.renderLife(row)} ${this.renderStack(row)} ${this.renderRelations(row)} ${this.renderUses(row)}
    `;
  }
}
