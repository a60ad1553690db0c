// The live figures: the package's own statistics, and what the lab measures about itself.
import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { bytes, count, exactBytes, percent } from '../format';
import { base } from '../styles';
import type { LabSession } from './lab-session';
import { labStyles } from './lab-styles';
import { Listens } from './listens';

@customElement('bufgc-lab-figures')
export class LabFigures extends LitElement {
  @property({ attribute: false }) session: LabSession | undefined;
  readonly #listens = new Listens(this, 120);

  static override styles = [
    base,
    labStyles,
    css`
      .apart {
        margin-top: var(--gap-2);
      }
    `,
  ];

  override willUpdate(): void {
    this.#listens.to(this.session);
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    const { stats, figures } = session;
    const of = (name: string) => stats[name] ?? 0;
    const budget = session.settings.budgetBytes;
    const width = (part: number) => Math.min(100, (100 * part) / Math.max(1, budget));
    const live = of('live_bytes');
    const cached = of('cached_bytes');
    const reserved = of('reserved_bytes');
    const size = (value: number) => html`<dd class="number" title=${exactBytes(value)}>${bytes(value)}</dd>`;
    const served = of('hits') + of('misses');
    return html`<section aria-labelledby="figures-title">
      <h2 id="figures-title">Memory, of ${bytes(budget)}</h2>
      <div
        class="bar"
        role="meter"
        aria-label="Reserved, of the budget"
        aria-valuemin="0"
        aria-valuemax=${budget}
        aria-valuenow=${reserved}
        aria-valuetext=${`${bytes(reserved)} of ${bytes(budget)}`}
      >
        <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
          ${svg`<rect class="reserved" width=${width(reserved)} height="1"></rect>
            <rect class="cached" width=${width(live + cached)} height="1"></rect>
            <rect class="live" width=${width(live)} height="1"></rect>`}
        </svg>
      </div>
      <dl class="figures">
        <dt><i class="swatch live"></i>Live</dt>
        ${size(live)}
        <dt><i class="swatch cached"></i>Cached</dt>
        ${size(cached)}
        <dt><i class="swatch reserved"></i>Reserved</dt>
        ${size(reserved)}
      </dl>
      <dl class="figures apart">
        <dt>Buffers alive</dt>
        <dd class="number">${count(of('live_buffers'))}</dd>
        <dt>Allocations</dt>
        <dd class="number">${count(of('allocations'))}</dd>
        <dt title=${`${count(of('hits'))} reused, ${count(of('misses'))} from the source`}>Reused</dt>
        <dd class="number" title=${`${count(of('hits'))} of ${count(served)}`}>${percent(of('hits'), served)}</dd>
        <dt>Reclaimed by GC</dt>
        <dd class="number" title=${exactBytes(figures.reclaimedByGcBytes)}>${count(figures.reclaimedByGc)}</dd>
        <dt>Steps</dt>
        <dd class="number">${count(figures.steps)}</dd>
        <dt>Steps a second</dt>
        <dd class="number">${session.running ? figures.stepsPerSecond.toFixed(1) : '–'}</dd>
        <dt title="Share of one core that goes into handing events to this page">Cost of watching</dt>
        <dd class="number">${session.settings.visualizer ? percent(figures.watchingShare, 1) : 'off'}</dd>
      </dl>
    </section>`;
  }
}
