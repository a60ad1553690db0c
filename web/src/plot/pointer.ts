// Pointer and wheel over the plot: wheel zooms at the pointer, drag pans, Shift-drag selects an area,
// two fingers pinch, double click shows all, a click selects.
import type { View } from '../engine/protocol.js';
import { panView, zoomView } from '../store/view.js';
import type { LifecyclePlot } from './lifecycle-plot.js';
import type { Scale } from './scale.js';

interface Point {
  x: number;
  y: number;
}

const CLICK_SLOP = 4;
const LEAST_AREA = 6;

export class PlotPointer {
  private readonly down = new Map<number, Point>();
  private start: { point: Point; view: View; scale: Scale; area: boolean } | null = null;
  private moved = false;
  private target: HTMLElement | null = null;

  constructor(private readonly plot: LifecyclePlot) {}

  attach(target: HTMLElement): void {
    this.target = target;
    target.addEventListener('wheel', (event) => this.onWheel(event), { passive: false });
    target.addEventListener('pointerdown', (event) => this.onDown(event));
    target.addEventListener('pointermove', (event) => this.onMove(event));
    target.addEventListener('pointerup', (event) => this.onUp(event));
    target.addEventListener('pointercancel', (event) => this.onUp(event));
    target.addEventListener('pointerleave', () => this.down.size === 0 && this.plot.pointAway());
    target.addEventListener('dblclick', () => this.plot.session?.glideTo(this.plot.session.fitted()));
  }

  private pointOf(event: MouseEvent): Point {
    const box = this.plot.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private onWheel(event: WheelEvent): void {
    const { session } = this.plot;
    if (!session?.trace) return;
    event.preventDefault();
    const scale = this.plot.scale();
    const { x, y } = this.pointOf(event);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const delta = (event.deltaY || event.deltaX) * lines;
    if (!event.shiftKey && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      session.setView(panView(session.view, event.deltaX * lines * scale.tPerPixel, 0));
      return;
    }
    const factor = Math.exp(Math.max(-1, Math.min(1, delta * 0.002)));
    // Along the axis under the pointer; over the picture, time, and with Shift addresses.
    const addresses = event.shiftKey || x < scale.area.left;
    session.setView(zoomView(session.view, scale.tOf(x), scale.yOf(y), addresses ? 1 : factor, addresses ? factor : 1));
  }

  private onDown(event: PointerEvent): void {
    const { session } = this.plot;
    if (!session?.trace || event.button > 0) return;
    const point = this.pointOf(event);
    this.down.set(event.pointerId, point);
    this.target?.setPointerCapture(event.pointerId);
    this.begin(point, event.shiftKey);
    this.moved = this.down.size > 1;
  }

  private begin(point: Point, area: boolean): void {
    this.start = { point, view: this.plot.session!.view, scale: this.plot.scale(), area };
  }

  private onMove(event: PointerEvent): void {
    const point = this.pointOf(event);
    if (!this.start || !this.down.has(event.pointerId)) {
      void this.plot.pointAt(point.x, point.y);
      return;
    }
    const before = [...this.down.values()];
    this.down.set(event.pointerId, point);
    if (this.down.size === 2) {
      this.pinch(before, [...this.down.values()]);
      return;
    }
    const { start } = this;
    const dx = point.x - start.point.x;
    const dy = point.y - start.point.y;
    if (!this.moved && Math.hypot(dx, dy) < CLICK_SLOP) return;
    this.moved = true;
    this.target?.classList.toggle('panning', !start.area);
    if (start.area) this.plot.setDragged(areaBetween(start.point, point, start.scale));
    else this.plot.session!.setView(panView(start.view, -dx * start.scale.tPerPixel, dy * start.scale.yPerPixel));
  }

  private pinch(before: Point[], after: Point[]): void {
    const [a, b] = before as [Point, Point];
    const [c, d] = after as [Point, Point];
    const spread = (p: Point, q: Point) => Math.max(16, Math.hypot(p.x - q.x, p.y - q.y));
    const factor = spread(a, b) / spread(c, d);
    const scale = this.plot.scale();
    const session = this.plot.session!;
    const x = (c.x + d.x) / 2;
    const y = (c.y + d.y) / 2;
    const dx = x - (a.x + b.x) / 2;
    const dy = y - (a.y + b.y) / 2;
    const zoomed = zoomView(session.view, scale.tOf(x), scale.yOf(y), factor, factor);
    session.setView(panView(zoomed, -dx * scale.tPerPixel * factor, dy * scale.yPerPixel * factor));
  }

  private onUp(event: PointerEvent): void {
    if (!this.down.delete(event.pointerId) || !this.start) return;
    const { start } = this;
    const point = this.pointOf(event);
    if (this.down.size > 0) {
      // One finger of two was lifted: the other goes on as a drag from where it is.
      this.begin([...this.down.values()][0]!, false);
      return;
    }
    this.start = null;
    this.target?.classList.remove('panning');
    this.plot.setDragged(null);
    if (event.type === 'pointercancel') return;
    if (!this.moved) void this.plot.clickAt(point.x, point.y);
    else if (start.area) {
      const view = areaBetween(start.point, point, start.scale);
      if (view) this.plot.session!.area.select(view);
    }
  }
}

/** What lies between two points; nothing where that is too little to have been meant. */
function areaBetween(a: Point, b: Point, { area, tOf, yOf }: Scale): View | null {
  const within = (value: number, from: number, size: number) => Math.min(from + size, Math.max(from, value));
  const [left, right] = [a.x, b.x].map((x) => within(x, area.left, area.width)).sort((p, q) => p - q) as [
    number,
    number,
  ];
  const [top, bottom] = [a.y, b.y].map((y) => within(y, area.top, area.height)).sort((p, q) => p - q) as [
    number,
    number,
  ];
  if (right - left < LEAST_AREA || bottom - top < LEAST_AREA) return null;
  return { t0: tOf(left), t1: tOf(right), y0: yOf(bottom), y1: yOf(top) };
}
