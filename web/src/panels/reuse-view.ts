// What could be reused: the peak as it was against a plan for the same lifetimes, and who could have shared.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { BriefRow, Reuse } from '../engine/protocol.js';
import { bytes, count, exactBytes, label, percent, plural } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import { Pace } from '../store/pace.js';
import type { Session, Trace } from '../store/session.js';
import { answers, base, controls, tables } from '../styles.js';

type Figure = 'actual' | 'planned' | 'least';
const FIGURES: { figure: Figure; title: string; hint: string }[] = [
  { figure: 'actual', title: 'reserved at peak', hint: 'The most that was reserved in this run.' },
  {
    figure: 'planned',
    title: 'planned',
    hint: 'The height of a plan that knows all lifetimes beforehand (best fit, offline).',
  },
  { figure: 'least', title: 'least possible', hint: 'The most that lived at once: no plan is lower.' },
];
/** A plan of a growing trace is made anew each time. */
const LIVE_PACE_MS = 2000;

@customElement('reuse-view')
export class ReuseView extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private reuse: Reuse | null = null;
  /** Of the plan under way, from 0 to 1; null: none is. */
  @state() private share: number | null = null;
  /** The trace that the plan is of; one that runs stays the same as it grows. */
  private planned: Trace | null = null;
  private readonly asked = new Latest<Reuse>();

  constructor() {
    super();
    const pace = new Pace(() => void this.load(), LIVE_PACE_MS);
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
  }

  static override styles = [
    base,
    controls,
    tables,
    answers,
    css`
      .figures {
        padding: var(--gap-2) var(--gap-3) var(--gap-3);
        border-bottom: 1px solid var(--line);
      }
      .figures table {
        max-width: 720px;
      }
      .figures th,
      .figures td {
        border: 0;
        padding-left: 0;
        padding-right: var(--gap-3);
      }
      .bar {
        width: 100%;
      }
      .bar i {
        display: block;
        height: 12px;
        min-width: 1px;
        background: var(--live);
      }
      .actual .bar i {
        background: var(--reserved);
      }
      .pair .name {
        width: 50%;
      }
    `,
  ];

  override firstUpdated(): void {
    void this.load();
  }

  private async load(): Promise<void> {
    const { session } = this;
    if (!session?.trace || session.trace.preview) return;
    if (session.trace !== this.planned) this.reuse = null;
    this.planned = session.trace;
    this.share = 0;
    const plan = () => session.engine.reuse((share) => (this.share = share));
    const answer = await session.track(this.asked.ask(plan));
    this.share = null;
    if (answer) this.reuse = answer;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.session?.engine.cancelReuse();
  }

  private renderPlanning(session: Session) {
    if (this.share === null)
      return html`<div class="above">
        <span class="told">The plan was cancelled.</span>
        <button class="button small" @click=${() => void this.load()}>Go on</button>
      </div>`;
    return html`<div class="above">
      <label class="told">planning <progress .value=${this.share}></progress></label>
      <span class="number told">${percent(Math.round(this.share * 100), 100)}</span>
      <button class="button small" @click=${() => session.engine.cancelReuse()}>Cancel</button>
    </div>`;
  }

  private renderFigures(reuse: Reuse) {
    const most = Math.max(1, reuse.actual, reuse.planned);
    return html`<div class="figures">
      <table aria-label="The peak as it was and as planned">
        <tbody>
          ${FIGURES.map(
            ({ figure, title, hint }) => html`<tr class=${figure} title=${hint}>
              <th scope="row">${title}</th>
              <td class="number right" title=${exactBytes(reuse[figure])}>${bytes(reuse[figure])}</td>
              <td class="bar" aria-hidden="true"><i .style=${`width: ${(100 * reuse[figure]) / most}%`}></i></td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  private renderBuffer({ row, idText, label: name, size }: BriefRow) {
    return html`<button title="${label(name, 400) || '(none)'}, id ${idText}, ${exactBytes(size)}" @click=${() => void this.session?.select(row)}>
      ${label(name) || `buffer ${idText}`} <span class="share number">${bytes(size)}</span>
    </button>`;
  }

  private renderPairs(reuse: Reuse) {
    if (!reuse.hasAddresses)
      return html`<p class="none">The trace tells of no addresses: who shared memory is not known, so no pairs are listed.</p>`;
    if (reuse.pairs.length === 0)
      return html`<p class="none">Wherever the plan gives a buffer the place of an earlier one, the run did so too.</p>`;
    return html`<table class="pair" aria-label="Buffers that could have shared memory">
        <thead>
          <tr>
            <th scope="col" class="right">bytes</th>
            <th scope="col" class="name">the place of</th>
            <th scope="col" class="name">could have been taken by</th>
          </tr>
        </thead>
        <tbody>
          ${reuse.pairs.map(
            ({ bytes: shared, first, second }) => html`<tr class="pick">
              <td class="number right" title=${exactBytes(shared)}>${bytes(shared)}</td>
              <td class="name">${this.renderBuffer(first)}</td>
              <td class="name">${this.renderBuffer(second)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      ${reuse.allPairs > reuse.pairs.length ? html`<p class="none">The ${count(reuse.pairs.length)} largest of ${plural(reuse.allPairs, 'pair')}.</p>` : nothing}`;
  }

  override render() {
    const { session, reuse } = this;
    if (!session?.trace) return nothing;
    if (!reuse) return this.renderPlanning(session);
    return html`<div class="above">
        <span
          >A plan would save <b class="number saved" title=${exactBytes(reuse.saved)}>${bytes(reuse.saved)}</b>, ${percent(reuse.saved, reuse.actual)} of what was
          reserved.</span
        >
      </div>
      ${this.renderFigures(reuse)} ${this.renderPairs(reuse)}`;
  }
}
