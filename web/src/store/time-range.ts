// A part of a trace that is opened alone: in words, and what of the open trace is in sight.
import type { TimeRange } from '../engine/protocol.js';
import { time } from '../format.js';
import type { Session } from './session.js';
import type { SourceFile, Trace } from './state.js';

const UNITS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9 };

/** "1.5 ms" → 1500000; without a unit seconds. Undefined where it is no time. */
export function parseTime(text: string): number | undefined {
  const [, digits, unit = 's'] = /^\s*(\d+\.?\d*|\.\d+)\s*(ns|us|µs|ms|s|min|h)?\s*$/.exec(text) ?? [];
  return digits === undefined ? undefined : Math.round(Number(digits) * UNITS[unit]!);
}

export const rangeTitle = ({ fromNs, toNs }: TimeRange): string => `${time(fromNs)} to ${time(toNs)}`;

/** Bytes that a script handed over are not held on to. */
export const keptFiles = (files: SourceFile[], sample: string | null): SourceFile[] | null =>
  sample !== null || files.every(({ bytes }) => bytes instanceof Blob) ? files : null;

export async function rangeInSight({ axis, view, engine }: Session, { summary }: Trace): Promise<TimeRange> {
  const times = [view.t0, view.t1].map((at) => (axis === 'time' ? at : engine.timeOfEvent(Math.floor(at))));
  const [from, to] = await Promise.all(times);
  return { fromNs: Math.floor(summary.start_ns + from!), toNs: Math.ceil(summary.start_ns + to!) };
}
