// The figures beside the plot: time below, bytes on the left. Strips of their own, since they are drawn in
// every frame of a gesture.
import type { Axis } from '../engine/protocol.js';
import { cleared } from './canvas-size.js';
import type { Colors } from './colors.js';
import type { Scale } from './scale.js';
import { axisTicks, byteTicks, type Tick } from './ticks.js';

/** Height of the strip below. */
export const AXIS_HEIGHT = 24;

export const timeTicks = (axis: Axis, { view, area }: Scale): Tick[] =>
  axisTicks(axis, view.t0, view.t1, area.width / 96);
export const placeTicks = ({ view, area }: Scale): Tick[] => byteTicks(view.y0, view.y1, area.height / 40);

/** `canvas` is as wide as the plot with its gutter. */
export function drawTimeAxis(canvas: HTMLCanvasElement, axis: Axis, scale: Scale, colors: Colors): void {
  const { area } = scale;
  const context = cleared(canvas, area.left + area.width, AXIS_HEIGHT);
  context.fillStyle = colors.line;
  context.fillRect(area.left - 1, 0, area.width + 1, 1);
  context.fillStyle = colors.ink2;
  context.font = `11px ${colors.mono}`;
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  for (const { at, text } of timeTicks(axis, scale)) {
    const x = scale.xOf(at);
    const half = context.measureText(text).width / 2;
    const shown = Math.min(Math.max(x, area.left + half - 4), area.left + area.width - half - 2);
    context.fillText(text, shown, 13);
    context.fillRect(Math.round(x), 0, 1, 4);
  }
  context.font = `11px ${colors.sans}`;
  context.textAlign = 'left';
  context.fillText(axis, 12, 13);
}

/** `canvas` stands left of the plot. */
export function drawPlaceAxis(canvas: HTMLCanvasElement, scale: Scale, colors: Colors): void {
  const { area } = scale;
  const context = cleared(canvas, area.left, area.height);
  context.fillStyle = colors.line;
  context.fillRect(area.left - 1, 0, 1, area.height);
  context.fillStyle = colors.ink2;
  context.font = `11px ${colors.mono}`;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const { at, text } of placeTicks(scale)) {
    const y = scale.pixelOf(at) - area.top;
    context.fillText(text, area.left - 8, Math.min(area.height - 6, Math.max(7, y)));
    context.fillRect(area.left - 4, Math.round(Math.min(y, area.height - 1)), 4, 1);
  }
}
