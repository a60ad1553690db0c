// <lab-picture>: RGBA pixels on a canvas as wide as its place.
import { css, html, LitElement } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { Picture } from '../protocol';

@customElement('lab-picture')
export class LabPicture extends LitElement {
  @property({ attribute: false }) picture: Picture | null = null;
  @property() name = '';
  /** Shows transparency as a quiet dark ground. */
  @property({ type: Boolean }) checked = false;
  @query('canvas') private canvas!: HTMLCanvasElement;

  static override styles = css`
    :host {
      display: block;
    }
    canvas {
      display: block;
      width: 100%;
      border-radius: 2px;
    }
    canvas.checked {
      background: #14161a;
    }
  `;

  override updated(): void {
    const { picture, canvas } = this;
    if (!picture) return;
    if (canvas.width !== picture.width) canvas.width = picture.width;
    if (canvas.height !== picture.height) canvas.height = picture.height;
    canvas.getContext('2d')?.putImageData(new ImageData(picture.pixels, picture.width, picture.height), 0, 0);
  }

  override render() {
    return html`<canvas class=${this.checked ? 'checked' : ''} width="480" height="360" role="img" aria-label=${this.name}></canvas>`;
  }
}
