// The lifecycle plot: time × address, each buffer a rectangle from allocation to release; or time × live bytes,
// each buffer a slice of the stack. The engine paints them; here the pictures, what lies over them and the axes are
// put in their places, and the pointer asks what is under it.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, queryAll, state } from 'lit/decorators.js';
import type { Axis, Layout, RowDetails, View } from '../engine/protocol.js';
import { bytes, count, label, plural, time } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import type { Session, Trace } from '../store/session.js';
import { theme } from '../store/theme.js';
import { fitView } from '../store/view.js';
import { base } from '../styles.js';
import { AXIS_HEIGHT, drawPlaceAxis, drawTimeAxis } from './axes.js';
import { type Colors, readColors } from './colors.js';
import type { Extent } from './layer.js';
import { Overlay } from './overlay.js';
import { Pictures, type Wish } from './pictures.js';
import { PlotPointer } from './pointer.js';
import { GUTTER, type Scale, sameScale, scaleOf } from './scale.js';
import { svgOf } from './svg.js';

const PIXEL_TOLERANCE = 3;
/** With more rectangles an SVG is slow to draw and larger than a picture of them. */
const MOST_RECTANGLES = 4000;
/** What the vertical axis is, for those who do not see it. */
const UPWARDS: Record<Layout, string> = {
  address: 'address up',
  stack: 'live bytes up, buffers on each other in order of birth',
  packed: 'place in a packed layout up',
};

