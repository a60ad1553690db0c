import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annexBytes, collectUntil, KiB, load, MiB, open, random, turn } from './package.mjs';
import { readTrace, replay } from './traces.mjs';

const text = (bytes) => new TextDecoder().decode(bytes);
const ndjson = (bytes) =>
  text(bytes)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

test('a lifecycle tells all that is known of a buffer', async (t) => {
  const gc = await open(t, { visualizer: true, sites: true });
  const base = gc.alloc({ shape: [4, 8], dtype: 'float32', label: 'matrix' });
  const view = base.subview(32, { shape: [8], label: 'row' });
  const address = base.view().byteOffset;
  view.dispose();
  const { lifecycles, eventCount } = gc.visualizer.snapshot();
  assert.equal(lifecycles.length, 2);
  const [first, second] = lifecycles;
  assert.deepEqual(
    { ...first, site: '', allocTimeNs: 0, thread: '', servedBy: '' },
    {
      id: base.id,
      kind: 'owned',
      base: null,
      size: 128,
      capacity: base.capacity,
      address,
      dtype: 'float32',
      shape: '4x8',
      label: 'matrix',
      site: '',
      thread: '',
      allocEvent: first.allocEvent,
      allocTimeNs: 0,
      freeEvent: null,
      freeTimeNs: null,
      cause: null,
      servedBy: '',
      freedTo: null,
    },
  );
  assert.match(first.site, /visualizer\.test\.mjs:\d+$/);
  assert.equal(second.kind, 'view');
  assert.equal(second.base, base.id);
  assert.equal(second.cause, 'dispose');
  assert.ok(second.freeEvent > second.allocEvent && second.freeEvent < eventCount);
  assert.ok(second.freeTimeNs >= second.allocTimeNs);
});

test('sites name the line of the caller, for buffers, subviews and those that had to wait', async (t) => {
  const gc = await open(t, { visualizer: true });
  gc.alloc({ nbytes: 8, label: 'without' });
  gc.sitesEnabled = true;
  assert.equal(gc.sitesEnabled, true);
  const here = Number(/visualizer\.test\.mjs:(\d+)/.exec(new Error().stack)[1]);
  const base = gc.alloc(8);
  base.subview(0);
  await gc.allocAsync(8);
  gc.scope(() => gc.alloc({ shape: [2] }));
  const sites = gc.visualizer.snapshot().lifecycles.map((row) => row.site);
  assert.equal(sites[0], '');
  sites.slice(1).forEach((site, index) => {
    assert.ok(site.endsWith(`visualizer.test.mjs:${here + 1 + index}`), site);
  });
});

test('it can be started, stopped and cleared at run time', async (t) => {
  const gc = await open(t);
  const before = gc.alloc({ nbytes: 8, label: 'before' });
  assert.equal(gc.visualizer.running, false);
  assert.equal(gc.visualizer.eventCount, 0);
  gc.visualizer.start();
  gc.visualizer.start();
  assert.equal(gc.visualizer.running, true);
  gc.alloc({ nbytes: 8, label: 'during' }).dispose();
  assert.deepEqual(
    gc.visualizer.snapshot().lifecycles.map((row) => [row.label, row.cause]),
    [
      ['before', null],
      ['during', 'dispose'],
    ],
  );
  gc.visualizer.stop();
  assert.equal(gc.visualizer.running, false);
  const count = gc.visualizer.eventCount;
  gc.alloc({ nbytes: 8, label: 'after' }).dispose();
  assert.equal(gc.visualizer.eventCount, count);
  gc.visualizer.clear();
  assert.ok(gc.visualizer.snapshot().lifecycles.every((row) => row.cause === null));
  before.dispose();
});

