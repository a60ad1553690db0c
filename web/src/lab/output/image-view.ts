// The pipeline's result and its stages; takes a picture of the user's own.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { base, controls } from '../../styles';
import type { LabHistory } from '../lab-history';
import type { LabSession } from '../lab-session';
import type { Picture } from '../protocol';
import './picture';

const LONGEST = 512;

/** Decodes a file and scales it so that a frame stays quick to compute. */
async function readPicture(file: Blob): Promise<Picture> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return { width, height, pixels: context.getImageData(0, 0, width, height).data as Picture['pixels'] };
}

@customElement('lab-image')
export class LabImage extends LitElement {
  @property({ attribute: false }) session: LabSession | undefined;
  @property({ attribute: false }) history: LabHistory | undefined;
  /** Changes with each frame, so that the stages are drawn anew. */
  @property({ type: Number }) frame = 0;
  @property({ attribute: false }) problem = '';

  static override styles = [
    base,
    controls,
    css`
      .result {
        position: relative;
        min-height: 120px;
        border-radius: var(--radius);
        overflow: hidden;
        background: var(--hover);
      }
      .stages {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: var(--gap-1);
        margin-top: var(--gap-2);
      }
      figure {
        margin: 0;
        min-width: 0;
      }
      figcaption {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--gap-1);
        margin-top: var(--gap-2);
      }
      .bad {
        color: var(--bad);
      }
    `,
  ];

  // Files of pictures are the lab's; anything else is left to the page, which opens traces.
  #onDrag(event: DragEvent): void {
    const item = event.dataTransfer?.items[0];
    if (item && item.kind === 'file' && !item.type.startsWith('image/')) return;
    event.preventDefault();
    event.stopPropagation();
    const file = event.dataTransfer?.files[0];
    if (event.type === 'drop' && file) void this.#take(file);
  }

  async #take(file: Blob): Promise<void> {
    try {
      this.session?.setPicture(await readPicture(file));
      this.problem = '';
    } catch {
      this.problem = 'That file is not a picture this browser can read.';
    }
  }

  #choose(): void {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = 'image/*';
    input.addEventListener('change', () => input.files?.[0] && void this.#take(input.files[0]));
    input.click();
  }

  override render() {
    const { history, session } = this;
    if (!history || !session) return nothing;
    const { stages, source } = history;
    const drag = (event: DragEvent) => this.#onDrag(event);
    const stage = (picture: Picture | null | undefined, name: string) => html`<figure>
      <lab-picture .picture=${picture ?? null} name=${name} checked></lab-picture>
      <figcaption class="caption">${name}</figcaption>
    </figure>`;
    return html`
      <div class="result" @dragenter=${drag} @dragover=${drag} @dragleave=${drag} @drop=${drag}>
        <lab-picture .picture=${stages?.result ?? source} name="result"></lab-picture>
      </div>
      <div class="stages">
        ${stage(source, 'source')} ${stage(stages?.blurred, `blur σ ${history.sigma.toFixed(1)}`)} ${stage(stages?.edges, 'edges')}
      </div>
      <div class="actions">
        <button class="button small" @click=${() => this.#choose()}>Use a picture…</button>
        ${session.ownPicture ? html`<button class="button small" @click=${() => session.setPicture(null)}>Built-in picture</button>` : nothing}
      </div>
      ${this.problem ? html`<p class="caption bad" role="alert">${this.problem}</p>` : nothing}
    `;
  }
}
