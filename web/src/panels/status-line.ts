// One line at the bottom: where the pointer is, how much is drawn, what is missing from the picture.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { bytes, count, exactBytes, time } from '../format.js';
import { Follows } from '../store/controller.js';
import type { Session } from '../store/session.js';
import { base } from '../styles.js';

@customElement('status-line')
export class StatusLine extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @property({ attribute: false }) labStatus = '';

  constructor() {
    super();
    new Follows(this, ['cursor', 'trace', 'filter', 'layout']);
  }

  static override styles = [
    base,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: var(--gap-4);
        padding: 0 var(--gap-3);
        border-top: 1px solid var(--line);
        background: var(--surface);
        font-size: var(--type-1);
        overflow: hidden;
        white-space: nowrap;
      }
      .pair {
        display: inline-flex;
        gap: 6px;
      }
      .pair span:last-child {
        color: var(--ink);
      }
      .pair,
      .state {
        color: var(--ink-2);
      }
      .event span:last-child {
        min-width: 64px;
      }
      .time span:last-child {
        min-width: 64px;
      }
      .address span:last-child,
      .live span:last-child,
      .cached span:last-child {
        min-width: 72px;
      }
      .space {
        flex: 1;
      }
      .told {
        color: var(--warn);
      }
      @media (max-width: 860px) {
        .time,
        .cached,
        .address {
          display: none;
        }
      }
    `,
  ];

  private pair(kind: string, name: string, value: string, title = '') {
    return html`<span class="pair ${kind}" title=${title || nothing}><span>${name}</span><span class="number">${value}</span></span>`;
  }

  private renderMissing(session: Session) {
    const summary = session.trace?.summary;
    if (!summary) return nothing;
    const told: string[] = [];
    if (summary.skipped_events > 0) told.push(`${count(summary.skipped_events)} events skipped`);
    if (summary.folded_events > 0) told.push(`${count(summary.folded_events)} older events folded into totals`);
    return told.length > 0 ? html`<span class="told">${told.join(' · ')}</span>` : nothing;
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    const { cursor, trace } = session;
    if (!trace)
      return html`<span class="state">Nothing open</span><span class="space"></span><span class="state">${this.labStatus}</span>`;
    const total = trace.summary.buffers;
    const drawn = session.matched && session.filter ? session.matched.rows : total;
    return html`
      ${this.pair('event', 'event', cursor ? count(cursor.event) : '–')}
      ${this.pair('time', 'time', cursor ? time(cursor.timeNs) : '–')}
      ${this.pair('address', session.layout === 'address' && trace.summary.has_addresses ? 'address offset' : 'offset', cursor?.y != null ? bytes(cursor.y) : '–', cursor?.y != null ? exactBytes(cursor.y) : '')}
      ${this.pair('live', 'live', cursor?.level ? bytes(cursor.level.liveBytes) : '–', cursor?.level ? exactBytes(cursor.level.liveBytes) : '')}
      ${this.pair('cached', 'cached', cursor?.level ? bytes(cursor.level.cachedBytes) : '–')}
      <span class="space"></span>
      ${this.labStatus ? html`<span class="state">${this.labStatus}</span>` : nothing}
      ${this.renderMissing(session)}
      <span class="state drawn"><span class="number">${count(drawn)}</span> of <span class="number">${count(total)}</span> buffers drawn</span>
    `;
  }
}