test('kernel uses and marks are recorded with their events', async (t) => {
  const gc = await open(t, { visualizer: true });
  const [a, b, c] = [gc.alloc(8), gc.alloc(8), gc.alloc(8)];
  gc.visualizer.mark('epoch 1');
  gc.visualizer.use('matmul', { read: [a, b], write: [b, c] });
  const { uses, marks } = gc.visualizer.snapshot();
  assert.deepEqual(
    uses.map(({ id, kernel, access }) => [id, kernel, access]).sort((x, y) => x[0] - y[0]),
    [
      [a.id, 'matmul', 'read'],
      [b.id, 'matmul', 'read_write'],
      [c.id, 'matmul', 'write'],
    ],
  );
  assert.equal(new Set(uses.map((use) => use.event)).size, 1);
  assert.equal(marks.length, 1);
  assert.equal(marks[0].name, 'epoch 1');
  assert.ok(marks[0].event < uses[0].event);
});

test('a subscriber hears once a turn, with the range of what happened', async (t) => {
  const gc = await open(t, { visualizer: true });
  const held = [gc.alloc(8)]; // a collection of what is dropped would be an event of its own
  await turn();
  const ranges = [];
  const unsubscribe = gc.visualizer.subscribe((from, to) => {
    ranges.push([from, to]);
    if (ranges.length === 1) gc.alloc(8).dispose();
  });
  const start = gc.visualizer.eventCount;
  gc.alloc(8).dispose();
  gc.alloc(8).dispose();
  assert.deepEqual(ranges, []);
  await turn();
  const end = gc.visualizer.eventCount;
  assert.equal(ranges.length, 2, 'what the subscriber itself did comes as a second report');
  assert.equal(ranges[0][0], start);
  assert.equal(ranges[0][1], ranges[1][0]);
  assert.equal(ranges[1][1], end);
  await turn();
  assert.equal(ranges.length, 2, 'nothing happened');
  unsubscribe();
  held.push(gc.alloc(8));
  await turn();
  assert.equal(ranges.length, 2);
  assert.ok(held.every((buffer) => !buffer.disposed));
});

test('two subscribers both hear, and one that throws is reported', async (t) => {
  const gc = await open(t, { visualizer: true });
  const errors = [];
  gc.onError((error) => errors.push(error.message));
  let heard = 0;
  gc.visualizer.subscribe(() => {
    throw new Error('bad subscriber');
  });
  gc.visualizer.subscribe(() => {
    heard += 1;
  });
  gc.alloc(8);
  await turn();
  assert.equal(heard, 1);
  assert.deepEqual(errors, ['bad subscriber']);
});

test('exports parse and agree with the snapshot', async (t) => {
  const gc = await open(t, { visualizer: true });
  const label = 'quote " backslash \\ newline \n tab \t 画像 \u0001';
  const kept = gc.alloc({ shape: [2, 2], dtype: 'float32', label });
  for (let i = 0; i < 5; i += 1) gc.alloc(100 * (i + 1)).dispose();
  gc.visualizer.mark('phase');
  const { lifecycles } = gc.visualizer.snapshot();

  const events = ndjson(gc.visualizer.export('ndjson'));
  const allocs = events.filter((event) => event.op === 'alloc');
  const frees = events.filter((event) => event.op === 'free');
  assert.deepEqual(
    allocs.map((event) => [event.id, event.size]),
    lifecycles.map((row) => [row.id, row.size]),
  );
  assert.equal(allocs[0].label, label);
  assert.equal(frees.length, 5);
  assert.ok(frees.every((event) => event.cause === 'dispose'));
  assert.ok(events.every((event, i) => i === 0 || event.t >= events[i - 1].t));

  const [header, ...rows] = text(gc.visualizer.export('csv')).trim().split('\n');
  assert.equal(header, 'time,op,id,size');
  assert.equal(rows.filter((row) => row.split(',')[1] === 'a').length, 6);
  assert.equal(rows.filter((row) => row.split(',')[1] === 'f').length, 5);

  const chrome = JSON.parse(text(gc.visualizer.export('chrome')));
  assert.ok((chrome.traceEvents ?? chrome).length > 10);
  kept.dispose();
});

