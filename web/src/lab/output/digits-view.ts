// What the network says about test digits, and what its first units look for.
import { css, html, LitElement } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { base } from '../../styles';
import type { DigitsOutput } from '../protocol';
import './pixels';

@customElement('lab-digits')
export class LabDigits extends LitElement {
  @property({ attribute: false }) shown: DigitsOutput['shown'] = null;
  @property({ attribute: false }) weights: Float32Array | null = null;

  static override styles = [
    base,
    css`
      ol {
        display: grid;
        grid-template-columns: repeat(10, 1fr);
        gap: var(--gap-1) 2px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        justify-items: center;
      }
      lab-pixels {
        width: 100%;
        aspect-ratio: 1;
        outline: 1px solid var(--line);
        outline-offset: -1px;
      }
      .said {
        font-size: var(--type-1);
        line-height: 16px;
      }
      .wrong lab-pixels {
        outline: 2px solid var(--alive);
      }
      .wrong .said {
        color: var(--bad);
        font-weight: 700;
      }
      .units {
        grid-template-columns: repeat(8, 1fr);
        gap: 2px;
      }
      h3 {
        margin: var(--gap-3) 0 var(--gap-1);
      }
      h3:first-child {
        margin-top: 0;
      }
    `,
  ];

  override render() {
    const { shown, weights } = this;
    if (!shown) return html`<p class="caption">Predictions appear at the first evaluation, after 20 batches.</p>`;
    const size = shown.width * shown.width;
    return html`
      <h3 class="caption">Unseen digits, and what it says</h3>
      <ol>
        ${[...shown.predictions].map((said, i) => {
          const right = shown.labels[i]!;
          const sure = Math.round(100 * (shown.confidence[i] ?? 0));
          return html`<li class=${said === right ? 'right' : 'wrong'} title=${`a ${right}; said ${said}, ${sure} % sure`}>
            <lab-pixels .values=${shown.pixels.subarray(i * size, (i + 1) * size)} .width=${shown.width} scale="ink"></lab-pixels>
            <span class="said number">${said}</span>
          </li>`;
        })}
      </ol>
      ${
        weights
          ? html`<h3 class="caption">What its first units learned</h3>
              <ol class="units">
                ${Array.from(
                  { length: weights.length / size },
                  (_, unit) =>
                    html`<li>
                      <lab-pixels .values=${weights.subarray(unit * size, (unit + 1) * size)} .width=${shown.width} scale="signed"></lab-pixels>
                    </li>`,
                )}
              </ol>`
          : ''
      }
    `;
  }
}
