// Every buffer as a row, drawn only where it is in sight. The engine sorts, filters and counts.
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core';
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { RowInfo, SortKey, TableQuery } from '../engine/protocol.js';
import { bytes, count, exactBytes, label, plural, time } from '../format.js';
import { Follows } from '../store/controller.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { base, controls } from '../styles.js';

const ROW_HEIGHT = 24;
const HEAD_HEIGHT = 25;
const PAGE = 100;

interface Column {
  key: SortKey;
  title: string;
  number: boolean;
  text: (row: RowInfo) => string;
  exact?: (row: RowInfo) => string;
}

const COLUMNS: Column[] = [
  { key: 'id', title: 'Id', number: true, text: (row) => row.idText },
  {
    key: 'label',
    title: 'Label',
    number: false,
    text: (row) => label(row.label) || '–',
    exact: (row) => label(row.site || row.label, 400),
  },
  { key: 'size', title: 'Size', number: true, text: (row) => bytes(row.size), exact: (row) => exactBytes(row.size) },
  {
    key: 'dtype',
    title: 'Type',
    number: false,
    text: (row) => label([row.dtype, row.shape].filter(Boolean).join(' ')) || '–',
  },
  {
    key: 'allocEvent',
    title: 'Born',
    number: true,
    text: (row) => count(row.allocEvent),
    exact: (row) => time(row.allocTimeNs),
  },
  {
    key: 'freeEvent',
    title: 'Died',
    number: true,
    text: (row) => (row.freeEvent === null ? 'alive' : count(row.freeEvent)),
    exact: (row) => (row.freeTimeNs === null ? 'never released' : time(row.freeTimeNs)),
  },
  {
    key: 'lifetimeEvents',
    title: 'Lifetime',
    number: true,
    text: (row) => time(row.lifetimeNs),
    exact: (row) => plural(row.lifetimeEvents, 'event'),
  },
  { key: 'useCount', title: 'Uses', number: true, text: (row) => count(row.useCount) },
  { key: 'cause', title: 'Cause', number: false, text: (row) => (row.freeEvent === null ? '–' : (row.cause ?? '–')) },
];