test('exportSince hands out every event once, however often it is asked', async (t) => {
  const gc = await open(t, { visualizer: true });
  let next = 0;
  const parts = [];
  for (let i = 0; i < 20; i += 1) {
    gc.alloc({ nbytes: 64 * (i + 1), label: `b${i}` }).dispose();
    if (i % 3 === 0) {
      const part = gc.visualizer.exportSince(next);
      parts.push(...ndjson(part.ndjson));
      next = part.next;
    }
  }
  const rest = gc.visualizer.exportSince(next);
  parts.push(...ndjson(rest.ndjson));
  assert.equal(rest.next, gc.visualizer.eventCount);
  const lifetimes = (list) => list.filter(({ op }) => op === 'alloc' || op === 'free').map(({ op, id }) => [op, id]);
  assert.deepEqual(lifetimes(parts), lifetimes(ndjson(gc.visualizer.export('ndjson'))));
  assert.equal(ndjson(gc.visualizer.exportSince(rest.next).ndjson).length, 0);
});

test('beyond its bound the log folds the oldest detail into exact totals', async (t) => {
  const gc = await open(t, { visualizer: true, visualizerEvents: 1024 });
  const total = 50_000;
  let bytes = 0;
  for (let i = 0; i < total; i += 1) {
    gc.alloc(64 + (i % 100)).dispose();
    bytes += 64 + (i % 100);
  }
  const bound = gc.visualizer.logBytes;
  const { folded, lifecycles, eventCount } = gc.visualizer.snapshot();
  assert.ok(eventCount >= 2 * total);
  assert.equal(folded.buffers + lifecycles.length, total);
  assert.equal(folded.bytes + lifecycles.reduce((sum, row) => sum + row.size, 0), bytes);
  assert.ok(lifecycles.length <= 1024);
  assert.ok(lifecycles.every((row) => row.allocEvent >= folded.events && row.freeEvent < eventCount));
  for (let i = 0; i < total; i += 1) gc.alloc(64).dispose();
  assert.ok(gc.visualizer.logBytes <= bound * 2, 'the log does not grow');
});

test('what only the visualizer knows is released all the same', async (t) => {
  const gc = await open(t, { visualizer: true });
  (() => {
    for (let i = 0; i < 200; i += 1) {
      const buffer = gc.alloc({ nbytes: 16 * KiB, label: 'seen' });
      gc.visualizer.use('kernel', { read: [buffer] });
    }
  })();
  const picture = gc.visualizer.snapshot();
  gc.visualizer.export('ndjson');
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
  assert.equal(picture.lifecycles.length, 200);
});

/** Runs one program and writes down each end of a buffer as it happens, and the statistics after each step. */
async function diary(t, seed, options) {
  const gc = await open(t, { budgetBytes: 24 * MiB, ...options });
  const next = random(seed);
  const ends = [];
  const levels = [];
  const alive = [];
  for (let step = 0; step < 3000; step += 1) {
    const choice = next();
    if (choice < 0.45 || alive.length < 4) {
      const buffer = gc.alloc({ nbytes: 1 + Math.floor(next() * 20_000), label: `b${step}` });
      gc.finalize(buffer, step, (held) => ends.push(held));
      alive.push(buffer);
    } else if (choice < 0.6) {
      const [a, b] = [alive[Math.floor(next() * alive.length)], alive[Math.floor(next() * alive.length)]];
      gc.link(a, b);
    } else if (choice < 0.7) {
      const base = alive[Math.floor(next() * alive.length)];
      alive.push(base.subview(0, { nbytes: base.nbytes }));
    } else if (choice < 0.98) {
      alive.splice(Math.floor(next() * alive.length), 1)[0].dispose();
    } else {
      gc.collect();
    }
    const stats = gc.stats();
    levels.push([stats.live_bytes, stats.live_buffers, stats.live_views, stats.frees, stats.collected_buffers]);
  }
  for (const buffer of alive) buffer.dispose();
  gc.collect();
  levels.push([gc.stats().live_bytes, gc.stats().live_buffers, gc.stats().collected_buffers]);
  return { ends, levels };
}

test('with the visualizer on, the same buffers die at the same steps in the same order', async (t) => {
  for (const seed of [1, 2, 3]) {
    const off = await diary(t, seed, {});
    const on = await diary(t, seed, { visualizer: true });
    const folding = await diary(t, seed, { visualizer: true, visualizerEvents: 256, sites: true });
    assert.ok(off.ends.length > 100);
    assert.deepEqual(on, off, `seed ${seed}`);
    assert.deepEqual(folding, off, `seed ${seed}`);
  }
});

