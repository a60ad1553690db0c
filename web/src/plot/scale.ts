// From the units of the trace to CSS pixels and back. Addresses grow upwards.
import type { View } from '../engine/protocol.js';
import { sameView } from '../store/view.js';

/** Room for the figures of the vertical axes: the same in every chart, so that time lines up. */
export const GUTTER = 72;

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Scale {
  readonly view: View;
  readonly area: Box;
  readonly tPerPixel: number;
  readonly yPerPixel: number;
  xOf(t: number): number;
  pixelOf(y: number): number;
  tOf(x: number): number;
  yOf(pixel: number): number;
  contains(x: number, pixel: number): boolean;
}

export const sameScale = (a: Scale, b: Scale): boolean =>
  sameView(a.view, b.view) &&
  a.area.left === b.area.left &&
  a.area.top === b.area.top &&
  a.area.width === b.area.width &&
  a.area.height === b.area.height;

export function scaleOf(view: View, area: Box): Scale {
  const tPerPixel = (view.t1 - view.t0) / area.width;
  const yPerPixel = (view.y1 - view.y0) / area.height;
  return {
    view,
    area,
    tPerPixel,
    yPerPixel,
    xOf: (t) => area.left + (t - view.t0) / tPerPixel,
    pixelOf: (y) => area.top + (view.y1 - y) / yPerPixel,
    tOf: (x) => view.t0 + (x - area.left) * tPerPixel,
    yOf: (pixel) => view.y1 - (pixel - area.top) * yPerPixel,
    contains: (x, pixel) =>
      x >= area.left && x < area.left + area.width && pixel >= area.top && pixel < area.top + area.height,
  };
}
