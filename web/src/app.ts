// The shell: bars above and below, panels left and right, one view between them. It also takes
// dropped files and the keyboard.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import '#lab';
import './chart/level-chart.js';
import './chart/minimap.js';
import './panels/area-panel.js';
import './panels/buffer-table.js';
import './panels/command-palette.js';
import './panels/details-panel.js';
import { DiffView } from './panels/diff-view.js';
import './panels/empty-state.js';
import './panels/facets-panel.js';
import './panels/flame-view.js';
import './panels/help-overlay.js';
import './panels/leaks-view.js';
import './panels/moment-panel.js';
import './panels/notice-bar.js';
import './panels/range-card.js';
import './panels/reuse-view.js';
import './panels/statistics-view.js';
import './panels/status-line.js';
import './panels/summary-strip.js';
import './panels/top-bar.js';
import './panels/view-tabs.js';
import './plot/lifecycle-plot.js';
import type { Command } from './commands.js';
import type { TimeRange } from './engine/protocol.js';
import { handleKey } from './keyboard.js';
import type { RangeOfFiles } from './panels/range-card.js';
import type { TopBar } from './panels/top-bar.js';
import type { LifecyclePlot } from './plot/lifecycle-plot.js';
import { saveFile } from './save.js';
import { Follows } from './store/controller.js';
import { keepHash } from './store/hash.js';
import type { Session } from './store/session.js';
import { ViewHistory } from './store/view-history.js';
import { base } from './styles.js';

export interface LabDetail {
  stats?: Record<string, number>;
  status?: string;
}

@customElement('bufgc-app')
export class App extends LitElement {
  @property({ attribute: false }) session!: Session;
  /** What a file that is being dragged would become. */
  @state() private dropping: 'first' | 'second' | null = null;
  @state() private helpOpen = false;
  @state() private paletteOpen = false;
  @state() private rangeOpen = false;
  @state() private lab: HTMLElement | undefined;
  @state() private labDetail: LabDetail = {};
  @query('lifecycle-plot') plot!: LifecyclePlot | null;
  @query('diff-view') private diffView!: DiffView | null;
  @query('top-bar') topBar!: TopBar;

  readonly labBuilt = customElements.get('bufgc-lab') !== undefined;
  history!: ViewHistory;
  private dragDepth = 0;

  constructor() {
    super();
    new Follows(this, ['layout', 'trace', 'moment', 'area', 'selection']);
  }

