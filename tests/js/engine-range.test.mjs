// A time range of a trace opened alone, in the page's engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bytes, noProgress, opened, skip, start } from './viewer-engine.mjs';

/** One buffer a microsecond, of which each lives for ten; every hundredth for ever. From 5 ms of the clock on. */
function longTrace(buffers) {
  const lines = [];
  for (let id = 0; id < buffers; id += 1) {
    lines.push({
      t: 5_000_000 + id * 1000,
      op: 'alloc',
      id,
      size: 64 + (id % 7),
      addr: `0x${(4096 * (id + 1)).toString(16)}`,
    });
    const ends = id - 10;
    if (ends >= 0 && ends % 100 !== 0) lines.push({ t: 5_000_000 + id * 1000 + 500, op: 'free', id: ends });
  }
  return lines;
}
const text = (lines) => `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
const lines = longTrace(200_000);
const range = { fromNs: 120_000_000, toNs: 120_500_000 };

/** What a plain reading of the range finds. */
function plainly() {
  const live = new Map();
  let most = 0;
  let events = 0;
  let standing = 0;
  const sum = () => [...live.values()].reduce((all, size) => all + size, 0);
  let level = null;
  for (const { t, op, id, size } of lines) {
    const at = t - lines[0].t;
    if (at > range.toNs) break;
    if (at >= range.fromNs && level === null) {
      level = sum();
      standing = live.size;
    }
    if (op === 'alloc') live.set(id, size);
    else live.delete(id);
    if (at >= range.fromNs) {
      events += 1;
      most = Math.max(most, op === 'alloc' ? sum() : 0);
    }
  }
  return { levelBefore: level, standing, events, most, alive: live.size, aliveBytes: sum() };
}

async function ranged(name, contents) {
  const session = await start();
  let progress = null;
  const summary = await session.open([{ name, bytes: contents }], (told) => (progress = told), range);
  return { session, summary, progress };
}

test('a range has exact levels from its beginning on, whatever form the trace has', { skip }, async () => {
  const expected = plainly();
  const whole = await opened(['long.ndjson', text(lines)]);
  const binary = whole.session.export('bufgc');
  for (const [name, contents] of [
    ['long.ndjson', bytes(text(lines))],
    ['long.ndjson.gz', gzipSync(text(lines))],
    ['long.bufgc', binary],
    ['long.bufgc', new Blob([binary])],
    ['long.bufgc.gz', gzipSync(binary)],
  ]) {
    const { session, summary } = await ranged(name, contents);
    assert.equal(summary.events - summary.folded_events, expected.standing + expected.events, name);
    assert.equal(session.levelAt(expected.standing - 1).liveBytes, expected.levelBefore, name);
    assert.equal(summary.alive_at_end_buffers, expected.alive, name);
    assert.equal(summary.alive_at_end_bytes, expected.aliveBytes, name);
    let most = 0;
    for (let event = expected.standing; event < expected.standing + expected.events; event += 1)
      most = Math.max(most, session.levelAt(event).liveBytes);
    assert.equal(most, expected.most, name);
    // What was folded away is counted: the totals are those of all that came before.
    const before = lines.filter(({ t }) => t - lines[0].t < range.fromNs).length;
    assert.equal(summary.folded_events, before - expected.standing, name);
    const first = session.timeOfEvent(expected.standing);
    assert.equal(summary.start_ns + first, range.fromNs, name);
  }
});

test('of a binary trace only the parts that a range needs are read', { skip }, async () => {
  const whole = await opened(['long.ndjson', text(lines)]);
  const binary = whole.session.export('bufgc');
  const { progress } = await ranged('long.bufgc', binary);
  assert.equal(progress.totalBytes, binary.length);
  assert.ok(progress.bytes < binary.length / 2, `${progress.bytes} of ${binary.length}`);
});

test('a range beyond the trace holds what is alive there, and a broken file tells what is wrong', {
  skip,
}, async () => {
  const session = await start();
  const whole = await opened(['long.ndjson', text(lines)]);
  const binary = whole.session.export('bufgc');
  const far = await session.open([{ name: 'a.bufgc', bytes: binary }], noProgress, { fromNs: 1e15, toNs: 2e15 });
  assert.equal(far.alive_at_end_bytes, whole.summary.alive_at_end_bytes);
  assert.equal(far.events, whole.summary.events);
  assert.equal(far.events - far.folded_events, whole.summary.alive_at_end_buffers);
  const spoilt = binary.slice();
  spoilt[Math.floor(binary.length / 2)] ^= 1;
  await assert.rejects(
    session.open([{ name: 'spoilt.bufgc', bytes: spoilt }], noProgress, { fromNs: 0, toNs: 1e15 }),
    /^Error: spoilt\.bufgc: byte \d+: expected/,
  );
});
