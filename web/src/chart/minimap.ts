// All of time in one strip: levels, phases, and a brush over the visible range.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, queryAll } from 'lit/decorators.js';
import type { Levels } from '../engine/protocol.js';
import { count, label, time } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { theme } from '../store/theme.js';
import { extentOf, panView } from '../store/view.js';
import { base } from '../styles.js';
import { hatch } from './hatch.js';

const HEIGHT = 40;
/** A range too short to see is still marked. */
const LEAST_BRUSH = 4;
const SETTLED_MS = 200;
type Grip = 'left' | 'right' | 'middle';

@customElement('mini-map')
export class MiniMap extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @query('canvas') private canvas!: HTMLCanvasElement | null;
  @query('.brush') private brush!: HTMLElement | null;
  @queryAll('.shade') private shades!: NodeListOf<HTMLElement>;

  private levels: Levels | null = null;
  private loadedFor = '';
  private width = 1;
  private timer: number | undefined;
  private readonly asked = new Latest<Levels>();
  private readonly resized = new ResizeObserver(() => this.onSize());

  constructor() {
    super();
    const pace = new Pace(() => {
      this.requestUpdate();
      void this.updateComplete.then(() => this.load());
    }, 200);
    new Follows(this, ['trace', 'layout'], () => pace.call(this.session?.trace?.live ?? false));
    new Follows(this, ['view'], () => this.onView());
    theme.addEventListener('change', () => this.paint());
    this.resized.observe(this);
  }

  static override styles = [
    base,
    css`
      .strip {
        position: relative;
        height: 48px;
        padding-left: 72px;
        border-bottom: 1px solid var(--line);
        background: var(--surface);
        user-select: none;
        touch-action: pan-y;
      }
      .track {
        position: relative;
        height: 48px;
        background: var(--ground);
        border-left: 1px solid var(--line);
        cursor: crosshair;
        overflow: hidden;
        contain: strict;
      }
      .strip.marked,
      .marked .track {
        height: 60px;
      }
      canvas {
        position: absolute;
        left: 0;
        bottom: 0;
        width: 100%;
        height: 40px;
      }
      .name {
        position: absolute;
        left: 12px;
        top: 0;
        line-height: 20px;
        color: var(--ink-2);
        font-size: var(--type-1);
      }
      .marks {
        position: absolute;
        inset: 0;
        pointer-events: none;
      }
      .mark {
        position: absolute;
        top: 0;
        bottom: 0;
        padding-left: var(--gap-1);
        border-left: 1px solid var(--line-strong);
        color: var(--ink-2);
        font-size: var(--type-1);
        line-height: 20px;
        white-space: nowrap;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .shade {
        position: absolute;
        top: 0;
        bottom: 0;
        left: 0;
        width: 100%;
        transform-origin: 0 0;
        background: var(--veil);
        pointer-events: none;
      }
      .brush {
        position: absolute;
        top: 0;
        bottom: 0;
        left: 0;
        border: 1px solid var(--ink);
        border-radius: var(--radius);
        cursor: grab;
      }
      .brush:active {
        cursor: grabbing;
      }
      .brush.all {
        border-color: transparent;
      }
      .grip {
        position: absolute;
        top: 0;
        bottom: 0;
        width: 8px;
        cursor: ew-resize;
      }
      .grip.left {
        left: -4px;
      }
      .grip.right {
        right: -4px;
      }
    `,
  ];

  private onSize(): void {
    this.measure();
    void this.load();
  }

  private measure(): void {
    this.width = Math.max(1, this.canvas?.clientWidth ?? 1);
    this.placeBrush();
  }

  private extent(): number {
    const { session } = this;
    return session?.trace ? extentOf(session.trace.bounds, session.axis) : 1;
  }

  private async load(): Promise<void> {
    const { session, canvas } = this;
    if (!session?.trace || !canvas) return;
    const columns = Math.max(1, Math.round(canvas.clientWidth));
    const { axis, trace } = session;
    const key = `${trace.revision} ${axis} ${columns}`;
    if (key === this.loadedFor) return;
    const levels = await session.track(this.asked.ask(() => session.engine.levels(axis, 0, this.extent(), columns)));
    if (!levels) return;
    this.loadedFor = key;
    this.levels = levels;
    this.paint();
  }

  private paint(): void {
    const { canvas, levels, session } = this;
    if (!canvas || !levels || !session?.trace) return;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(HEIGHT * ratio);
    const context = canvas.getContext('2d')!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const computed = getComputedStyle(document.documentElement);
    const color = (name: string) => computed.getPropertyValue(`--${name}`).trim();
    const { summary } = session.trace;
    const ceiling = Math.max(1, summary.max_reserved_bytes, summary.max_live_bytes) * 1.04;
    const n = levels.x.length;
    const perColumn = width / Math.max(1, n);
    const y = (value: number) => HEIGHT - (value / ceiling) * HEIGHT;
    const fill = (style: string | CanvasPattern, top: (i: number) => number, bottom: (i: number) => number) => {
      context.fillStyle = style;
      for (let i = 0; i < n; i++)
        context.fillRect(i * perColumn, top(i), perColumn + 0.5, Math.max(0, bottom(i) - top(i)));
    };
    const live = (i: number) => y(levels.liveMax[i] ?? 0);
    const cached = (i: number) => {
      const stacked = (levels.liveMax[i] ?? 0) + (levels.cachedMax[i] ?? 0);
      return y(Math.max(levels.liveMax[i] ?? 0, Math.min(stacked, levels.reservedMax[i] ?? 0)));
    };
    fill(hatch(context, color('cached')), cached, live);
    fill(color('live'), live, () => HEIGHT);
    context.fillStyle = color('reserved');
    for (let i = 0; i < n; i++) context.fillRect(i * perColumn, y(levels.reservedMax[i] ?? 0), perColumn + 0.5, 1);
  }

  // The brush -------------------------------------------------------------------------------

  private onView(): void {
    this.placeBrush();
    // What it is called is heard, not seen: once the range stands.
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.requestUpdate(), SETTLED_MS);
  }

  override updated(): void {
    this.measure();
  }

  /** Moves what marks the range, without a layout of the page. */
  private placeBrush(): void {
    const { session, brush, width } = this;
    if (!session?.trace || !brush) return;
    const [before, after] = this.shades;
    const extent = this.extent();
    const left = (session.view.t0 / extent) * width;
    const right = (session.view.t1 / extent) * width;
    before!.style.transform = `scaleX(${left / width})`;
    after!.style.transform = `translateX(${right}px)`;
    brush.style.transform = `translateX(${left}px)`;
    const wide = `${Math.max(LEAST_BRUSH, right - left)}px`;
    if (brush.style.width !== wide) brush.style.width = wide;
    brush.classList.toggle('all', session.isFit());
  }

  private readonly onDown = (event: PointerEvent): void => {
    const { session } = this;
    if (!session?.trace || event.button > 0) return;
    const track = event.currentTarget as HTMLElement;
    const box = track.getBoundingClientRect();
    const perPixel = this.extent() / box.width;
    const at = (clientX: number) => Math.min(this.extent(), Math.max(0, (clientX - box.left) * perPixel));
    const grip = ((event.target as HTMLElement).dataset.grip as Grip | undefined) ?? null;
    const begin = at(event.clientX);
    const { view } = session;
    const move = (now: PointerEvent) => {
      const there = at(now.clientX);
      if (grip === 'left') session.setView({ ...view, t0: Math.min(there, view.t1 - perPixel) });
      else if (grip === 'right') session.setView({ ...view, t1: Math.max(there, view.t0 + perPixel) });
      else if (grip === 'middle' && !session.isFit() && view.t1 - view.t0 < this.extent())
        session.setView(panView(view, there - begin, 0));
      else if (Math.abs(there - begin) > 3 * perPixel)
        session.setView({ ...view, t0: Math.min(begin, there), t1: Math.max(begin, there) });
    };
    const up = (now: PointerEvent) => {
      track.removeEventListener('pointermove', move);
      // A click beside the brush brings it there.
      if (grip === null && Math.abs(at(now.clientX) - begin) <= 3 * perPixel) {
        const half = (view.t1 - view.t0) / 2;
        session.glideTo({ ...view, t0: begin - half, t1: begin + half });
      }
    };
    track.setPointerCapture(event.pointerId);
    track.addEventListener('pointermove', move);
    track.addEventListener('pointerup', up, { once: true });
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    const { session } = this;
    const direction = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!session || !direction) return;
    session.glideTo(panView(session.view, (direction * (session.view.t1 - session.view.t0)) / 5, 0));
    event.preventDefault();
  };

  private renderMarks(session: Session) {
    const extent = this.extent();
    const marks = session.trace!.marks.slice(0, 200);
    return marks.map((mark, i) => {
      const at = (m: { event: number; timeNs: number }) =>
        (100 * (session.axis === 'event' ? m.event : m.timeNs)) / extent;
      const next = marks[i + 1];
      const from = at(mark);
      const width = (next ? at(next) : 100) - from;
      return html`<span class="mark" title=${label(mark.name, 400)} .style=${`left: ${from}%; width: ${width}%`}>${width > 3 ? label(mark.name) : ''}</span>`;
    });
  }

  override render() {
    const { session } = this;
    if (!session?.trace) return nothing;
    const extent = this.extent();
    const name = (at: number) => (session.axis === 'event' ? `event ${count(at)}` : time(at));
    return html`<div class="strip ${session.trace.marks.length > 0 ? 'marked' : ''}">
      <span class="name">all</span>
      <div class="track" @pointerdown=${this.onDown}>
        <canvas aria-hidden="true"></canvas>
        <div class="marks">${this.renderMarks(session)}</div>
        <div class="shade"></div>
        <div class="shade"></div>
        <div
          class="brush"
          data-grip="middle"
          role="slider"
          tabindex="0"
          aria-label="Visible range"
          aria-valuemin="0"
          aria-valuemax=${Math.round(extent)}
          aria-valuenow=${Math.round(session.view.t0)}
          aria-valuetext="${name(session.view.t0)} to ${name(session.view.t1)}"
          @keydown=${this.onKey}
        >
          <span class="grip left" data-grip="left"></span><span class="grip right" data-grip="right"></span>
        </div>
      </div>
    </div>`;
  }
}
