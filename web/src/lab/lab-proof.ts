// "Prove it": the same run with the visualizer off and on, side by side, and the verdict.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { bytes, count, exactBytes, time } from '../format';
import { base, controls } from '../styles';
import type { LabSession } from './lab-session';
import { labStyles } from './lab-styles';
import { Listens } from './listens';
import type { ProofResult } from './protocol';

const SHOWN: readonly { name: string; label: string; size?: boolean }[] = [
  { name: 'allocations', label: 'Allocations' },
  { name: 'frees', label: 'Frees' },
  { name: 'hits', label: 'Reused' },
  { name: 'misses', label: 'From source' },
  { name: 'splits', label: 'Splits' },
  { name: 'merges', label: 'Merges' },
  { name: 'peak_live_bytes', label: 'Peak live', size: true },
  { name: 'peak_reserved_bytes', label: 'Peak reserved', size: true },
];
/** Where the engine's GC picks the moment, these depend on the moment and prove nothing. */
const BY_MOMENT = new Set(['hits', 'misses', 'splits', 'merges', 'peak_live_bytes', 'peak_reserved_bytes']);

@customElement('bufgc-lab-proof')
export class LabProof extends LitElement {
  @property({ attribute: false }) session: LabSession | undefined;
  readonly #listens = new Listens(this, 60);

  static override styles = [
    base,
    controls,
    labStyles,
    css`
      .verdict + .note {
        margin-top: var(--gap-1);
      }
    `,
  ];

  override willUpdate(): void {
    this.#listens.to(this.session);
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    const progress = session.proofProgress;
    return html`<section aria-labelledby="proof-title">
      <h2 id="proof-title">Does watching change anything?</h2>
      ${
        progress
          ? html`<button class="button" @click=${() => session.stopProof()}>Stop</button>
              <progress aria-label="Steps of the proof" .value=${progress.done} max=${progress.steps}></progress>`
          : html`<button class="button" id="prove" ?disabled=${session.busy} @click=${() => session.prove()}>Prove it does not</button>`
      }
      <div aria-live="polite">${session.proof ? this.#renderResult(session.proof) : this.#renderPromise(progress !== null)}</div>
    </section>`;
  }

  #renderPromise(running: boolean) {
    return html`<p class="note">
      ${
        running
          ? 'Two fresh managers take the same steps in turn, one of them watched.'
          : 'Runs this workload twice from this seed, visualizer off and on, and compares what was released and in which order.'
      }
    </p>`;
  }

  #renderResult(proof: ProofResult) {
    const rows = proof.ordered ? SHOWN : SHOWN.filter(({ name }) => !BY_MOMENT.has(name));
    const row = (label: string, off: string, on: string, differs: boolean, title = '') =>
      html`<tr class=${differs ? 'differs' : ''} title=${title}>
        <th scope="row">${label}</th>
        <td class="number">${off}</td>
        <td class="number">${on}</td>
      </tr>`;
    return html`
      <p class="verdict ${proof.equal ? 'equal' : 'differs'}" data-equal=${String(proof.equal)}>
        <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">
          <path d=${proof.equal ? 'M3 8.5 6.5 12 13 4.5' : 'M4 4l8 8M12 4l-8 8'}></path>
        </svg>
        <span>${this.#sentence(proof)}</span>
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">${count(proof.steps)} steps, seed ${proof.seed}</th>
            <th scope="col">off</th>
            <th scope="col">on</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(({ name, label, size }) => {
            const off = proof.off.stats[name] ?? 0;
            const on = proof.on.stats[name] ?? 0;
            const shown = size ? bytes : count;
            return row(
              label,
              shown(off),
              shown(on),
              off !== on,
              size ? `${exactBytes(off)} and ${exactBytes(on)}` : '',
            );
          })}
          ${row('Releases', count(proof.off.releases), count(proof.on.releases), proof.off.releases !== proof.on.releases)}
          ${row(
            proof.ordered ? 'Order (hash)' : 'Which (hash)',
            proof.off.hash,
            proof.on.hash,
            proof.off.hash !== proof.on.hash,
            'A running hash over each released buffer’s number and size, gathered by finalizers',
          )}
          ${row('Events logged', count(proof.off.events), count(proof.on.events), false)}
          ${row('Step, median', time(proof.off.stepNs), time(proof.on.stepNs), false)}
        </tbody>
      </table>
      <p class="note">
        ${
          proof.ordered
            ? `${this.#cost(proof.slowdown)}${this.#byHand(proof)}`
            : 'Here the engine’s GC picks the moment of each release; what was released is compared, not when.'
        }
      </p>
    `;
  }

  #cost(slowdown: number): string {
    return slowdown <= 1.02
      ? 'Watched steps were no slower, kernel uses recorded too.'
      : `Watched steps took ${slowdown.toFixed(2)} × the time, kernel uses recorded too.`;
  }

  #byHand(proof: ProofResult): string {
    return proof.release === this.session?.settings.release
      ? ''
      : ' Both runs released by hand: left to the engine’s GC, the order is the engine’s, watched or not.';
  }

  #sentence(proof: ProofResult): string {
    if (!proof.equal) return `They differ: ${proof.differing.join(', ')}.`;
    return proof.ordered
      ? 'Nothing changed: same releases, same order, same counts.'
      : 'Nothing changed: the same buffers were released.';
  }
}
