// Asks which part of a file to open alone.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { TimeRange } from '../engine/protocol.js';
import { TRACE_FILES } from '../samples.js';
import { parseTime } from '../store/time-range.js';
import { base, controls, dialogs } from '../styles.js';

export interface RangeOfFiles {
  files: File[];
  range: TimeRange;
}

@customElement('range-card')
export class RangeCard extends LitElement {
  @state() private wrong = '';
  @query('dialog') private dialog!: HTMLDialogElement;
  @query('[name=from]') private from!: HTMLInputElement;
  @query('[name=to]') private to!: HTMLInputElement;
  @query('[type=file]') private file!: HTMLInputElement;

  static override styles = [
    base,
    controls,
    dialogs,
    css`
      dialog {
        width: min(400px, calc(100vw - 32px));
        padding: var(--gap-4);
      }
      h2 {
        font-size: var(--type-3);
        line-height: 24px;
      }
      form {
        display: grid;
        gap: var(--gap-2);
      }
      label {
        display: grid;
        grid-template-columns: 48px 1fr;
        align-items: center;
      }
      .wrong {
        color: var(--bad);
      }
    `,
  ];

  override firstUpdated(): void {
    this.dialog.showModal();
  }

  private get range(): TimeRange | null {
    const fromNs = parseTime(this.from.value);
    const toNs = parseTime(this.to.value);
    return fromNs !== undefined && toNs !== undefined && fromNs <= toNs ? { fromNs, toNs } : null;
  }

  private onSubmit(event: Event): void {
    event.preventDefault();
    this.wrong = this.range ? '' : 'Expected two times, the earlier first: 1.5 s, 20 ms, 3 min.';
    if (this.range) this.file.click();
  }

  private onFiles(): void {
    const { range } = this;
    const files = [...(this.file.files ?? [])];
    if (range && files.length > 0)
      this.dispatchEvent(new CustomEvent<RangeOfFiles>('open-range', { detail: { files, range } }));
    this.dialog.close();
  }

  override render() {
    const field = (name: string, value: string) =>
      html`<label>${name} <input class="field" name=${name} value=${value} autocomplete="off" aria-describedby="wrong" aria-invalid=${this.wrong !== ''} /></label>`;
    return html`<dialog aria-labelledby="title" @close=${() => this.dispatchEvent(new CustomEvent('close'))} @click=${(event: Event) => event.target === this.dialog && this.dialog.close()}>
      <form @submit=${(event: Event) => this.onSubmit(event)}>
        <h2 id="title">Open a time range of a file</h2>
        <p class="muted">Counted from the first event. Totals stay exact: what was alive at its beginning stands in front.</p>
        ${field('from', '0 s')} ${field('to', '1 s')}
        <p id="wrong" class="wrong" role="alert">${this.wrong || nothing}</p>
        <div class="row">
          <button class="button">Choose the file…</button>
          <button class="button" type="button" @click=${() => this.dialog.close()}>Cancel</button>
        </div>
        <input type="file" multiple hidden aria-label="Trace files" accept=${TRACE_FILES} @change=${() => this.onFiles()} />
      </form>
    </dialog>`;
  }
}
