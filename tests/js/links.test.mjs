import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectUntil, KiB, open } from './package.mjs';

test('a linked buffer lives as long as its holder', async (t) => {
  const gc = await open(t);
  const a = gc.alloc(8);
  const b = gc.alloc(16);
  gc.link(a, b);
  b.dispose();
  assert.equal(b.disposed, true, 'this handle has let go');
  assert.equal(gc.stats().live_bytes, 24);
  a.dispose();
  assert.equal(gc.stats().live_bytes, 0);
});

test('a chain of 100,000 links falls without using up the stack', async (t) => {
  const gc = await open(t);
  const buffers = Array.from({ length: 100_000 }, () => gc.alloc(8));
  for (let i = 0; i + 1 < buffers.length; i += 1) gc.link(buffers[i], buffers[i + 1]);
  for (const buffer of buffers.slice(1)) buffer.dispose();
  assert.equal(gc.stats().live_buffers, 100_000);
  buffers[0].dispose();
  assert.equal(gc.stats().live_buffers, 0);
});

test('links count: two links need two unlinks, a third is refused', async (t) => {
  const gc = await open(t);
  const a = gc.alloc(8);
  const b = gc.alloc(8);
  gc.link(a, b);
  gc.link(a, b);
  assert.equal(gc.stats().edges, 2);
  gc.unlink(a, b);
  gc.unlink(a, b);
  assert.equal(gc.stats().edges, 0);
  assert.throws(() => gc.unlink(a, b), { code: 'invalid_argument', argument: 'b' });
});

test('a self-loop and a mutual cycle are collected with exact counts', async (t) => {
  const gc = await open(t, { visualizer: true });
  const self = gc.alloc(1000);
  gc.link(self, self);
  const [a, b, held] = [gc.alloc(2000), gc.alloc(3000), gc.alloc(500)];
  gc.link(a, b);
  gc.link(b, a);
  gc.link(b, held);
  held.dispose();
  for (const buffer of [self, a, b]) buffer.dispose();
  assert.equal(gc.stats().live_buffers, 4, 'reference counts alone do not free a cycle');
  const report = gc.collect();
  assert.equal(report.buffers, 4);
  assert.equal(report.bytes, 6500);
  assert.ok(report.examined >= 4);
  assert.equal(gc.stats().live_buffers, 0);
  assert.equal(gc.stats().collected_buffers, 4);
  assert.equal(gc.stats().edges, 0);
  assert.ok(gc.visualizer.snapshot().lifecycles.every((row) => row.cause === 'collected'));
  assert.equal(gc.collect().buffers, 0);
});

test('a cycle that is held from outside survives, with all it reaches', async (t) => {
  const gc = await open(t);
  const [a, b, c] = [gc.alloc(8), gc.alloc(8), gc.alloc(8)];
  gc.link(a, b);
  gc.link(b, a);
  gc.link(b, c);
  b.dispose();
  c.dispose();
  assert.equal(gc.collect().buffers, 0);
  assert.equal(gc.stats().live_buffers, 3);
  a.dispose();
  assert.equal(gc.collect().buffers, 3);
});

test('a cycle of dropped handles is freed once the engine has dropped them', async (t) => {
  const gc = await open(t);
  (() => {
    const [a, b] = [gc.alloc(64 * KiB), gc.alloc(64 * KiB)];
    gc.link(a, b);
    gc.link(b, a);
  })();
  let freed = 0;
  await collectUntil(() => {
    freed += gc.collect().buffers;
    return freed > 0;
  });
  assert.equal(freed, 2);
  assert.equal(gc.stats().live_bytes, 0);
});

test('weak handles of a dead cycle answer nothing before its finalizers run', async (t) => {
  const gc = await open(t);
  const [a, b] = [gc.alloc(8), gc.alloc(8)];
  const [weakA, weakB] = [gc.weak(a), gc.weak(b)];
  gc.link(a, b);
  gc.link(b, a);
  const seen = [];
  for (const buffer of [a, b]) gc.finalize(buffer, null, () => seen.push(weakA.deref(), weakB.deref()));
  a.dispose();
  b.dispose();
  assert.equal(gc.collect().buffers, 2);
  assert.deepEqual(seen, [undefined, undefined, undefined, undefined]);
});

test('collect tells its handlers before and after, and they may do anything', async (t) => {
  const gc = await open(t);
  const events = [];
  const remove = gc.onCollect({
    start: () => events.push('start'),
    stop: (report) => {
      events.push(report.buffers);
      gc.alloc(8).dispose();
    },
  });
  const errors = [];
  gc.onError((error) => errors.push(error.message));
  gc.onCollect({
    start: () => {
      throw new Error('bad handler');
    },
  });
  const buffer = gc.alloc(8);
  gc.link(buffer, buffer);
  buffer.dispose();
  gc.collect();
  assert.deepEqual(events, ['start', 1]);
  assert.deepEqual(errors, ['bad handler']);
  remove();
  gc.collect();
  assert.equal(events.length, 2);
  assert.equal(gc.stats().collections, 2);
});

test('a weak handle finds its buffer until it is disposed', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(8);
  const weak = gc.weak(buffer);
  assert.equal(weak.deref(), buffer);
  assert.equal(weak.id, buffer.id);
  buffer.dispose();
  assert.equal(weak.deref(), undefined);
  const next = gc.alloc(8);
  assert.equal(weak.deref(), undefined, 'nor does it find who took its place');
  assert.notEqual(next.id, weak.id);
});

test('a weak handle keeps nothing alive', async (t) => {
  const gc = await open(t);
  const weak = (() => gc.weak(gc.alloc(4 * KiB)))();
  assert.equal(await collectUntil(() => gc.stats().live_bytes === 0), true);
  assert.equal(weak.deref(), undefined);
});
