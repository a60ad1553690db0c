// At the budget: what nobody holds makes room, without any help of --expose-gc.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectUntil, KiB, load, MiB, OutOfMemoryError, open, turn } from './package.mjs';

test('10,000 dropped megabytes fit a budget of 64 when every allocation may wait', async (t) => {
  const gc = await open(t, { budgetBytes: 64 * MiB });
  for (let i = 0; i < 10_000; i += 1) {
    const buffer = await gc.allocAsync({ nbytes: MiB, label: 'dropped' }, { timeoutMs: 60_000 });
    if (i % 1000 === 0) buffer.view().fill(1);
  }
  const stats = gc.stats();
  assert.equal(stats.allocations, 10_000);
  assert.ok(stats.peak_reserved_bytes <= 64 * MiB);
  assert.ok(stats.finalized_buffers >= 10_000 - 64);
});

test('a synchronous loop that drops everything fails with the ways out named', async (t) => {
  const gc = await open(t, { budgetBytes: 16 * MiB });
  assert.throws(
    () => {
      for (let i = 0; i < 1000; i += 1) gc.alloc(MiB);
    },
    (error) => error instanceof OutOfMemoryError && /scope\(\).*allocAsync\(\)/.test(error.message),
  );
});

test('while buffers are held, allocAsync gives up at its deadline, with the effort told', async (t) => {
  const gc = await open(t, { budgetBytes: 4 * MiB });
  const held = [gc.alloc(2 * MiB), gc.alloc(MiB)];
  await assert.rejects(gc.allocAsync(2 * MiB, { timeoutMs: 100 }), (error) => {
    assert.ok(error instanceof OutOfMemoryError);
    assert.match(error.message, /provoked collections? in \d+ ms/);
    return true;
  });
  await assert.rejects(gc.allocAsync(2 * MiB, { timeoutMs: 0 }), OutOfMemoryError);
  assert.ok(held.every((buffer) => !buffer.disposed));
});

test('allocAsync succeeds as soon as somebody disposes', async (t) => {
  const gc = await open(t, { budgetBytes: 2 * MiB });
  const held = gc.alloc(2 * MiB - 64 * KiB);
  const waiting = gc.allocAsync({ shape: [1024, 256], dtype: 'float32' }, { timeoutMs: 30_000 });
  setTimeout(() => held.dispose(), 30);
  const buffer = await waiting;
  assert.equal(buffer.nbytes, MiB);
  assert.equal(buffer.dtype, 'float32');
});

test('an abort ends the wait with its reason', async (t) => {
  const gc = await open(t, { budgetBytes: MiB });
  const held = gc.alloc(900 * KiB);
  const controller = new AbortController();
  const waiting = gc.allocAsync(MiB, { timeoutMs: 60_000, signal: controller.signal });
  const reason = new Error('no longer wanted');
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(waiting, reason);
  await assert.rejects(gc.allocAsync(8, { signal: AbortSignal.abort(reason) }), reason);
  held.dispose();
});

test('several that wait at once are all served', async (t) => {
  const gc = await open(t, { budgetBytes: 8 * MiB });
  (() => {
    for (let i = 0; i < 7; i += 1) gc.alloc(MiB);
  })();
  const buffers = await Promise.all(Array.from({ length: 6 }, () => gc.allocAsync(MiB, { timeoutMs: 60_000 })));
  assert.equal(buffers.length, 6);
  assert.ok(buffers.every((buffer) => !buffer.disposed));
});

test('a close ends those that wait', async (t) => {
  const gc = await open(t, { budgetBytes: MiB });
  const held = gc.alloc(900 * KiB);
  const waiting = gc.allocAsync(MiB, { timeoutMs: 60_000 });
  setTimeout(() => gc.close(), 20);
  await assert.rejects(waiting, { code: 'closed' });
  assert.equal(held.disposed, true);
});

test('cycles that nobody holds make room by themselves', async (t) => {
  const gc = await open(t, { budgetBytes: 4 * MiB });
  for (let i = 0; i < 20; i += 1) {
    const [a, b] = [gc.alloc(MiB), gc.alloc(MiB)];
    gc.link(a, b);
    gc.link(b, a);
    a.dispose();
    b.dispose();
  }
  assert.equal(gc.stats().failed_allocations, 0);
  assert.ok(gc.stats().collected_buffers >= 36);
});

test('a finalizer that allocates while the budget is tight gets room or an error, never harm', async (t) => {
  const gc = await open(t, { budgetBytes: 4 * MiB });
  const outcomes = [];
  gc.onError((error) => outcomes.push(error.code));
  for (let i = 0; i < 8; i += 1) {
    const ring = gc.alloc({ nbytes: MiB, label: `ring ${i}` });
    gc.link(ring, ring);
    gc.finalize(ring, null, () => outcomes.push(gc.alloc({ nbytes: 3 * MiB, label: 'greedy' }).nbytes));
    ring.dispose();
  }
  const last = gc.alloc({ shape: [16], dtype: 'int32', label: 'after all' });
  assert.equal(last.view().length, 16);
  assert.equal(last.label, 'after all');
  assert.ok(gc.stats().reserved_bytes <= 4 * MiB);
});

test('an event loop that drops a megabyte a turn never meets the budget with plain alloc', async (t) => {
  const gc = await open(t, { budgetBytes: 64 * MiB });
  for (let i = 0; i < 3000; i += 1) {
    gc.alloc(MiB).view()[0] = 1;
    await turn();
  }
  const stats = gc.stats();
  assert.equal(stats.failed_allocations, 0);
  assert.ok(stats.peak_reserved_bytes <= 64 * MiB);
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
  assert.equal(gc.stats().finalized_buffers, 3000);
});

/** Counts the collections that the package provokes; `globalThis.gc` is what it asks where there is one. */
function countCollections(t) {
  const { gc } = globalThis;
  let count = 0;
  globalThis.gc = () => {
    count += 1;
    gc?.();
  };
  t.after(() => {
    if (gc === undefined) delete globalThis.gc;
    else globalThis.gc = gc;
  });
  return () => count;
}

test('what is in use beyond the mark is not collected for in vain again and again', async (t) => {
  const collections = countCollections(t);
  const gc = await open(t, { budgetBytes: 64 * MiB });
  const held = Array.from({ length: 48 }, () => gc.alloc(MiB));
  for (let i = 0; i < 2000; i += 1) {
    const buffer = gc.alloc(MiB);
    await turn();
    buffer.dispose();
  }
  assert.ok(collections() >= 1, 'the mark was passed');
  assert.ok(collections() <= 20, `${collections()} collections`);
  assert.ok(held.every((buffer) => !buffer.disposed));
});

test('highWaterMark: 1 leaves collecting to the engine, and the budget is met', async (t) => {
  const collections = countCollections(t);
  const gc = await open(t, { budgetBytes: 8 * MiB, highWaterMark: 1 });
  for (let i = 0; i < 8; i += 1) {
    gc.alloc(MiB - 64 * KiB);
    await turn();
  }
  assert.equal(collections(), 0);
  await assert.rejects(load({ highWaterMark: 0 }), { argument: 'options.highWaterMark' });
  await assert.rejects(load({ highWaterMark: 1.1 }), { argument: 'options.highWaterMark' });
});
