// Keys and gestures on one card.
import { css, html, LitElement } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { base, controls } from '../styles.js';

const KEYS: [string, [string, string][]][] = [
  [
    'Move',
    [
      ['wheel', 'zoom at the pointer (Shift: along addresses)'],
      ['drag', 'pan'],
      ['Shift drag', 'zoom to an area'],
      ['double click', 'show all'],
      ['W S', 'zoom in, out'],
      ['A D ← →', 'pan in time'],
      ['↑ ↓', 'pan in addresses'],
      ['0', 'show all'],
    ],
  ],
  [
    'Find',
    [
      ['/', 'filter: words, size>1MiB, alive'],
      ['P', 'the peak, and who lived then'],
      ['M', 'who lives here: at the pointer'],
      ['click on the levels', 'who lived then'],
      ['L', 'next buffer never released'],
      ['[ ]', 'previous, next at this address'],
      ['click', 'select a buffer'],
      ['Esc', 'let go, close, cancel'],
    ],
  ],
  [
    'Views',
    [
      ['1', 'address'],
      ['2', 'table'],
      ['3', 'groups: where the bytes come from'],
      ['4', 'leaks'],
      ['5', 'reuse'],
      ['6', 'statistics'],
      ['?', 'this card'],
    ],
  ],
];

@customElement('help-overlay')
export class HelpOverlay extends LitElement {
  @query('dialog') private dialog!: HTMLDialogElement;

  static override styles = [
    base,
    controls,
    css`
      dialog {
        width: min(720px, calc(100vw - 32px));
        padding: var(--gap-4) var(--gap-6) var(--gap-6);
        border: 1px solid var(--line-strong);
        border-radius: var(--radius);
        background: var(--raised);
        color: var(--ink);
        box-shadow: var(--shadow);
      }
      dialog::backdrop {
        background: var(--veil);
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        margin-bottom: var(--gap-3);
      }
      h2 {
        font-size: var(--type-4);
        line-height: 28px;
      }
      .columns {
        columns: 264px 2;
        column-gap: var(--gap-6);
      }
      section {
        break-inside: avoid;
        margin-bottom: var(--gap-4);
      }
      h3 {
        font-size: var(--type-3);
        font-weight: 600;
        line-height: 24px;
      }
      dl {
        display: grid;
        grid-template-columns: 88px 1fr;
        gap: var(--gap-1) var(--gap-2);
        margin: 0;
        line-height: 20px;
      }
      dd {
        margin: 0;
        color: var(--ink-2);
      }
      dt {
        font-family: var(--mono);
        font-size: var(--type-1);
        white-space: nowrap;
      }
    `,
  ];

  override firstUpdated(): void {
    this.dialog.showModal();
  }

  private close(): void {
    this.dispatchEvent(new CustomEvent('close'));
  }

  override render() {
    return html`<dialog aria-labelledby="help-title" @close=${() => this.close()} @click=${(event: Event) => event.target === this.dialog && this.close()}>
      <div class="head">
        <h2 id="help-title">Keys</h2>
        <button class="button small" @click=${() => this.close()}>Close</button>
      </div>
      <div class="columns">
        ${KEYS.map(
          ([title, rows]) => html`<section>
            <h3>${title}</h3>
            <dl>${rows.map(([key, what]) => html`<dt>${key}</dt><dd>${what}</dd>`)}</dl>
          </section>`,
        )}
      </div>
    </dialog>`;
  }
}
