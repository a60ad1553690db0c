// bufgc · ways in · search · export · theme · help.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { TraceFormat } from '../engine/protocol.js';
import { label } from '../format.js';
import { TRACE_FILES } from '../samples.js';
import { saveFile } from '../save.js';
import { Follows } from '../store/controller.js';
import type { Mode, Session } from '../store/session.js';
import { isLayout } from '../store/state.js';
import { type ThemeSetting, theme } from '../store/theme.js';
import { base, controls } from '../styles.js';

const THEMES: { setting: ThemeSetting; title: string; sign: string }[] = [
  { setting: 'system', title: 'Theme: as the system', sign: '◐' },
  { setting: 'light', title: 'Theme: light', sign: '○' },
  { setting: 'dark', title: 'Theme: dark', sign: '●' },
  { setting: 'contrast', title: 'Theme: high contrast', sign: '◉' },
];
const FORMATS = [
  { format: 'ndjson', title: 'NDJSON', about: 'one event a line; opens here again' },
  { format: 'bufgc', title: 'Binary', about: 'a fraction of the size; opens here fastest' },
  { format: 'csv', title: 'CSV', about: 'time, op, id, size' },
  { format: 'chrome', title: 'Chrome trace', about: 'for Perfetto and chrome://tracing' },
] as const;

