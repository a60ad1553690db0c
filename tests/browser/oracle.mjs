// A plain reading of an NDJSON trace, written apart from the engine, to compare the page with.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

export const samplePath = (name) => fileURLToPath(new URL(`../../web/samples/${name}.ndjson.gz`, import.meta.url));

export const sampleEvents = (name) =>
  gunzipSync(readFileSync(samplePath(name)))
    .toString()
    .split('\n')
    .filter((line) => line.length > 0)
    .map((line) => JSON.parse(line));

/** What `bufgc summary --json` says of a trace of owned buffers. */
export function summaryOf(events) {
  const alive = new Map();
  const sizes = new Set();
  const result = {
    events: events.length,
    buffers: 0,
    max_live_bytes: 0,
    max_live_buffers: 0,
    alive_at_end_buffers: 0,
    alive_at_end_bytes: 0,
    total_allocated_bytes: 0,
    distinct_sizes: 0,
    skipped_events: 0,
  };
  let live = 0;
  for (const { op, id, size } of events) {
    if (op === 'alloc') {
      alive.set(id, size);
      sizes.add(size);
      live += size;
      result.buffers++;
      result.total_allocated_bytes += size;
    } else if (op === 'free') {
      live -= alive.get(id);
      alive.delete(id);
    }
    result.max_live_bytes = Math.max(result.max_live_bytes, live);
    result.max_live_buffers = Math.max(result.max_live_buffers, alive.size);
  }
  result.alive_at_end_buffers = alive.size;
  result.alive_at_end_bytes = live;
  result.distinct_sizes = sizes.size;
  return result;
}

/** The allocations that live once event number `at` has happened. */
export function liveAfter(events, at) {
  const alive = new Map();
  for (const event of events.slice(0, at + 1)) {
    if (event.op === 'alloc') alive.set(event.id, event);
    else if (event.op === 'free') alive.delete(event.id);
  }
  return [...alive.values()];
}
