// What went wrong, or what is under way: one line each, always at the same place.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { bytes, count } from '../format.js';
import { Follows } from '../store/controller.js';
import type { Loading, Session } from '../store/session.js';
import { base, controls } from '../styles.js';

/** "about 3 s left", once there is something to judge by. */
function timeLeft({ bytes: done, totalBytes, startedAt }: Loading): string {
  const elapsed = (performance.now() - startedAt) / 1000;
  if (!totalBytes || done <= 0 || elapsed < 0.5) return '';
  const left = Math.ceil((elapsed * (totalBytes - done)) / done);
  return left > 90 ? `about ${Math.ceil(left / 60)} min left` : `about ${left} s left`;
}

@customElement('notice-bar')
export class NoticeBar extends LitElement {
  @property({ attribute: false }) session: Session | undefined;

  constructor() {
    super();
    new Follows(this, ['loading', 'notice']);
  }

  static override styles = [
    base,
    controls,
    css`
      .line {
        display: flex;
        align-items: center;
        gap: var(--gap-3);
        min-height: 36px;
        padding: var(--gap-1) var(--gap-3);
        border-bottom: 1px solid var(--line);
        background: var(--surface);
      }
      .error {
        border-left: 4px solid var(--bad);
        padding-left: var(--gap-2);
      }
      .what {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .detail {
        display: block;
        color: var(--ink-2);
        white-space: pre-wrap;
      }
      .error .detail {
        color: var(--ink);
        font-family: var(--mono);
      }
      strong {
        font-weight: 600;
      }
      progress {
        appearance: none;
        width: 160px;
        height: 4px;
        border: 0;
        background: var(--line);
      }
      progress::-webkit-progress-bar {
        background: var(--line);
      }
      progress::-webkit-progress-value {
        background: var(--ink);
      }
      progress::-moz-progress-bar {
        background: var(--ink);
      }
      .figure {
        min-width: 96px;
        text-align: right;
      }
    `,
  ];

  private renderLoading(loading: Loading) {
    const { name, bytes: done, totalBytes, events } = loading;
    const share = totalBytes ? Math.min(1, done / totalBytes) : undefined;
    return html`<div class="line" role="status">
      <span class="what">Reading <strong>${name}</strong></span>
      <span class="number figure">${count(events)} events</span>
      <span class="number figure">${bytes(done)}${totalBytes ? html` of ${bytes(totalBytes)}` : nothing}</span>
      <progress aria-label="Read so far" .value=${share ?? 0} max="1"></progress>
      <span class="muted figure">${timeLeft(loading)}</span>
      <button class="button small" @click=${() => this.cancel()}>Cancel</button>
    </div>`;
  }

  private renderWriting(session: Session, { rows, allRows }: { rows: number; allRows: number }) {
    return html`<div class="line" role="status">
      <span class="what">Writing <strong>buffers.csv</strong></span>
      <span class="number figure">${count(rows)} of ${count(allRows)} buffers</span>
      <progress aria-label="Written so far" .value=${rows} .max=${allRows}></progress>
      <button class="button small" @click=${() => session.writing.cancel()}>Cancel</button>
    </div>`;
  }

  private cancel(): void {
    const { session } = this;
    if (session?.loading) session.cancelOpen();
    else session?.comparison.close();
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    const loading = session.loading ?? session.comparison.loading;
    if (loading) return this.renderLoading(loading);
    if (session.writing.progress) return this.renderWriting(session, session.writing.progress);
    const { notice } = session;
    if (!notice) return nothing;
    return html`<div class="line ${notice.kind}" role=${notice.kind === 'error' ? 'alert' : 'status'}>
      <span class="what"><strong>${notice.title}</strong><span class="detail">${notice.detail}</span></span>
      <button class="button small" @click=${() => session.dismiss()}>Dismiss</button>
    </div>`;
  }
}
