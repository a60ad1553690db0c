// Tick positions at round numbers: of events (1, 2, 5 × 10ⁿ), of time in its unit, of bytes (powers of two).
import type { Axis } from '../engine/protocol.js';
import { bytes, count, timeUnit } from '../format.js';

export interface Tick {
  at: number;
  text: string;
}

const roundStep = (least: number): number => {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5, 10]) if (factor * power >= least) return factor * power;
  return 10 * power;
};

const MINUTE = 60e9;
const roundTimeStep = (least: number): number => {
  if (least < 10e9) return roundStep(least);
  for (const seconds of [10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600])
    if (seconds * 1e9 >= least) return seconds * 1e9;
  return 60 * MINUTE * roundStep(least / (60 * MINUTE));
};

const multiples = (from: number, to: number, step: number): number[] => {
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: Math.max(0, Math.min(200, last - first + 1)) }, (_, i) => (first + i) * step);
};

const decimalsFor = (step: number): number => Math.max(0, -Math.floor(Math.log10(step) + 1e-9));

/** At most `room` ticks along the horizontal axis. */
export function axisTicks(axis: Axis, from: number, to: number, room: number): Tick[] {
  if (!(to > from)) return [];
  const least = (to - from) / Math.max(1, room);
  if (axis === 'event') {
    const step = Math.max(1, roundStep(least));
    return multiples(from, to, step).map((at) => ({ at, text: count(at) }));
  }
  const step = roundTimeStep(least);
  const unit = timeUnit(Math.max(Math.abs(to), step));
  const decimals = decimalsFor(step / unit.ns);
  return multiples(from, to, step).map((at) => ({ at, text: `${(at / unit.ns).toFixed(decimals)}\u202f${unit.name}` }));
}

/** At most `room` ticks along a byte axis, all in one unit. */
export function byteTicks(from: number, to: number, room: number): Tick[] {
  if (!(to > from)) return [];
  const least = (to - from) / Math.max(1, room);
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(least)));
  return multiples(from, to, step).map((at) => ({ at, text: byteTickText(at, step) }));
}

function byteTickText(at: number, step: number): string {
  if (at === 0) return '0';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let scale = 1;
  while (at >= scale * 1024 && unit < units.length - 1) {
    scale *= 1024;
    unit++;
  }
  const decimals = Math.min(
    6,
    Math.max(0, Math.ceil(Math.log2(scale / step)) > 0 ? decimalsOfFraction(step / scale) : 0),
  );
  const text = (at / scale).toFixed(decimals);
  return decimals > 3 ? bytes(at) : `${text}\u202f${units[unit]}`;
}

/** Digits after the point that a multiple of a power of two below 1 needs: 0.5 → 1, 0.25 → 2. */
const decimalsOfFraction = (fraction: number): number => (fraction >= 1 ? 0 : Math.ceil(-Math.log2(fraction)));
