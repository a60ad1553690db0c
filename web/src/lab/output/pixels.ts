// <lab-pixels>: a square of numbers as a picture. "ink": 0 … 255, dark on light. "signed":
// negative to one colour, positive to another, scaled by the largest magnitude.
import { css, html, LitElement } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';

@customElement('lab-pixels')
export class LabPixels extends LitElement {
  @property({ attribute: false }) values: Uint8Array | Float32Array = new Uint8Array();
  @property({ type: Number }) width = 28;
  @property() scale: 'ink' | 'signed' = 'ink';
  @query('canvas') private canvas!: HTMLCanvasElement;

  static override styles = css`
    :host {
      display: block;
    }
    canvas {
      display: block;
      width: 100%;
      height: 100%;
      image-rendering: pixelated;
    }
  `;

  override updated(): void {
    const { values, width, canvas } = this;
    const height = Math.floor(values.length / width);
    const context = canvas.getContext('2d');
    if (!context || height === 0) return;
    canvas.width = width;
    canvas.height = height;
    const image = context.createImageData(width, height);
    const { data } = image;
    let largest = 1e-9;
    for (const value of values) largest = Math.max(largest, Math.abs(value));
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      const t = this.scale === 'ink' ? value / 255 : value / largest;
      // Ink on paper in both themes; Tol's blue and red, from white, for signs.
      const strength = Math.abs(t);
      const [r, g, b] = this.scale === 'ink' ? [26, 27, 29] : t > 0 ? [68, 119, 170] : [217, 69, 90];
      data[4 * i] = 255 + (r! - 255) * strength;
      data[4 * i + 1] = 255 + (g! - 255) * strength;
      data[4 * i + 2] = 255 + (b! - 255) * strength;
      data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  override render() {
    return html`<canvas aria-hidden="true"></canvas>`;
  }
}