test('a recorded run ends the same buffers in the same order with the visualizer on and off', async (t) => {
  const trace = readTrace('mlp_train_noplan_long');
  if (trace === null) return;
  const run = async (options) => {
    const gc = await open(t, options);
    const ends = [];
    const levels = [];
    const alive = replay(
      gc,
      trace,
      () => levels.push(ends.length),
      (buffer, id) => gc.finalize(buffer, id, (held) => ends.push(held)),
    );
    const { live_bytes, peak_live_bytes, live_buffers, frees, allocations, disposed_buffers } = gc.stats();
    for (const buffer of alive.values()) buffer.dispose();
    return { ends, levels, stats: { live_bytes, peak_live_bytes, live_buffers, frees, allocations, disposed_buffers } };
  };
  const off = await run({});
  assert.ok(off.ends.length > 10_000);
  assert.deepEqual(await run({ visualizer: true }), off);
  assert.deepEqual(await run({ visualizer: true, visualizerEvents: 500 }), off);
});

test("the picture's level equals the allocator's counter at every event of a recorded run", async (t) => {
  const trace = readTrace('mlp_jit');
  if (trace === null) return;
  const gc = await open(t, { visualizer: true });
  const counted = [];
  replay(gc, trace, () => counted.push(gc.stats().live_bytes));
  const { lifecycles, eventCount } = gc.visualizer.snapshot();
  const change = new Array(eventCount).fill(0);
  const isLifetime = new Array(eventCount).fill(false);
  for (const row of lifecycles) {
    change[row.allocEvent] += row.size;
    isLifetime[row.allocEvent] = true;
    if (row.freeEvent !== null) {
      change[row.freeEvent] -= row.size;
      isLifetime[row.freeEvent] = true;
    }
  }
  let level = 0;
  const drawn = [];
  for (let event = 0; event < eventCount; event += 1) {
    level += change[event];
    if (isLifetime[event]) drawn.push(level);
  }
  assert.deepEqual(drawn, counted);
});

test('until the annex is there nothing is recorded or read; what lives then is recorded, and a failure is told', async (t) => {
  const annex = `data:application/wasm;base64,${annexBytes().toString('base64')}`;
  const gc = await open(t, { annex });
  gc.visualizer.start();
  const told = [];
  gc.visualizer.subscribe((from, to) => told.push([from, to]));
  gc.alloc(10).dispose();
  const kept = gc.alloc(20);
  gc.visualizer.mark('too early');
  assert.equal(gc.visualizer.running, false);
  assert.equal(gc.visualizer.eventCount, 0);
  const early = { code: 'invalid_state', message: /visualizer\.snapshot\(\).*await gc\.visualizer\.ready/ };
  assert.throws(() => gc.visualizer.snapshot(), early);
  await gc.visualizer.ready;
  assert.equal(gc.visualizer.running, true);
  kept.dispose();
  const { lifecycles, marks, eventCount } = gc.visualizer.snapshot();
  assert.deepEqual(
    lifecycles.map(({ id, size, cause }) => [id, size, cause]),
    [[kept.id, 20, 'dispose']],
  );
  assert.deepEqual(marks, []);
  await turn();
  assert.deepEqual(told, [
    [0, eventCount - 1], // the reserve and what lives
    [eventCount - 1, eventCount],
  ]);

  const stopped = await open(t, { annex });
  stopped.visualizer.start();
  stopped.visualizer.stop();
  await stopped.visualizer.ready;
  assert.equal(stopped.visualizer.running, false);

  const unreadable = 'data:application/wasm;base64,AAAA';
  const refused = { argument: 'options.annex', received: unreadable };
  await assert.rejects(load({ annex: unreadable, visualizer: true }), refused);
  const lost = await open(t, { annex: unreadable });
  lost.visualizer.start();
  await assert.rejects(lost.visualizer.ready, refused);
  assert.throws(() => lost.visualizer.export('csv'), refused);
});
