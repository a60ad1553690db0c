// The visualizer's binary form: exported whole, and streamed. Read by the command, for the package reads no files.
//   BUFGC_CLI  the native `bufgc`
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { open, turn } from './package.mjs';

const command = process.env.BUFGC_CLI;
const skip = command ? false : 'skipped: BUFGC_CLI is not set';

/** The events of a binary trace. */
function eventsOf(bytes) {
  const folder = mkdtempSync(join(tmpdir(), 'bufgc-'));
  try {
    writeFileSync(join(folder, 'a.bufgc'), bytes);
    execFileSync(command, ['convert', join(folder, 'a.bufgc'), join(folder, 'a.ndjson')], { stdio: 'pipe' });
    const lines = readFileSync(join(folder, 'a.ndjson'), 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const eventsOfLines = (bytes) =>
  new TextDecoder()
    .decode(bytes)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** A sink that keeps what it gets. */
function keeping() {
  const parts = [];
  const sink = new WritableStream({
    write(bytes) {
      parts.push(bytes);
    },
  });
  return { sink, parts, bytes: () => Buffer.concat(parts) };
}

test('an export in the binary form holds what the lines hold', { skip }, async (t) => {
  const gc = await open(t, { visualizer: true });
  const kept = gc.alloc({ shape: [2, 2], dtype: 'float32', label: '画像 "\\' });
  for (let i = 0; i < 20; i += 1) gc.alloc(100 * (i + 1)).dispose();
  gc.visualizer.mark('phase');
  gc.visualizer.use('kernel', { read: [kept], write: [kept] });
  assert.deepEqual(eventsOf(gc.visualizer.export('bufgc')), eventsOfLines(gc.visualizer.export('ndjson')));
  kept.dispose();
});

test('a stream hands over each turn what fills blocks, and the rest when it is flushed or closed', {
  skip,
}, async (t) => {
  const gc = await open(t, { visualizer: true, visualizerEvents: 4096 });
  gc.alloc({ nbytes: 64, label: 'before' }).dispose();
  const { sink, parts, bytes } = keeping();
  const stream = gc.visualizer.stream(sink);
  const rounds = 40;
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < 500; i += 1) gc.alloc({ nbytes: 64, label: `round ${round}` }).dispose();
    await turn();
  }
  assert.ok(parts.length > 1, 'blocks came by themselves');
  await stream.flush();
  const births = (events) => events.filter(({ op }) => op === 'alloc').length;
  assert.equal(births(eventsOf(bytes())), 1 + rounds * 500); // as a crash would leave it
  gc.alloc(128);
  await stream.close();
  await stream.close();
  const events = eventsOf(bytes());
  assert.equal(births(events), 2 + rounds * 500);
  assert.equal(events.at(-1).size, 128);
  assert.equal(stream.lostEvents, 0);
  assert.ok(bytes().length < 12 * events.length, `${bytes().length} bytes for ${events.length} events`);
});

test('a sink that is behind loses what the log cannot hold, counted, and no more', { skip }, async (t) => {
  const gc = await open(t, { visualizer: true, visualizerEvents: 1024 });
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  const parts = [];
  const sink = new WritableStream({
    async write(bytes) {
      parts.push(bytes);
      await held;
    },
  });
  const stream = gc.visualizer.stream(sink);
  const kept = gc.alloc(1000);
  await turn();
  for (let i = 0; i < 20_000; i += 1) gc.alloc(64).dispose();
  await turn();
  release();
  await stream.close();
  assert.ok(stream.lostEvents > 0);
  const events = eventsOf(Buffer.concat(parts));
  const alive = new Set();
  for (const { op, id } of events) {
    if (op === 'alloc') alive.add(id);
    if (op === 'free') alive.delete(id);
  }
  assert.deepEqual([...alive], [kept.id]);
  kept.dispose();
});

test('a sink that fails ends the stream with its error, and nothing else', async (t) => {
  const gc = await open(t, { visualizer: true });
  const sink = new WritableStream({
    write() {
      throw new Error('the disk is full');
    },
  });
  const stream = gc.visualizer.stream(sink);
  gc.alloc(64).dispose();
  await assert.rejects(stream.flush(), /the disk is full/);
  gc.alloc(64).dispose();
  await turn();
  await assert.rejects(stream.close(), /the disk is full/);
  gc.alloc(64).dispose();
  assert.throws(() => gc.visualizer.stream({}), { code: 'invalid_argument' });
});