@customElement('buffer-table')
export class BufferTable extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private sort: SortKey = 'size';
  @state() private descending = true;
  @state() private aliveFirst = true;
  @state() private rows = 0;
  @state() private bytes = 0;
  @state() private loaded = false;
  @query('.scroll') private scroller!: HTMLElement;

  private pages = new Map<number, RowInfo[] | null>();
  private epoch = 0;
  private active = 0;
  private virtual: Virtualizer<HTMLElement, HTMLElement> | null = null;
  private unmount: (() => void) | undefined;

  constructor() {
    super();
    const pace = new Pace(() => void this.load());
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
    new Follows(this, ['filter'], () => void this.load());
    new Follows(this, ['selection']);
  }

  static override styles = [
    base,
    controls,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
      }
      .above {
        display: flex;
        align-items: center;
        gap: var(--gap-3);
        height: 32px;
        padding: 0 var(--gap-3);
        border-bottom: 1px solid var(--line);
        color: var(--ink-2);
      }
      .above .space {
        flex: 1;
      }
      .above label {
        display: flex;
        align-items: center;
        gap: 6px;
      }
      input[type='checkbox'] {
        margin: 0;
        accent-color: var(--ink);
      }
      [role='row'] {
        display: grid;
        grid-template-columns: 72px minmax(112px, 1fr) 80px minmax(96px, 160px) 72px 72px 80px 56px 72px;
        min-width: 712px;
        height: 24px;
      }
      .head {
        position: sticky;
        top: 0;
        z-index: 1;
        min-width: 712px;
        border-bottom: 1px solid var(--line);
        background: var(--surface);
      }
      [role='columnheader'] button {
        display: block;
        width: 100%;
        height: 24px;
        padding: 0 var(--gap-2);
        color: var(--ink-2);
        white-space: nowrap;
      }
      [role='columnheader'] button:hover {
        background: var(--hover);
      }
      [role='columnheader'][aria-sort] button {
        color: var(--ink);
        font-weight: 600;
      }
      .right,
      [role='columnheader'].right button {
        text-align: right;
      }
      .scroll {
        position: relative;
        flex: 1;
        min-height: 0;
        overflow: auto;
      }
      .body {
        position: relative;
        min-width: 712px;
      }
      .body [role='row'] {
        position: absolute;
        left: 0;
        right: 0;
        border-bottom: 1px solid var(--grid);
        cursor: default;
      }
      .body [role='row']:hover {
        background: var(--hover);
      }
      .body [role='row'][aria-selected='true'] {
        background: var(--selected);
      }
      .body [role='row'].active {
        outline: 1px solid var(--ink-2);
        outline-offset: -1px;
      }
      .scroll:not(:focus) .active {
        outline: none;
      }
      [role='gridcell'] {
        padding: 0 var(--gap-2);
        line-height: 23px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      [role='gridcell'].right {
        font-family: var(--mono);
      }
      .alive {
        color: var(--bad);
      }
      .none {
        padding: var(--gap-6);
        text-align: center;
        color: var(--ink-2);
      }
    `,
  ];

  private query(): TableQuery {
    return {
      filter: this.session?.filter ?? '',
      sort: this.sort,
      descending: this.descending,
      aliveFirst: this.aliveFirst,
    };
  }

  private options(): VirtualizerOptions<HTMLElement, HTMLElement> {
    return {
      count: this.rows,
      getScrollElement: () => this.scroller,
      estimateSize: () => ROW_HEIGHT,
      overscan: 8,
      scrollMargin: HEAD_HEIGHT,
      scrollPaddingStart: HEAD_HEIGHT,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => this.requestUpdate(),
    };
  }

  override firstUpdated(): void {
    this.virtual = new Virtualizer(this.options());
    this.unmount = this.virtual._didMount();
    this.virtual._willUpdate();
    void this.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unmount?.();
  }

  override updated(changed: PropertyValues): void {
    if (changed.has('rows')) {
      this.virtual?.setOptions(this.options());
      this.virtual?._willUpdate();
      this.requestUpdate();
    }
  }

  /** Runs the query and forgets the rows of the last one. */
  private async load(): Promise<void> {
    const { session } = this;
    if (!session?.trace) return;
    const epoch = ++this.epoch;
    const answer = await session.track(session.queries.count(this.query(), session.trace.revision));
    if (epoch !== this.epoch) return;
    this.pages.clear();
    this.rows = answer.rows;
    this.bytes = answer.bytes;
    this.loaded = true;
    this.active = Math.min(this.active, Math.max(0, answer.rows - 1));
    this.requestUpdate();
  }

  private rowAt(index: number): RowInfo | null {
    const page = Math.floor(index / PAGE);
    if (!this.pages.has(page)) void this.loadPage(page);
    return this.pages.get(page)?.[index % PAGE] ?? null;
  }

  private async loadPage(page: number): Promise<void> {
    const { session, epoch } = this;
    if (!session?.trace) return;
    this.pages.set(page, null);
    const rows = await session.track(session.queries.rows(this.query(), session.trace.revision, page * PAGE, PAGE));
    if (epoch !== this.epoch) return;
    this.pages.set(page, rows);
    this.requestUpdate();
  }

  private sortBy(key: SortKey): void {
    if (this.sort === key) this.descending = !this.descending;
    else {
      this.sort = key;
      this.descending = COLUMNS.find((column) => column.key === key)!.number && key !== 'id' && key !== 'allocEvent';
    }
    this.scroller.scrollTop = 0;
    this.active = 0;
    void this.load();
  }

  private choose(index: number): void {
    this.active = index;
    const row = this.rowAt(index);
    if (row) void this.session?.select(row.row);
    this.requestUpdate();
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.target !== this.scroller) return; // a heading takes its own keys
    const inSight = Math.max(1, Math.floor(this.scroller.clientHeight / ROW_HEIGHT) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: inSight,
      PageUp: -inSight,
      Home: -this.rows,
      End: this.rows,
    };
    const step = steps[event.key];
    if (event.key === 'Enter') {
      const row = this.rowAt(this.active);
      if (row) void this.showInPlot(row);
    } else if (step !== undefined) {
      const index = Math.min(this.rows - 1, Math.max(0, this.active + step));
      this.virtual?.scrollToIndex(index);
      this.choose(index);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  private async showInPlot(row: RowInfo): Promise<void> {
    void this.session?.setTab(this.session.layout);
    await this.session?.select(row.row, true);
  }

  private renderRow(index: number, start: number) {
    const row = this.rowAt(index);
    const selected = row !== null && row.row === this.session?.selectedRow;
    return html`<div
      role="row"
      id="row-${index}"
      aria-rowindex=${index + 2}
      aria-selected=${selected}
      class=${index === this.active ? 'active' : ''}
      .style=${`top: ${start - HEAD_HEIGHT}px`}
      @click=${() => this.choose(index)}
      @dblclick=${() => row && void this.showInPlot(row)}
    >
      ${COLUMNS.map(
        (column) => html`<span
          role="gridcell"
          class="${column.number ? 'right' : ''} ${column.key === 'freeEvent' && row?.freeEvent === null ? 'alive' : ''}"
          title=${(row && column.exact?.(row)) || nothing}
          >${row ? column.text(row) : ''}</span
        >`,
      )}
    </div>`;
  }

  private renderNone(session: Session) {
    return html`<p class="none">
      No buffer matches the filter.
      <button class="button small" @click=${() => session.setFilter('')}>Clear filter</button>
    </p>`;
  }

  private renderHead() {
    return html`<div class="head" role="rowgroup">
      <div role="row" aria-rowindex="1">
        ${COLUMNS.map(
          ({ key, title, number }) => html`<span
            role="columnheader"
            class=${number ? 'right' : ''}
            aria-sort=${this.sort === key ? (this.descending ? 'descending' : 'ascending') : nothing}
          >
            <button tabindex="0" @click=${() => this.sortBy(key)}>${title}${this.sort === key ? (this.descending ? ' ↓' : ' ↑') : ''}</button>
          </span>`,
        )}
      </div>
    </div>`;
  }

  override render() {
    const { session } = this;
    if (!session?.trace) return nothing;
    const items = this.virtual?.getVirtualItems() ?? [];
    return html`
      <div class="above">
        <span><span class="number">${count(this.rows)}</span> of <span class="number">${count(session.trace.summary.buffers)}</span> buffers</span>
        <span class="number" title=${exactBytes(this.bytes)}>${bytes(this.bytes)}</span>
        <span class="space"></span>
        <label
          ><input
            type="checkbox"
            .checked=${this.aliveFirst}
            @change=${(event: Event) => {
              this.aliveFirst = (event.target as HTMLInputElement).checked;
              void this.load();
            }}
          />still alive first</label
        >
      </div>
      ${this.loaded && this.rows === 0 ? this.renderNone(session) : nothing}
      <div
        class="scroll"
        role="grid"
        tabindex="0"
        aria-label="Buffers"
        aria-rowcount=${this.rows + 1}
        aria-colcount=${COLUMNS.length}
        aria-activedescendant=${this.rows > 0 ? `row-${this.active}` : nothing}
        @keydown=${this.onKey}
      >
        ${this.renderHead()}
        <div class="body" role="rowgroup" .style=${`height: ${this.virtual?.getTotalSize() ?? 0}px`}>
          ${repeat(
            items,
            (item) => item.index,
            (item) => this.renderRow(item.index, item.start),
          )}
        </div>
      </div>
    `;
  }
}
