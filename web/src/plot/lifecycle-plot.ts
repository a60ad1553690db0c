// The lifecycle plot: time × address, each buffer a rectangle from allocation to release; or time × live bytes,
// each buffer a slice of the stack. The engine paints them; here stand axes, selection, pointer, and the pictures' places.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, queryAll, state } from 'lit/decorators.js';
import type { Layout, RowDetails, View } from '../engine/protocol.js';
import { bytes, count, label, plural, time } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import type { Session } from '../store/session.js';
import { theme } from '../store/theme.js';
import { fitView } from '../store/view.js';
import { base } from '../styles.js';
import { Pictures, type Wish } from './pictures.js';
import { type Area, PlotPointer } from './pointer.js';
import { GUTTER, type Scale, scaleOf } from './scale.js';
import { axisTicks, byteTicks } from './ticks.js';

const AXIS_HEIGHT = 24;
const PIXEL_TOLERANCE = 3;
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
  @query('canvas.ink') private canvas!: HTMLCanvasElement;
  @queryAll('.pictures canvas') private pictureCanvases!: NodeListOf<HTMLCanvasElement>;

  private pictures: Pictures | null = null;
  private hoverRects: View[] = [];
  private selectedRects: View[] = [];
  private area: Area | null = null;
  private frame = 0;
  private colors: Record<string, string> = {};
  private readonly resized = new ResizeObserver(() => this.schedule());
  private readonly hits = new Latest<number | null>();
  private readonly selections = new Latest<View[]>();
  private readonly pointer = new PlotPointer(this);

  constructor() {
    super();
    new Follows(this, ['view', 'trace', 'layout', 'filter'], () => this.schedule());
    new Follows(this, ['selection', 'trace', 'view'], () => void this.placeSelection());
    new Follows(this, ['cursor', 'moment'], () => this.schedule());
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
      .pictures {
        position: absolute;
        inset: 0 0 ${AXIS_HEIGHT}px ${GUTTER}px;
        overflow: hidden;
        contain: strict;
      }
      .pictures canvas {
        position: absolute;
        left: 0;
        top: 0;
        width: 100%;
        height: 100%;
        transform-origin: 0 0;
        will-change: transform;
      }
      .ink {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        z-index: 2;
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
    this.pointer.attach(this.canvas);
    this.readColors();
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
    this.readColors();
    this.schedule();
  };

  private readColors(): void {
    const computed = getComputedStyle(document.documentElement);
    for (const name of ['ground', 'ink', 'ink-2', 'line', 'grid', 'alive'])
      this.colors[name] = computed.getPropertyValue(`--${name}`).trim();
    this.colors.sans = computed.getPropertyValue('--sans');
    this.colors.mono = computed.getPropertyValue('--mono');
  }

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

  setArea(area: Area | null): void {
    this.area = area;
    this.schedule();
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
    this.schedule();
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
    if (!rects || row !== session.selectedRow) return;
    this.selectedRects = rects;
    this.schedule();
  }

  // Drawing ---------------------------------------------------------------------------------

  private paint(): void {
    this.frame = 0;
    const { session, canvas } = this;
    if (!session?.trace || !canvas) return;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.clientWidth * ratio);
    const height = Math.round(this.clientHeight * ratio);
    if (width === 0 || height === 0) return;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const scale = this.scale();
    const { area } = scale;
    const wish: Wish = {
      view: session.view,
      whole: fitView(session.trace.bounds, session.axis),
      width: Math.max(1, Math.round(area.width * ratio)),
      height: Math.max(1, Math.round(area.height * ratio)),
      style: {
        layout: session.layout,
        axis: session.axis,
        colorBy: session.colorBy,
        theme: theme.resolved,
        filter: session.filter,
        showCached: session.showCached,
        revision: session.trace.revision,
      },
    };
    this.pictures?.want(wish);
    this.pictures?.place(wish, area);
    if (session.columns !== wish.width) {
      session.columns = wish.width;
      void this.placeSelection();
    }

    const context = canvas.getContext('2d')!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.clientWidth, this.clientHeight);
    context.save();
    context.beginPath();
    context.rect(area.left, area.top, area.width, area.height);
    context.clip();
    this.drawGrid(context, scale);
    this.drawMarks(context, scale);
    this.outline(context, scale, this.hoverRects, 1);
    this.outline(context, scale, this.selectedRects, 2);
    this.drawMoment(context, scale);
    this.drawCrosshair(context, scale);
    this.drawArea(context);
    context.restore();
    this.drawAxes(context, scale);
  }

  private drawGrid(context: CanvasRenderingContext2D, scale: Scale): void {
    // Over the pictures, which are opaque: so faint that it never competes with data.
    context.globalAlpha = 0.07;
    context.fillStyle = this.colors.ink!;
    for (const { at } of this.timeTicks(scale)) context.fillRect(Math.round(scale.xOf(at)), 0, 1, scale.area.height);
    for (const { at } of this.addressTicks(scale))
      context.fillRect(scale.area.left, Math.round(scale.pixelOf(at)), scale.area.width, 1);
    context.globalAlpha = 1;
  }

  private timeTicks(scale: Scale) {
    return axisTicks(this.session!.axis, scale.view.t0, scale.view.t1, scale.area.width / 96);
  }

  private addressTicks(scale: Scale) {
    return byteTicks(scale.view.y0, scale.view.y1, scale.area.height / 40);
  }

  private drawAxes(context: CanvasRenderingContext2D, scale: Scale): void {
    const { area } = scale;
    const bottom = area.top + area.height;
    context.fillStyle = this.colors.line!;
    context.fillRect(area.left - 1, area.top, 1, area.height);
    context.fillRect(area.left - 1, bottom, area.width + 1, 1);
    context.fillStyle = this.colors['ink-2']!;
    context.font = `11px ${this.colors.mono}`;
    context.textBaseline = 'middle';
    context.textAlign = 'center';
    for (const { at, text } of this.timeTicks(scale)) {
      const x = scale.xOf(at);
      const half = context.measureText(text).width / 2;
      const shown = Math.min(Math.max(x, area.left + half - 4), area.left + area.width - half - 2);
      context.fillText(text, shown, bottom + 13);
      context.fillRect(Math.round(x), bottom, 1, 4);
    }
    context.textAlign = 'right';
    for (const { at, text } of this.addressTicks(scale)) {
      const y = scale.pixelOf(at);
      context.fillText(text, area.left - 8, Math.min(bottom - 6, Math.max(area.top + 7, y)));
      context.fillRect(area.left - 4, Math.round(Math.min(y, bottom - 1)), 4, 1);
    }
    context.font = `11px ${this.colors.sans}`;
    context.textAlign = 'left';
    context.fillText(this.session!.axis === 'event' ? 'event' : 'time', 12, bottom + 13);
  }

  private drawMarks(context: CanvasRenderingContext2D, scale: Scale): void {
    const session = this.session!;
    context.fillStyle = this.colors['ink-2']!;
    context.globalAlpha = 0.5;
    for (const mark of session.trace!.marks) {
      const at = session.axis === 'event' ? mark.event : mark.timeNs;
      if (at >= scale.view.t0 && at <= scale.view.t1)
        context.fillRect(Math.round(scale.xOf(at)), 0, 1, scale.area.height);
    }
    context.globalAlpha = 1;
  }

  /** Around each place of a buffer; where it moved or slid, a line leads from one to the next. */
  private outline(context: CanvasRenderingContext2D, scale: Scale, rects: View[], weight: number): void {
    if (rects.length === 0) return;
    context.beginPath();
    if (this.session!.layout === 'stack') this.traceSteps(context, scale, rects);
    else this.traceRects(context, scale, rects);
    context.lineWidth = weight + 2;
    context.strokeStyle = this.colors.ground!;
    context.stroke();
    context.lineWidth = weight;
    context.strokeStyle = this.colors.ink!;
    context.stroke();
  }

  private traceRects(context: CanvasRenderingContext2D, scale: Scale, rects: View[]): void {
    for (const [index, rect] of rects.entries()) {
      const x = scale.xOf(rect.t0);
      const y = scale.pixelOf(rect.y1);
      const h = Math.max(2, scale.pixelOf(rect.y0) - y);
      const before = rects[index - 1];
      if (before) {
        context.moveTo(x, scale.pixelOf((before.y0 + before.y1) / 2));
        context.lineTo(x, y + h / 2);
      }
      context.rect(x, y, Math.max(2, scale.xOf(rect.t1) - x), h);
    }
  }

  /** One line around all steps: along their upper edges and back along the lower ones. */
  private traceSteps(context: CanvasRenderingContext2D, scale: Scale, steps: View[]): void {
    for (const { t0, t1, y1 } of steps) {
      context.lineTo(scale.xOf(t0), scale.pixelOf(y1));
      context.lineTo(scale.xOf(t1), scale.pixelOf(y1));
    }
    for (const { t0, t1, y0, y1 } of steps.toReversed()) {
      const bottom = Math.max(scale.pixelOf(y0), scale.pixelOf(y1) + 2);
      context.lineTo(scale.xOf(t1), bottom);
      context.lineTo(scale.xOf(t0), bottom);
    }
    context.closePath();
  }

  private drawMoment(context: CanvasRenderingContext2D, scale: Scale): void {
    const at = this.session!.momentAt();
    if (at === null) return;
    const x = Math.round(scale.xOf(at));
    context.fillStyle = this.colors.ground!;
    context.fillRect(x - 1, 0, 4, scale.area.height);
    context.fillStyle = this.colors.ink!;
    context.fillRect(x, 0, 2, scale.area.height);
  }

  private drawCrosshair(context: CanvasRenderingContext2D, scale: Scale): void {
    const at = this.session!.cursorAt();
    if (at === null) return;
    context.fillStyle = this.colors['ink-2']!;
    context.fillRect(Math.round(scale.xOf(at)), 0, 1, scale.area.height);
  }

  private drawArea(context: CanvasRenderingContext2D): void {
    if (!this.area) return;
    const { x0, y0, x1, y1 } = this.area;
    context.globalAlpha = 0.12;
    context.fillStyle = this.colors.ink!;
    context.fillRect(x0, y0, x1 - x0, y1 - y0);
    context.globalAlpha = 1;
    context.lineWidth = 1;
    context.strokeStyle = this.colors.ink!;
    context.strokeRect(x0 + 0.5, y0 + 0.5, x1 - x0, y1 - y0);
  }

  /** The picture as it stands, for saving. */
  toBlob(): Promise<Blob | null> {
    const copy = document.createElement('canvas');
    copy.width = this.canvas.width;
    copy.height = this.canvas.height;
    const context = copy.getContext('2d')!;
    context.fillStyle = this.colors.ground!;
    context.fillRect(0, 0, copy.width, copy.height);
    const { area } = this.scale();
    const ratio = copy.width / this.clientWidth;
    context.save();
    context.setTransform(ratio, 0, 0, ratio, area.left * ratio, area.top * ratio);
    context.beginPath();
    context.rect(0, 0, area.width, area.height);
    context.clip();
    this.pictures?.paint(context, area);
    context.restore();
    context.drawImage(this.canvas, 0, 0);
    return new Promise((resolve) => copy.toBlob(resolve, 'image/png'));
  }

  private renderTip() {
    if (!this.hover || this.area) return nothing;
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
      <canvas
        class="ink"
        role="img"
        tabindex="0"
        aria-label="Lifecycles of ${buffers} buffers: time across, ${UPWARDS[this.session?.layout ?? 'address']}. The table holds the same buffers as rows."
      ></canvas>
      ${this.renderTip()}`;
  }
}
