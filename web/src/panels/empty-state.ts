// Nothing is open: what to do, with a sample one click away.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { type Sample, sampleFiles, samples } from '../samples.js';
import { Follows } from '../store/controller.js';
import type { Session } from '../store/session.js';
import { base, controls } from '../styles.js';

@customElement('empty-state')
export class EmptyState extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @property({ type: Boolean, attribute: 'lab-built' }) labBuilt = false;

  constructor() {
    super();
    new Follows(this, ['layout', 'loading']);
  }

  static override styles = [
    base,
    controls,
    css`
      :host {
        overflow: auto;
        display: grid;
        place-items: center;
        padding: var(--gap-6);
      }
      .card {
        width: min(560px, 100%);
      }
      h2 {
        font-size: var(--type-4);
        line-height: 28px;
        margin-bottom: var(--gap-2);
        text-wrap: balance;
      }
      p {
        font-size: var(--type-3);
        line-height: 20px;
        color: var(--ink-2);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--gap-2);
        margin: var(--gap-4) 0 var(--gap-6);
      }
      h3 {
        color: var(--ink-2);
        font-size: var(--type-1);
        margin-bottom: var(--gap-1);
      }
      .sample {
        display: grid;
        grid-template-columns: 136px 1fr auto;
        align-items: center;
        gap: var(--gap-3);
        width: 100%;
        padding: var(--gap-2) var(--gap-2);
        border-top: 1px solid var(--line);
        line-height: 20px;
      }
      .sample:last-child {
        border-bottom: 1px solid var(--line);
      }
      .sample:hover {
        background: var(--hover);
      }
      @media (max-width: 860px) {
        :host {
          padding: var(--gap-4);
        }
        .sample {
          grid-template-columns: 1fr auto;
        }
        .sample .muted {
          grid-row: 2;
          grid-column: 1 / -1;
        }
      }
      .sample b {
        font-size: var(--type-3);
        font-weight: 600;
      }
    `,
  ];

  private openSample(sample: Sample): void {
    this.session?.open(sampleFiles(sample), sample.name).catch(() => undefined); // told in the notice
  }

  private renderLab() {
    return html`<div class="card">
      <h2>Watch buffers live and die</h2>
      <p>
        ${
          this.labBuilt
            ? 'Choose a workload on the left and press Start: every buffer that it allocates is drawn here, from allocation to release.'
            : 'This page was built without the live lab. Traces can still be opened.'
        }
      </p>
      <div class="actions">
        <button class="button" @click=${() => this.session?.setMode('trace')}>Open a trace instead</button>
      </div>
    </div>`;
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    if (session.loading) return nothing;
    if (session.mode === 'lab') return this.renderLab();
    const all = samples();
    return html`<div class="card">
      <h2>What leaks, what made the peak, what could be reused?</h2>
      <p>Drop a trace of buffer allocations anywhere on this page. It reads .ndjson, .bufgc, .csv and PyTorch memory snapshots (.pickle), also packed with gzip, and nothing leaves this computer.</p>
      <div class="actions">
        <button class="button primary" @click=${() => this.dispatchEvent(new CustomEvent('choose-files', { bubbles: true, composed: true }))}>Open a trace…</button>
        ${this.labBuilt ? html`<button class="button" @click=${() => session.setMode('lab')}>Watch a live run</button>` : nothing}
      </div>
      ${
        all.length > 0
          ? html`<h3>Try a sample</h3>
              ${all.map(
                (
                  sample,
                ) => html`<button class="sample" data-sample=${sample.name} @click=${() => this.openSample(sample)}>
                  <b>${sample.title}</b><span class="muted">${sample.description}</span><span aria-hidden="true">Open</span>
                </button>`,
              )}`
          : nothing
      }
    </div>`;
  }
}
