// Traces to view, made to measure: buffers of mixed sizes, a few thousand alive at a time, released in
// the order of a stack or in that of a garbage collector.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './paths.mjs';

const folder = join(top, '.build/viewer-traces');
const alive = 4096;
const labels = ['activation', 'gradient', 'weight', 'scratch', 'image', 'audio', 'index', 'mask'];

/** Numbers that are the same in every run. */
function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Addresses by exact size, the last freed used first, as a caching allocator gives them. */
class Places {
  next = 0x7f0000000000;
  free = new Map();
  take(size) {
    const kept = this.free.get(size);
    if (kept?.length > 0) return kept.pop();
    const at = this.next;
    this.next += size;
    return at;
  }
  give(size, at) {
    if (!this.free.has(size)) this.free.set(size, []);
    this.free.get(size).push(at);
  }
}

/** NDJSON of more is gigabytes. */
const mostAsText = 1000000;

/**
 * The file of a trace of `buffers` lifecycles, of many in the binary form, made when it is not there yet. `order`: 'stack'
 * releases the newest first, 'random' any, as a garbage collector's finalizers do.
 */
export function viewerTrace(buffers, order) {
  const file = join(folder, `${order}_${buffers}.${buffers > mostAsText ? 'bufgc' : 'ndjson'}`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  if (buffers > mostAsText) {
    execFileSync(join(top, '.build/native/tests/bench/bench_make_trace'), [String(buffers), order, `${file}.part`]);
    renameSync(`${file}.part`, file);
  } else writeNdjson(file, buffers, order);
  return file;
}

function writeNdjson(file, buffers, order) {
  const random = randomFrom(7);
  const places = new Places();
  const held = [];
  const out = openSync(`${file}.part`, 'w');
  let text = '';
  let events = 0;
  const line = (fields) => {
    events += 1;
    text += `{"t":${events * 250},${fields}}\n`;
    if (text.length < 2 ** 20) return;
    writeSync(out, text);
    text = '';
  };
  const release = (buffer) => {
    places.give(buffer.size, buffer.at);
    line(`"op":"free","id":${buffer.id}`);
  };
  for (let id = 0; id < buffers; id += 1) {
    const size = 1024 * (1 + random(64));
    const at = places.take(size);
    held.push({ id, size, at });
    const label = labels[random(labels.length)];
    line(
      `"op":"alloc","id":${id},"size":${size},"capacity":${size},"addr":"0x${at.toString(16)}","dtype":"uint8","label":"${label}"`,
    );
    // Bursts of some hundred, so that the levels rise and fall.
    if (held.length < alive) continue;
    for (let left = 1 + random(alive / 2); left > 0 && held.length > 0; left -= 1) {
      const index = order === 'stack' ? held.length - 1 : random(held.length);
      const buffer = held[index];
      held[index] = held.at(-1);
      held.pop();
      release(buffer);
    }
  }
  writeSync(out, text);
  closeSync(out);
  renameSync(`${file}.part`, file);
}