  static override styles = [
    base,
    css`
      :host {
        display: grid;
        grid-template: 'top top top' 40px 'summary summary summary' 56px 'left main right' minmax(0, 1fr) 'status status status' 24px /
          248px minmax(0, 1fr) 296px;
        height: 100dvh;
        background: var(--ground);
      }
      top-bar {
        grid-area: top;
      }
      summary-strip {
        grid-area: summary;
      }
      .left,
      .right {
        overflow: auto;
        background: var(--surface);
        scrollbar-width: thin;
      }
      .left {
        grid-area: left;
        border-right: 1px solid var(--line);
      }
      .right {
        grid-area: right;
        border-left: 1px solid var(--line);
      }
      main {
        grid-area: main;
        display: flex;
        flex-direction: column;
        min-width: 0;
        min-height: 0;
        position: relative;
      }
      status-line {
        grid-area: status;
      }
      mini-map,
      view-tabs,
      level-chart,
      notice-bar {
        flex: none;
      }
      lifecycle-plot,
      buffer-table,
      flame-view,
      diff-view,
      leaks-view,
      reuse-view,
      statistics-view,
      empty-state {
        flex: 1;
        min-height: 0;
      }
      /* Painted each by itself: a frame of a gesture, which draws in some, does not go through all of the others. */
      summary-strip,
      .left,
      .right,
      mini-map,
      level-chart,
      lifecycle-plot,
      status-line {
        isolation: isolate;
      }
      .lab-part {
        border-bottom: 1px solid var(--line);
      }
      .drop {
        position: fixed;
        inset: 8px;
        z-index: 20;
        display: grid;
        place-items: center;
        border: 2px dashed var(--ink);
        border-radius: var(--radius);
        background: var(--veil);
        font-size: var(--type-4);
        pointer-events: none;
      }
      @media (max-width: 1100px) {
        :host {
          grid-template-columns: 216px minmax(0, 1fr) 248px;
        }
      }
      @media (max-width: 860px) {
        :host {
          display: flex;
          flex-direction: column;
          overflow: auto;
        }
        .left {
          order: 3;
        }
        .right {
          order: 2;
        }
        status-line {
          order: 4;
        }
        summary-strip {
          flex: none;
          height: 56px;
        }
        top-bar {
          position: sticky;
          top: 0;
          z-index: 5;
        }
        main {
          flex: none;
          height: max(440px, 76dvh);
        }
        main.empty {
          height: auto;
          min-height: 60dvh;
        }
        .left,
        .right {
          border: 0;
          border-top: 1px solid var(--line);
          overflow: visible;
        }
        status-line {
          position: sticky;
          bottom: 0;
          z-index: 5;
          flex: none;
          height: 24px;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('keydown', this.onKey);
    for (const kind of ['dragenter', 'dragover', 'dragleave', 'drop'] as const)
      window.addEventListener(kind, this.onDrag);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('keydown', this.onKey);
    for (const kind of ['dragenter', 'dragover', 'dragleave', 'drop'] as const)
      window.removeEventListener(kind, this.onDrag);
  }

  override firstUpdated(): void {
    this.history = new ViewHistory(this.session);
    keepHash(this.session);
    this.session.engine.ready().catch((error: unknown) => {
      this.session.say('error', 'The engine did not start', error instanceof Error ? error.message : String(error));
    });
  }

  /** Whether a card lies over the page. */
  get cardOpen(): boolean {
    return this.helpOpen || this.paletteOpen || this.rangeOpen;
  }
  toggleRangeCard(): void {
    this.rangeOpen = !this.rangeOpen;
  }
  toggleHelp(): void {
    this.helpOpen = !this.helpOpen;
    this.paletteOpen = false;
  }
  togglePalette(): void {
    this.paletteOpen = !this.paletteOpen;
    this.helpOpen = false;
  }

  /** Of what is open, under way or chosen, the uppermost goes. */
  letGo(): void {
    if (this.cardOpen) {
      this.helpOpen = false;
      this.paletteOpen = false;
      this.rangeOpen = false;
    } else if (this.session.loading) this.session.cancelOpen();
    else if (this.session.comparison.loading) this.session.comparison.close();
    else if (this.session.writing.progress) this.session.writing.cancel();
    else if (this.session.notice) this.session.dismiss();
    else if (this.session.selectedRow !== null) void this.session.select(null);
    else if (this.session.area.now) this.session.area.select(null);
    else void this.session.showMoment(null);
  }

  private readonly onCommand = (event: CustomEvent<Command>): void => {
    this.paletteOpen = false;
    // The palette is gone before the command looks for what has the focus.
    void this.updateComplete.then(() => event.detail.run(this));
  };

  async savePicture(form: 'png' | 'svg'): Promise<void> {
    const { plot, session } = this;
    if (!plot) return;
    const picture = await session.track(form === 'svg' ? plot.toSvg() : plot.toBlob());
    if (picture) saveFile(`lifecycles.${form}`, picture);
  }

  private readonly onKey = (event: KeyboardEvent): void => handleKey(event, this);

  private readonly onDrag = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    if (event.type === 'dragenter') this.dragDepth++;
    else if (event.type === 'dragleave') this.dragDepth--;
    else if (event.type === 'drop') {
      this.dragDepth = 0;
      const files = [...event.dataTransfer.files];
      if (this.comparesBy(event)) this.openSecond(files);
      else this.openFiles(files);
    }
    this.dropping = this.dragDepth <= 0 ? null : this.comparesBy(event) ? 'second' : 'first';
  };

  /** A file that is dropped with Alt, or on the view that compares, is the second trace. */
  private comparesBy(event: DragEvent): boolean {
    if (!this.session.trace || this.session.trace.preview) return false;
    return event.altKey || event.composedPath().some((at) => at instanceof DiffView);
  }

  private openSecond(files: File[]): void {
    if (files.length === 0) return;
    void this.session.setTab('diff');
    this.session.comparison.open(files.map((file) => ({ name: file.name, bytes: file }))).catch(() => undefined); // told in the notice
  }

  async chooseSecond(): Promise<void> {
    await this.session.setTab('diff');
    await this.updateComplete;
    await this.diffView?.updateComplete;
    this.diffView?.chooseFiles();
  }

  openFiles(files: File[], range: TimeRange | null = null): void {
    if (files.length === 0) return;
    const named = files.map((file) => ({ name: file.name, bytes: file }));
    this.session.open(named, null, range).catch(() => undefined); // told in the notice
  }

  private readonly onLabStarted = (event: CustomEvent<LabDetail & { name?: string }>): void => {
    this.labDetail = event.detail ?? {};
    void this.session.startLive(event.detail?.name ?? 'live lab');
  };
  private readonly onLabUpdated = (event: CustomEvent<LabDetail>): void => {
    this.labDetail = event.detail ?? {};
    void this.session.refreshLive();
  };
  private readonly onLabStopped = (event: CustomEvent<LabDetail>): void => {
    this.labDetail = event.detail ?? this.labDetail;
    void this.session.refreshLive();
  };

  private renderLab() {
    return html`<bufgc-lab
      class="lab-part"
      ?hidden=${this.session.mode !== 'lab'}
      .engine=${this.session.engine}
      .active=${this.session.mode === 'lab'}
      @lab-started=${this.onLabStarted}
      @lab-updated=${this.onLabUpdated}
      @lab-stopped=${this.onLabStopped}
    ></bufgc-lab>`;
  }

  override updated(): void {
    if (this.labBuilt && !this.lab) this.lab = this.renderRoot.querySelector<HTMLElement>('bufgc-lab') ?? undefined;
  }

  private renderView() {
    const { session } = this;
    if (!session.trace)
      return html`<empty-state .session=${session} ?lab-built=${this.labBuilt} @choose-files=${() => this.topBar.chooseFiles()}></empty-state>`;
    if (session.tab === 'table') return html`<buffer-table .session=${session}></buffer-table>`;
    if (session.tab === 'groups') return html`<flame-view .session=${session}></flame-view>`;
    if (session.tab === 'leaks') return html`<leaks-view .session=${session}></leaks-view>`;
    if (session.tab === 'reuse') return html`<reuse-view .session=${session}></reuse-view>`;
    if (session.tab === 'diff') return html`<diff-view .session=${session}></diff-view>`;
    if (session.tab === 'statistics')
      return html`<statistics-view .session=${session} .allocator=${session.trace.live ? this.labDetail.stats : undefined}></statistics-view>`;
    return html`<level-chart .session=${session}></level-chart><lifecycle-plot .session=${session}></lifecycle-plot>`;
  }

  /** Of a row, an area or a moment. */
  private renderAnswer() {
    const { session } = this;
    if (session.selectedRow === null && session.area.now) return html`<area-panel .session=${session}></area-panel>`;
    if (session.selectedRow === null && session.moment) return html`<moment-panel .session=${session}></moment-panel>`;
    return html`<details-panel .session=${session}></details-panel>`;
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    const inLab = session.mode === 'lab';
    return html`
      <top-bar role="banner" .session=${session} @open-files=${(event: CustomEvent<File[]>) => this.openFiles(event.detail)} @open-second=${() => void this.chooseSecond()} @open-help=${() => this.toggleHelp()} @save-picture=${(event: CustomEvent<'png' | 'svg'>) => void this.savePicture(event.detail)}></top-bar>
      <summary-strip role="region" aria-label="Summary" .session=${session}></summary-strip>
      <aside class="left" aria-label=${inLab ? 'Workload and filters' : 'Filters'} tabindex="-1">
        ${this.labBuilt ? this.renderLab() : nothing}
        <facets-panel .session=${session}></facets-panel>
      </aside>
      <main class=${session.trace ? '' : 'empty'}>
        <notice-bar .session=${session}></notice-bar>
        <mini-map .session=${session}></mini-map>
        <view-tabs .session=${session}></view-tabs>
        ${this.renderView()}
      </main>
      <aside class="right" aria-label="Details" tabindex="-1">
        ${this.labBuilt ? html`<bufgc-lab-output class="lab-part" ?hidden=${!inLab} .lab=${this.lab}></bufgc-lab-output>` : nothing}
        ${this.renderAnswer()}
      </aside>
      <status-line role="contentinfo" .session=${session} .labStatus=${inLab ? (this.labDetail.status ?? '') : ''}></status-line>
      ${this.dropping ? html`<div class="drop">${this.dropping === 'second' ? 'Drop to compare with the open trace' : 'Drop to open'}</div>` : nothing}
      ${this.paletteOpen ? html`<command-palette .hasTrace=${session.trace !== null} @choose=${this.onCommand} @close=${() => (this.paletteOpen = false)}></command-palette>` : nothing}
      ${this.rangeOpen ? html`<range-card @open-range=${({ detail: { files, range } }: CustomEvent<RangeOfFiles>) => this.openFiles(files, range)} @close=${() => (this.rangeOpen = false)}></range-card>` : nothing}
      ${this.helpOpen ? html`<help-overlay @close=${() => (this.helpOpen = false)}></help-overlay>` : nothing}
    `;
  }
}
