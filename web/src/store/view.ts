// Arithmetic of the visible range.
import type { Axis, Bounds, Engine, View } from '../engine/protocol.js';

export const extentOf = (bounds: Bounds, axis: Axis): number =>
  Math.max(1, axis === 'event' ? bounds.events : bounds.durationNs);

export const heightOf = (bounds: Bounds): number => Math.max(1, bounds.height);

export const fitView = (bounds: Bounds, axis: Axis): View => ({
  t0: 0,
  t1: extentOf(bounds, axis),
  y0: 0,
  y1: heightOf(bounds),
});

export const sameView = (a: View, b: View): boolean => a.t0 === b.t0 && a.t1 === b.t1 && a.y0 === b.y0 && a.y1 === b.y1;

/** Smallest visible stretch: a few events, a few ns, a few bytes. */
const LEAST = 4;

function clampRange(from: number, to: number, extent: number): [number, number] {
  const width = Math.min(extent, Math.max(Math.min(LEAST, extent), to - from));
  const middle = (from + to) / 2;
  const start = Math.min(extent - width, Math.max(0, middle - width / 2));
  return [start, start + width];
}

/** Keeps a range within the trace, its size within bounds. */
export function clampView(view: View, bounds: Bounds, axis: Axis): View {
  const [t0, t1] = clampRange(view.t0, view.t1, extentOf(bounds, axis));
  const [y0, y1] = clampRange(view.y0, view.y1, heightOf(bounds));
  return { t0, t1, y0, y1 };
}

/** A zoom by `factor` (below 1: nearer) that keeps the point (t, y) where it is. */
export const zoomView = (view: View, t: number, y: number, factorT: number, factorY: number): View => ({
  t0: t - (t - view.t0) * factorT,
  t1: t + (view.t1 - t) * factorT,
  y0: y - (y - view.y0) * factorY,
  y1: y + (view.y1 - y) * factorY,
});

export const panView = (view: View, dt: number, dy: number): View => ({
  t0: view.t0 + dt,
  t1: view.t1 + dt,
  y0: view.y0 + dy,
  y1: view.y1 + dy,
});

export const mixViews = (a: View, b: View, share: number): View => ({
  t0: a.t0 + (b.t0 - a.t0) * share,
  t1: a.t1 + (b.t1 - a.t1) * share,
  y0: a.y0 + (b.y0 - a.y0) * share,
  y1: a.y1 + (b.y1 - a.y1) * share,
});

/** The same stretch of the trace on another axis; the ends of the trace map onto each other. */
export async function convertView(engine: Engine, view: View, bounds: Bounds, from: Axis, to: Axis): Promise<View> {
  const convert = (at: number): Promise<number> | number => {
    if (at <= 0) return 0;
    if (at >= extentOf(bounds, from)) return extentOf(bounds, to);
    return to === 'time' ? engine.timeOfEvent(Math.floor(at)) : engine.eventAtTime(at);
  };
  const [t0, t1] = await Promise.all([convert(view.t0), convert(view.t1)]);
  return { ...view, t0, t1 };
}

/** Events of a live trace that are in sight once it has grown beyond them. */
const FOLLOWED_EVENTS = 4000;

/** The last stretch of a growing trace; all of it while it is short and was wholly in sight. */
export function tailView(bounds: Bounds, axis: Axis, wasFit: boolean): View {
  const all = fitView(bounds, axis);
  const perEvent = bounds.events > 0 ? all.t1 / bounds.events : 1;
  const width = wasFit && bounds.events <= FOLLOWED_EVENTS ? all.t1 : FOLLOWED_EVENTS * perEvent;
  return { ...all, t0: Math.max(0, all.t1 - width) };
}

/** A revealed buffer takes at least this share of the picture's width and height. */
const LEAST_SHARE = 1 / 80;

/** The nearest range to `view` in which `rect` is in sight and big enough to see. */
export function viewAround(rect: View, view: View): View {
  const along = (low: number, high: number, from: number, to: number): [number, number] => {
    const size = high - low;
    const width = size < (to - from) * LEAST_SHARE ? size / LEAST_SHARE : Math.max(to - from, size * 1.1);
    if (width === to - from && low >= from && high <= to) return [from, to];
    const middle = (low + high) / 2;
    return [middle - width / 2, middle + width / 2];
  };
  const [t0, t1] = along(rect.t0, rect.t1, view.t0, view.t1);
  const [y0, y1] = along(rect.y0, rect.y1, view.y0, view.y1);
  return { t0, t1, y0, y1 };
}
