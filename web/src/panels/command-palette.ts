// All commands in one list, found by typing.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { allCommands, type Command, keyText } from '../commands.js';
import { base, controls, dialogs } from '../styles.js';

/** Every word of the text stands somewhere in the title or the topic. */
function found(commands: Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return commands.filter(({ title, topic }) => {
    const all = `${topic} ${title}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

@customElement('command-palette')
export class CommandPalette extends LitElement {
  /** Commands that need a trace are left out without one. */
  hasTrace = false;
  @state() private text = '';
  @state() private at = 0;
  @query('dialog') private dialog!: HTMLDialogElement;
  @query('input') private input!: HTMLInputElement;

  static override styles = [
    base,
    controls,
    dialogs,
    css`
      dialog {
        width: min(520px, calc(100vw - 32px));
        margin-top: 12dvh;
        padding: 0;
        overflow: hidden;
      }
      input {
        width: 100%;
        height: 40px;
        padding: 0 var(--gap-3);
        border: 0;
        border-bottom: 1px solid var(--line);
        background: transparent;
      }
      ul {
        max-height: 50dvh;
        margin: 0;
        padding: var(--gap-1) 0;
        overflow: auto;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 56px 1fr auto;
        gap: var(--gap-2);
        padding: 0 var(--gap-3);
        line-height: 28px;
        cursor: pointer;
      }
      li[aria-selected='true'] {
        background: var(--pressed);
      }
      .keys {
        display: flex;
        align-items: center;
        gap: var(--gap-1);
      }
      .none {
        padding: 0 var(--gap-3);
        line-height: 36px;
      }
    `,
  ];

  override firstUpdated(): void {
    this.dialog.showModal();
    this.input.focus();
  }

  private get shown(): Command[] {
    return found(
      allCommands().filter(({ needsTrace }) => this.hasTrace || !needsTrace),
      this.text,
    );
  }

  private choose(command: Command | undefined): void {
    if (command) this.dispatchEvent(new CustomEvent<Command>('choose', { detail: command }));
  }

  private onKey(event: KeyboardEvent): void {
    const commands = this.shown;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && commands.length > 0) this.at = (this.at + step + commands.length) % commands.length;
    else if (event.key === 'Enter') this.choose(commands[this.at]);
    else return;
    event.preventDefault();
  }

  override updated(): void {
    this.renderRoot.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }

  override render() {
    const commands = this.shown;
    return html`<dialog aria-label="Commands" @close=${() => this.dispatchEvent(new CustomEvent('close'))} @click=${(event: Event) => event.target === this.dialog && this.dialog.close()}>
      <input
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls="commands"
        aria-activedescendant=${commands.length > 0 ? `command-${this.at}` : nothing}
        aria-autocomplete="list"
        autocomplete="off"
        spellcheck="false"
        placeholder="Type a command"
        .value=${this.text}
        @input=${() => {
          this.text = this.input.value;
          this.at = 0;
        }}
        @keydown=${(event: KeyboardEvent) => this.onKey(event)}
      />
      <ul id="commands" role="listbox" aria-label="Commands">
        ${commands.map(
          (command, index) => html`<li
            id="command-${index}"
            role="option"
            aria-selected=${index === this.at}
            @pointermove=${() => (this.at = index)}
            @click=${() => this.choose(command)}
          >
            <span class="muted">${command.topic}</span><span>${command.title}</span>
            <span class="keys">${command.keys.map((key) => html`<kbd>${keyText(key)}</kbd>`)}</span>
          </li>`,
        )}
      </ul>
      ${commands.length === 0 ? html`<p class="none muted" role="status">No command has these words.</p>` : nothing}
    </dialog>`;
  }
}
