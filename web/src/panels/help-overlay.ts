// Keys and gestures on one card.
import { css, html, LitElement } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { COMMANDS, keyText, type Topic } from '../commands.js';
import { base, controls, dialogs } from '../styles.js';

const GESTURES: [string, string][] = [
  ['wheel', 'zoom at the pointer (Shift: along addresses)'],
  ['drag', 'pan'],
  ['Shift drag', 'select an area: its figures stand in the panel'],
  ['double click', 'show all'],
  ['click', 'select a buffer; on the levels: who lived then'],
];
const TOPICS: readonly Topic[] = ['Move', 'Find', 'Views', 'Page'];

const keysOf = (topic: Topic): [string, string][] =>
  COMMANDS.filter((command) => command.topic === topic && command.keys.length > 0).map(({ title, keys }) => [
    keys.map(keyText).join(', '),
    title,
  ]);

@customElement('help-overlay')
export class HelpOverlay extends LitElement {
  @query('dialog') private dialog!: HTMLDialogElement;

  static override styles = [
    base,
    controls,
    dialogs,
    css`
      dialog {
        width: min(720px, calc(100vw - 32px));
        padding: var(--gap-4) var(--gap-6) var(--gap-6);
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
        grid-template-columns: 104px 1fr;
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
        ${[['Pointer', GESTURES] as const, ...TOPICS.map((topic) => [topic, keysOf(topic)] as const)].map(
          ([title, rows]) => html`<section>
            <h3>${title}</h3>
            <dl>${rows.map(([key, what]) => html`<dt>${key}</dt><dd>${what}</dd>`)}</dl>
          </section>`,
        )}
      </div>
    </dialog>`;
  }
}