@customElement('lifecycle-plot')
export class LifecyclePlot extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private hover: { details: RowDetails; x: number; y: number } | null = null;
  @query('.ink') private ink!: HTMLElement;
  @query('.times') private timeAxis!: HTMLCanvasElement;
  @query('.places') private placeAxis!: HTMLCanvasElement;
  @query('.over canvas') private overCanvas!: HTMLCanvasElement;
  @queryAll('.pictures canvas') private pictureCanvases!: NodeListOf<HTMLCanvasElement>;

  private pictures: Pictures | null = null;
  private overlay: Overlay | null = null;
  /** Whether what lies over the pictures has changed; a new range alone only moves it. */
  private stale = true;
  private hoverRects: View[] = [];
  private selectedRects: View[] = [];
  /** The area that is being drawn by the pointer. */
  private dragged: View | null = null;
  private frame = 0;
  /** What the axes show. */
  private axes: { scale: Scale; axis: Axis; colors: Colors } | null = null;
  private colors: Colors = readColors();
  private readonly resized = new ResizeObserver(() => this.redraw());
  private readonly hits = new Latest<number | null>();
  private readonly selections = new Latest<View[]>();
  private readonly pointer = new PlotPointer(this);

  constructor() {
    super();
    new Follows(this, ['view'], () => this.schedule());
    new Follows(this, ['filter'], () => this.paintNow());
    new Follows(this, ['trace', 'layout', 'cursor', 'moment', 'area'], () => this.redraw());
    new Follows(this, ['selection', 'trace', 'layout'], () => void this.placeSelection());
    new Follows(this, ['view'], () => this.session?.layout === 'stack' && void this.placeSelection());
    new Follows(this, ['layout']);
    theme.addEventListener('change', this.onTheme);
  }

  static override styles = [
    base,
    css`
      :host {
        position: relative;
        overflow: hidden;
        background: var(--ground);
      }
      .pictures,
      .over {
        position: absolute;
        inset: 0 0 ${AXIS_HEIGHT}px ${GUTTER}px;
        overflow: hidden;
        contain: strict;
      }
      .over {
        z-index: 2;
        pointer-events: none;
      }
      .pictures canvas,
      .over canvas {
        position: absolute;
        left: 0;
        top: 0;
        width: 100%;
        height: 100%;
        transform-origin: 0 0;
        will-change: transform;
      }
      .times {
        position: absolute;
        left: 0;
        bottom: 0;
        width: 100%;
        height: ${AXIS_HEIGHT}px;
      }
      .places {
        position: absolute;
        left: 0;
        top: 0;
        width: ${GUTTER}px;
        height: calc(100% - ${AXIS_HEIGHT}px);
      }
      .ink {
        position: absolute;
        inset: 0;
        z-index: 3;
        touch-action: none;
        cursor: crosshair;
      }
      .ink.panning {
        cursor: grabbing;
      }
      .tip {
        position: absolute;
        z-index: 4;
        left: 0;
        top: 0;
        max-width: 280px;
        padding: var(--gap-1) var(--gap-2);
        border: 1px solid var(--line-strong);
        border-radius: var(--radius);
        background: var(--raised);
        box-shadow: var(--shadow);
        pointer-events: none;
      }
      .tip b {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        font-weight: 600;
      }
      .alive {
        color: var(--bad);
      }
    `,
  ];

  override firstUpdated(): void {
    this.resized.observe(this);
    this.pointer.attach(this.ink);
    this.overlay = new Overlay(this.overCanvas);
    const session = this.session!;
    this.pictures = new Pictures(
      this.pictureCanvases,
      session.engine,
      (work) => session.track(work),
      () => this.schedule(),
      (error) =>
        session.say('error', 'The picture could not be drawn', error instanceof Error ? error.message : String(error)),
    );
    void this.placeSelection();
    this.schedule();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
    theme.removeEventListener('change', this.onTheme);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.pictures?.drop();
    this.pictures = null;
  }

  private readonly onTheme = (): void => {
    this.colors = readColors();
    this.redraw();
  };

  /** The plot's area in CSS pixels of this element, and the visible range. */
  scale(): Scale {
    const { clientWidth, clientHeight } = this;
    return scaleOf(this.session!.view, {
      left: GUTTER,
      top: 0,
      width: Math.max(1, clientWidth - GUTTER),
      height: Math.max(1, clientHeight - AXIS_HEIGHT),
    });
  }

  schedule(): void {
    if (this.frame === 0 && this.isConnected) this.frame = requestAnimationFrame(() => this.paint());
  }

  /** What comes once a click and not many times a frame: the engine need not wait for the frame. */
  private paintNow(): void {
    cancelAnimationFrame(this.frame);
    this.paint();
  }

  private redraw(): void {
    this.stale = true;
    this.schedule();
  }

  setDragged(area: View | null): void {
    if (area === this.dragged) return;
    this.dragged = area;
    this.redraw();
  }

  // Asking ----------------------------------------------------------------------------------

  /** The row under a point of the window. */
  rowAt(clientX: number, clientY: number): Promise<number | null> {
    const box = this.getBoundingClientRect();
    return this.rowAtLocal(clientX - box.left, clientY - box.top);
  }

  private async rowAtLocal(x: number, y: number): Promise<number | null> {
    const { session } = this;
    if (!session?.trace) return null;
    const scale = this.scale();
    if (!scale.contains(x, y)) return null;
    const frame = session.frame();
    const exact = await session.engine.hitTest(session.axis, scale.tOf(x), scale.yOf(y), 0, 0, frame);
    return (
      exact ??
      session.engine.hitTest(
        session.axis,
        scale.tOf(x),
        scale.yOf(y),
        PIXEL_TOLERANCE * scale.tPerPixel,
        PIXEL_TOLERANCE * scale.yPerPixel,
        frame,
      )
    );
  }

  private rectsOf(row: number): Promise<View[]> {
    const { engine, axis } = this.session!;
    return engine.rectsOf(axis, row, this.session!.frame());
  }

  /** Where a row stands in the window: the middle of the longest part that is in sight of it. */
  async placeOf(row: number) {
    if (!this.session?.trace) return null;
    const rects = await this.rectsOf(row);
    const scale = this.scale();
    const box = this.getBoundingClientRect();
    const places = rects.map((rect) => {
      const left = Math.max(scale.area.left, scale.xOf(rect.t0));
      const right = Math.min(scale.area.left + scale.area.width, scale.xOf(rect.t1));
      const top = Math.max(scale.area.top, scale.pixelOf(rect.y1));
      const bottom = Math.min(scale.area.top + scale.area.height, scale.pixelOf(rect.y0));
      return {
        x: box.left + (left + right) / 2,
        y: box.top + (top + bottom) / 2,
        left: box.left + left,
        top: box.top + top,
        width: right - left,
        height: bottom - top,
      };
    });
    const inSight = places.filter(({ width, height }) => width > 0 && height > 0);
    return inSight.reduce<(typeof places)[0] | null>((a, b) => (a && a.width >= b.width ? a : b), places[0] ?? null);
  }

  /** The pointer stands over a point of this element. */
  async pointAt(x: number, y: number): Promise<void> {
    const { session } = this;
    const scale = this.scale();
    if (!session?.trace || !scale.contains(x, y)) {
      this.pointAway();
      return;
    }
    const at = scale.tOf(x);
    const row = await this.hits.ask(() => this.rowAtLocal(x, y));
    if (row === undefined) return;
    void session.pointAt(at, scale.yOf(y));
    if (row === null) this.setHover(null, []);
    else if (this.hover?.details.row === row) this.hover = { ...this.hover, x, y };
    else {
      const [details, rects] = await Promise.all([session.engine.row(row), this.rectsOf(row)]);
      this.setHover({ details, x, y }, rects);
    }
  }

  pointAway(): void {
    this.hits.forget();
    this.setHover(null, []);
    this.session?.pointAway();
  }

  private setHover(hover: typeof this.hover, rects: View[]): void {
    this.hover = hover;
    this.hoverRects = rects;
    this.redraw();
  }

  async clickAt(x: number, y: number): Promise<void> {
    const row = await this.rowAtLocal(x, y);
    await this.session?.select(row);
  }

  private async placeSelection(): Promise<void> {
    const { session } = this;
    if (!session) return;
    const row = session.selectedRow;
    const rects = await this.selections.ask(async () => (row === null || !session.trace ? [] : this.rectsOf(row)));
    if (!rects || row !== session.selectedRow || (rects.length === 0 && this.selectedRects.length === 0)) return;
    this.selectedRects = rects;
    this.redraw();
  }

  // Drawing ---------------------------------------------------------------------------------

  private paint(): void {
    this.frame = 0;
    const { session, pictures } = this;
    if (!session?.trace || !pictures || this.clientWidth === 0 || this.clientHeight === 0) return;
    const scale = this.scale();
    const { area } = scale;
    const wish = this.wish(scale, session.trace);
    pictures.want(wish);
    pictures.place(wish, area);
    if (session.columns !== wish.width) {
      session.columns = wish.width;
      void this.placeSelection();
    }
    const moving = this.placeAxes(scale, session.axis);
    this.placeOverlay(scale, pictures.shows(wish) && !moving);
    if (moving) this.schedule();
  }

  /** Whether they had to be drawn: the range is another than a frame ago. */
  private placeAxes(scale: Scale, axis: Axis): boolean {
    const { axes, colors } = this;
    if (axes && axes.axis === axis && axes.colors === colors && sameScale(axes.scale, scale)) return false;
    this.axes = { scale, axis, colors };
    drawTimeAxis(this.timeAxis, axis, scale, colors);
    drawPlaceAxis(this.placeAxis, scale, colors);
    return true;
  }

  /** Drawn anew when it has changed, and sharp once the range stands still; else moved. */
  private placeOverlay(scale: Scale, sharp: boolean): void {
    const { overlay, session } = this;
    if (!overlay || !session?.trace) return;
    if (this.stale || !overlay.serves(scale.view, sharp))
      overlay.draw(
        {
          axis: session.axis,
          layout: session.layout,
          marks: session.trace.marks,
          hovered: this.hoverRects,
          selected: this.selectedRects,
          moment: session.momentAt(),
          cursor: session.cursorAt(),
          area: this.dragged ?? session.area.now?.view ?? null,
        },
        scale,
        this.colors,
      );
    this.stale = false;
    overlay.place(scale.view, scale.area);
  }

  private wish({ view, area }: Scale, trace: Trace): Wish {
    const session = this.session!;
    const ratio = window.devicePixelRatio || 1;
    return {
      view,
      whole: fitView(trace.bounds, session.axis),
      width: Math.max(1, Math.round(area.width * ratio)),
      height: Math.max(1, Math.round(area.height * ratio)),
      style: {
        layout: session.layout,
        axis: session.axis,
        colorBy: session.colorBy,
        theme: theme.resolved,
        filter: session.filter,
        showCached: session.showCached,
        revision: trace.revision,
      },
    };
  }

  /** The plot as shapes and text, for saving. */
  async toSvg(): Promise<Blob | null> {
    const { session } = this;
    if (!session?.trace) return null;
    const scale = this.scale();
    const { axis, trace } = session;
    const { view, width, height, style } = this.wish(scale, trace);
    const shapes = await session.engine.rectangles(axis, view, width, height, style, MOST_RECTANGLES);
    const svg = svgOf({
      axis,
      scale,
      colors: this.colors,
      marks: trace.marks,
      area: session.area.now?.view ?? null,
      moment: session.momentAt(),
      shapes: shapes ?? this.paintedPictures(scale.area, width, height),
    });
    return new Blob([svg], { type: 'image/svg+xml' });
  }

  /** What the engine painted, without what lies over it, as an address that holds all of it. */
  private paintedPictures(extent: Extent, width: number, height: number): string {
    const copy = document.createElement('canvas');
    copy.width = width;
    copy.height = height;
    const context = copy.getContext('2d')!;
    context.scale(width / extent.width, height / extent.height);
    this.pictures?.paint(context, extent);
    return copy.toDataURL();
  }

  /** The plot as it stands, for saving. */
  toBlob(): Promise<Blob | null> {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this;
    const copy = document.createElement('canvas');
    copy.width = Math.round(clientWidth * ratio);
    copy.height = Math.round(clientHeight * ratio);
    const context = copy.getContext('2d')!;
    context.scale(ratio, ratio);
    context.fillStyle = this.colors.ground;
    context.fillRect(0, 0, clientWidth, clientHeight);
    const { area } = this.scale();
    context.drawImage(this.timeAxis, 0, area.top + area.height, clientWidth, AXIS_HEIGHT);
    context.drawImage(this.placeAxis, 0, area.top, area.left, area.height);
    context.translate(area.left, area.top);
    context.beginPath();
    context.rect(0, 0, area.width, area.height);
    context.clip();
    this.pictures?.paint(context, area);
    this.overlay?.paint(context, area);
    return new Promise((resolve) => copy.toBlob(resolve, 'image/png'));
  }

  private renderTip() {
    if (!this.hover || this.dragged) return nothing;
    const { details, x, y } = this.hover;
    const right = x > this.clientWidth / 2;
    const below = y < this.clientHeight / 2;
    const place = `transform: translate(${right ? `calc(${x - 12}px - 100%)` : `${x + 12}px`}, ${below ? `${y + 12}px` : `calc(${y - 12}px - 100%)`})`;
    return html`<div class="tip" .style=${place}>
      <b>${label(details.label) || `buffer ${details.idText}`}</b>
      <span class="number">${bytes(details.size)}</span> ${label(`${details.dtype} ${details.shape}`)}<br />
      ${
        details.freeEvent === null
          ? html`<span class="alive">never released</span>`
          : html`<span class="muted">lived</span> <span class="number">${count(details.lifetimeEvents)}</span>
              <span class="muted">events,</span> <span class="number">${time(details.lifetimeNs)}</span>`
      }${details.moves.length > 0 ? html`<br /><span class="muted">moved</span> ${plural(details.moves.length, 'time')}` : nothing}
    </div>`;
  }

  override render() {
    const buffers = this.session?.trace?.summary.buffers ?? 0;
    return html`<div class="pictures" aria-hidden="true"><canvas></canvas><canvas></canvas><canvas></canvas></div>
      <div class="over" aria-hidden="true"><canvas></canvas></div>
      <canvas class="times" aria-hidden="true"></canvas>
      <canvas class="places" aria-hidden="true"></canvas>
      <div
        class="ink"
        role="img"
        tabindex="0"
        aria-label="Lifecycles of ${buffers} buffers: time across, ${UPWARDS[this.session?.layout ?? 'address']}. The table holds the same buffers as rows."
      ></div>
      ${this.renderTip()}`;
  }
}
