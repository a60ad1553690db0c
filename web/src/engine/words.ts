// The words of protocol.ts as the numbers that the module takes.
import type {
  Align,
  Area,
  Axis,
  ColorBy,
  FlameBy,
  FlameMeasure,
  Frame,
  GroupBy,
  LatencyStage,
  Layout,
  SortKey,
  TraceFormat,
} from './protocol.js';

// In the order of the C++ enumerations.
export const layouts: readonly Layout[] = ['address', 'stack', 'packed'];
export const colorBys: readonly ColorBy[] = ['state', 'label', 'size', 'dtype', 'lifetime'];
export const groupBys: readonly GroupBy[] = ['label', 'dtype', 'size', 'state', 'site', 'cause', 'lifetime'];
export const sortKeys: readonly SortKey[] = [
  'row',
  'id',
  'size',
  'label',
  'dtype',
  'allocEvent',
  'freeEvent',
  'lifetimeEvents',
  'useCount',
  'cause',
];
export const flameBys: readonly FlameBy[] = ['label', 'site'];
export const flameMeasures: readonly FlameMeasure[] = ['live', 'allocated', 'kept'];
export const latencyStages: readonly LatencyStage[] = ['unused', 'idle'];
export const aligns: readonly Align[] = ['event', 'time', 'phase'];
export const formats: readonly TraceFormat[] = ['ndjson', 'csv', 'chrome', 'bufgc'];

export function numberOf<Word>(words: readonly Word[], word: Word, what: string): number {
  const index = words.indexOf(word);
  if (index < 0) throw new RangeError(`${what}: expected one of ${words.join(', ')}, found ${String(word)}`);
  return index;
}
export const axisNumber = (axis: Axis): number => numberOf(['event', 'time'], axis, 'axis');
export const layoutNumber = (layout: Layout): number => numberOf(layouts, layout, 'layout');

/** A question that names no picture is about addresses, where columns do not matter. */
export const addresses: Frame = { layout: 'address', view: { t0: 0, t1: 1, y0: 0, y1: 1 }, columns: 1 };

/** Layout, axis, and the columns of the frame, as the module takes them. */
export const framed = (axis: Axis, { layout, view, columns }: Frame): [number, number, number, number, number] => [
  layoutNumber(layout),
  axisNumber(axis),
  view.t0,
  view.t1,
  columns,
];

/** An area, as the module takes it. */
export const placed = ({ layout, axis, view }: Area) =>
  [layoutNumber(layout), axisNumber(axis), view.t0, view.t1, view.y0, view.y1] as const;
export const nowhere = [-1, 0, 0, 0, 0, 0] as const;
