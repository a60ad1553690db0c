// Recorded traces of real programs; they live beside the repository and may be absent.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { here } from './package.mjs';

export const tracesDir = process.env.BUFGC_SHARED_TRACES ?? join(here, '../../../shared/traces');

/** The allocations and frees of a recorded run of tinygrad, or null where there are none. */
export function readTrace(name) {
  const file = join(tracesDir, 'tinygrad', `${name}.ndjson.gz`);
  if (!existsSync(file)) {
    console.log('skipped: no shared traces');
    return null;
  }
  const lines = gunzipSync(readFileSync(file)).toString().split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter(({ op }) => op === 'alloc' || op === 'free');
}

/**
 * Feeds a trace's events to a manager; calls `after` once an event and `born` once a buffer. Returns the handles alive
 * at the end.
 */
export function replay(gc, events, after = () => {}, born = () => {}) {
  const alive = new Map();
  for (const event of events) {
    if (event.op === 'alloc') {
      const buffer = gc.alloc({ nbytes: event.size, label: event.label ?? '' });
      born(buffer, event.id);
      alive.set(event.id, buffer);
    } else {
      alive.get(event.id)?.dispose();
      alive.delete(event.id);
    }
    after(event);
  }
  return alive;
}