@customElement('top-bar')
export class TopBar extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private menuOpen = false;
  @query('input[type=search]') private search!: HTMLInputElement;
  @query('input[type=file]') private file!: HTMLInputElement;
  private typing: number | undefined;

  constructor() {
    super();
    new Follows(this, ['layout', 'trace', 'filter', 'area', 'notice']);
    theme.addEventListener('change', () => this.requestUpdate());
  }

  static override styles = [
    base,
    controls,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
        padding: 0 var(--gap-2) 0 var(--gap-3);
        background: var(--surface);
        border-bottom: 1px solid var(--line);
      }
      .name {
        margin: 0;
        display: flex;
        align-items: center;
        gap: var(--gap-2);
        font-size: var(--type-3);
        font-weight: 600;
        margin-right: var(--gap-2);
      }
      .name svg {
        display: block;
      }
      .trace-name {
        flex: 0 1 auto;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        margin-left: var(--gap-2);
      }
      .space {
        flex: 1;
      }
      .search {
        position: relative;
        flex: 0 1 264px;
        min-width: 96px;
      }
      .search input {
        width: 100%;
        padding-right: 28px;
      }
      .search kbd {
        position: absolute;
        right: 6px;
        top: 5px;
        pointer-events: none;
      }
      .search input:focus + kbd,
      .search input:not(:placeholder-shown) + kbd {
        display: none;
      }
      .sign {
        width: 28px;
        padding: 0;
        justify-content: center;
        font-size: var(--type-3);
      }
      .fault {
        position: absolute;
        right: 0;
        top: 32px;
        z-index: 10;
        box-sizing: border-box;
        min-width: 100%;
        width: max-content;
        max-width: min(400px, 96vw);
        margin: 0;
        padding: var(--gap-1) var(--gap-2);
        border: 1px solid var(--line-strong);
        border-left: 4px solid var(--bad);
        border-radius: var(--radius);
        background: var(--raised);
        color: var(--ink);
      }
      .menu-root {
        position: relative;
      }
      .menu {
        position: absolute;
        right: 0;
        top: 32px;
        z-index: 10;
        width: 264px;
        padding: var(--gap-1);
        border: 1px solid var(--line-strong);
        border-radius: var(--radius);
        background: var(--raised);
        box-shadow: var(--shadow);
      }
      .menu button {
        display: grid;
        grid-template-columns: 88px 1fr;
        width: 100%;
        padding: var(--gap-1) var(--gap-2);
        border-radius: var(--radius);
        line-height: 20px;
      }
      .menu button:hover,
      .menu button:focus-visible {
        background: var(--hover);
      }
      @media (max-width: 860px) {
        :host {
          height: auto;
          flex-wrap: wrap;
          padding: var(--gap-1) var(--gap-2);
        }
        .trace-name,
        .space,
        .compare,
        .search kbd {
          display: none;
        }
        .search {
          order: 9;
          flex: 1 0 100%;
        }
        .name {
          flex: 1;
        }
        .button,
        .segmented,
        .field {
          height: 32px;
        }
        .name span {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
        .name {
          margin: 0;
        }
        .sign {
          width: 24px;
        }
        .button:not(.sign),
        .segmented button {
          padding: 0 var(--gap-2);
        }
        :host {
          gap: var(--gap-1);
        }
      }
    `,
  ];

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  chooseFiles(): void {
    this.file.click();
  }

  private onFiles(): void {
    this.dispatchEvent(new CustomEvent('open-files', { detail: [...(this.file.files ?? [])] }));
    this.file.value = '';
  }

  private onSearch(): void {
    window.clearTimeout(this.typing);
    this.typing = window.setTimeout(() => this.session?.setFilter(this.search.value), 120);
  }

  private onSearchKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      this.search.value = '';
      this.session?.setFilter('');
      this.search.blur();
      event.preventDefault();
    } else if (event.key === 'Enter') {
      window.clearTimeout(this.typing);
      this.session?.setFilter(this.search.value);
      void this.openExactId(this.search.value.trim());
    }
  }

  /** A search that is one buffer's id selects that buffer. */
  private async openExactId(text: string): Promise<void> {
    if (!/^#?\d+$/.test(text) || !this.session?.trace) return;
    const row = await this.session.engine.rowOfId(text.replace('#', ''));
    if (row !== null) await this.session.select(row, true);
  }

  private nextTheme(): void {
    const at = THEMES.findIndex(({ setting }) => setting === theme.setting);
    theme.set(THEMES[(at + 1) % THEMES.length]!.setting);
  }

  private async export(format: TraceFormat): Promise<void> {
    this.menuOpen = false;
    const { session } = this;
    if (!session?.trace) return;
    const stem =
      session.trace.name.split(' + ')[0]!.replace(/(\.(ndjson|bufgc|csv|json|pickle|pkl))?(\.gz)?$/, '') || 'trace';
    try {
      const bytes = await session.track(session.engine.export(format));
      saveFile(`${stem}.${format === 'chrome' ? 'trace.json' : format}`, bytes);
    } catch (error) {
      session.say('error', 'Could not export', error instanceof Error ? error.message : String(error));
    }
  }

  private saveRows(): void {
    this.menuOpen = false;
    const { session } = this;
    if (session) void session.track(session.writing.saveRows());
  }

  private savePicture(form: 'png' | 'svg'): void {
    this.menuOpen = false;
    this.dispatchEvent(new CustomEvent('save-picture', { detail: form }));
  }

  private onMenuBlur(event: FocusEvent): void {
    const menu = event.currentTarget as HTMLElement;
    if (!menu.contains(event.relatedTarget as Node | null)) this.menuOpen = false;
  }

  private onMenuKey(event: KeyboardEvent): void {
    const items = [...this.renderRoot.querySelectorAll<HTMLElement>('.menu button')];
    const at = items.indexOf(this.shadowRoot?.activeElement as HTMLElement);
    if (event.key === 'Escape') {
      this.menuOpen = false;
      this.renderRoot.querySelector<HTMLElement>('.menu-root > button')?.focus();
    } else if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
    else if (event.key === 'ArrowUp') items[(at + items.length - 1) % items.length]?.focus();
    else return;
    event.preventDefault();
  }

  private renderMenu() {
    const item = (title: string, about: string, run: () => void) =>
      html`<button role="menuitem" @click=${run}><span>${title}</span><span class="muted">${about}</span></button>`;
    return html`<div class="menu" role="menu" aria-label="Export">
      ${FORMATS.map(({ format, title, about }) => item(title, about, () => void this.export(format)))}
      ${item('Buffers', this.session?.area.now ? 'of the area, as CSV' : this.session?.filter ? 'that match, as CSV' : 'all of them, as CSV', () => this.saveRows())}
      ${this.session && isLayout(this.session.tab) ? [item('PNG', 'the picture as it stands', () => this.savePicture('png')), item('SVG', 'the same as shapes and text', () => this.savePicture('svg'))] : nothing}
    </div>`;
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    const mode = (value: Mode, title: string) =>
      html`<button aria-pressed=${session.mode === value} @click=${() => session.setMode(value)}>${title}</button>`;
    const shown = THEMES.find(({ setting }) => setting === theme.setting)!;
    return html`
      <h1 class="name">
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M1 10h7v4H1zM5 6h10v3H5zM1 2h4v3H1z" fill="currentColor" />
        </svg>
        <span>bufgc</span>
      </h1>
      <div class="segmented" role="group" aria-label="Way in">${mode('lab', 'Live lab')}${mode('trace', 'Trace')}</div>
      <button class="button" @click=${() => this.chooseFiles()}>Open…</button>
      <button
        class="button compare"
        title="Open a second trace beside this one"
        ?disabled=${!session.trace || session.trace.preview}
        @click=${() => this.dispatchEvent(new CustomEvent('open-second'))}
      >
        Compare…
      </button>
      <input type="file" multiple hidden aria-label="Trace files" accept=${TRACE_FILES} @change=${() => this.onFiles()} />
      <span class="trace-name muted" title=${session.trace ? label(session.trace.name, 400) : nothing}>${label(session.trace?.name ?? '')}</span>
      <span class="space"></span>
      <div class="search">
        <input
          class="field"
          type="search"
          placeholder="Filter: label, dtype, size>1MiB, alive"
          aria-label="Filter buffers"
          aria-invalid=${session.filterError !== ''}
          aria-describedby="filter-error"
          autocomplete="off"
          spellcheck="false"
          .value=${session.filter}
          @input=${() => this.onSearch()}
          @keydown=${(event: KeyboardEvent) => this.onSearchKey(event)}
        /><kbd aria-hidden="true">/</kbd>
        <p class="fault" id="filter-error" role="status" ?hidden=${session.filterError === ''}>${session.filterError}</p>
      </div>
      <div class="menu-root" @focusout=${(event: FocusEvent) => this.onMenuBlur(event)} @keydown=${(event: KeyboardEvent) => this.onMenuKey(event)}>
        <button
          class="button"
          aria-haspopup="menu"
          aria-expanded=${this.menuOpen}
          ?disabled=${!session.trace}
          @click=${() => (this.menuOpen = !this.menuOpen)}
        >
          Export
        </button>
        ${this.menuOpen ? this.renderMenu() : nothing}
      </div>
      <button class="button quiet sign" title=${shown.title} aria-label=${shown.title} @click=${() => this.nextTheme()}>${shown.sign}</button>
      <button class="button quiet sign" title="Keys and help" aria-label="Keys and help" @click=${() => this.dispatchEvent(new CustomEvent('open-help'))}>?</button>
    `;
  }
}
