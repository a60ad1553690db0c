// What lies over the pictures: the grid, marks, outlines of what is selected or pointed at, the pinned moment,
// the pointer's line, the area that is selected. In a gesture it is moved with the pictures; it is drawn anew
// with the sharp one.
import type { Axis, Layout, View } from '../engine/protocol.js';
import type { Mark } from '../store/state.js';
import { sameView } from '../store/view.js';
import { placeTicks, timeTicks } from './axes.js';
import { cleared } from './canvas-size.js';
import type { Colors } from './colors.js';
import { Layer } from './layer.js';
import type { Scale } from './scale.js';

export interface Inked {
  axis: Axis;
  layout: Layout;
  marks: Mark[];
  hovered: View[];
  selected: View[];
  /** Places on the axis. */
  moment: number | null;
  cursor: number | null;
  area: View | null;
}

/** Lines that are scaled by more than this are no hairlines any more. */
const mostScaled = 2;

export class Overlay extends Layer {
  /** Whether what is drawn does for `view`: moved, unless it is to be sharp. */
  serves(view: View, sharp: boolean): boolean {
    const own = this.view;
    if (!own) return false;
    if (sharp) return sameView(own, view);
    const scales = [(own.t1 - own.t0) / (view.t1 - view.t0), (own.y1 - own.y0) / (view.y1 - view.y0)];
    return scales.every((scale) => scale < mostScaled && scale > 1 / mostScaled);
  }

  /** `scale` has its origin in the plot's element. */
  draw(inked: Inked, scale: Scale, colors: Colors): void {
    const { area } = scale;
    const context = cleared(this.canvas, area.width, area.height);
    context.translate(-area.left, -area.top);
    drawGrid(context, inked.axis, scale, colors);
    drawMarks(context, inked, scale, colors);
    for (const [rects, weight] of [
      [inked.hovered, 1],
      [inked.selected, 2],
    ] as const)
      outline(context, inked.layout, scale, colors, rects, weight);
    drawMoment(context, inked.moment, scale, colors);
    drawCursor(context, inked.cursor, scale, colors);
    drawArea(context, inked.area, scale, colors);
    this.view = scale.view;
  }
}

function drawGrid(context: CanvasRenderingContext2D, axis: Axis, scale: Scale, colors: Colors): void {
  // Over the pictures, which are opaque: so faint that it never competes with data.
  context.globalAlpha = 0.07;
  context.fillStyle = colors.ink;
  for (const { at } of timeTicks(axis, scale)) context.fillRect(Math.round(scale.xOf(at)), 0, 1, scale.area.height);
  for (const { at } of placeTicks(scale))
    context.fillRect(scale.area.left, Math.round(scale.pixelOf(at)), scale.area.width, 1);
  context.globalAlpha = 1;
}

function drawMarks(
  context: CanvasRenderingContext2D,
  { axis, marks }: Inked,
  { view, xOf, area }: Scale,
  { ink2 }: Colors,
): void {
  context.fillStyle = ink2;
  context.globalAlpha = 0.5;
  for (const mark of marks) {
    const at = axis === 'event' ? mark.event : mark.timeNs;
    if (at >= view.t0 && at <= view.t1) context.fillRect(Math.round(xOf(at)), 0, 1, area.height);
  }
  context.globalAlpha = 1;
}

/** Around each place of a buffer; where it moved or slid, a line leads from one to the next. */
function outline(
  context: CanvasRenderingContext2D,
  layout: Layout,
  scale: Scale,
  colors: Colors,
  rects: View[],
  weight: number,
): void {
  if (rects.length === 0) return;
  context.beginPath();
  if (layout === 'stack') traceSteps(context, scale, rects);
  else traceRects(context, scale, rects);
  context.lineWidth = weight + 2;
  context.strokeStyle = colors.ground;
  context.stroke();
  context.lineWidth = weight;
  context.strokeStyle = colors.ink;
  context.stroke();
}

function traceRects(context: CanvasRenderingContext2D, scale: Scale, rects: View[]): void {
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
function traceSteps(context: CanvasRenderingContext2D, scale: Scale, steps: View[]): void {
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

function drawMoment(context: CanvasRenderingContext2D, at: number | null, scale: Scale, colors: Colors): void {
  if (at === null) return;
  const x = Math.round(scale.xOf(at));
  context.fillStyle = colors.ground;
  context.fillRect(x - 1, 0, 4, scale.area.height);
  context.fillStyle = colors.ink;
  context.fillRect(x, 0, 2, scale.area.height);
}

function drawCursor(context: CanvasRenderingContext2D, at: number | null, scale: Scale, colors: Colors): void {
  if (at === null) return;
  context.fillStyle = colors.ink2;
  context.fillRect(Math.round(scale.xOf(at)), 0, 1, scale.area.height);
}

function drawArea(context: CanvasRenderingContext2D, area: View | null, scale: Scale, colors: Colors): void {
  if (!area) return;
  const x = Math.round(scale.xOf(area.t0));
  const y = Math.round(scale.pixelOf(area.y1));
  const place = [x + 0.5, y + 0.5, Math.round(scale.xOf(area.t1)) - x, Math.round(scale.pixelOf(area.y0)) - y] as const;
  context.globalAlpha = 0.12;
  context.fillStyle = colors.ink;
  context.fillRect(...place);
  context.globalAlpha = 1;
  context.lineWidth = 1;
  context.strokeStyle = colors.ink;
  context.strokeRect(...place);
}
