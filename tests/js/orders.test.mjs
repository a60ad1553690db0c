// The worst orders in which handles, finalizers, the nursery and the manager can end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectUntil, load, open, turn } from './package.mjs';

test('a finalizer that disposes others, and its own buffer, ends each once', async (t) => {
  const gc = await open(t);
  const calls = [];
  const others = Array.from({ length: 3 }, (_, i) => gc.alloc({ nbytes: 64, label: `other ${i}` }));
  const dying = gc.alloc(64);
  gc.finalize(others[0], 'other', (name) => calls.push(name));
  gc.finalize(dying, others, (held) => {
    calls.push('dying');
    for (const other of held) other.dispose();
  });
  dying.dispose();
  dying.dispose();
  assert.deepEqual(calls, ['dying', 'other']);
  assert.deepEqual([gc.stats().live_buffers, gc.stats().disposed_buffers], [0, 4]);
});

test('a finalizer of a collected handle disposes the handles that died with it', async (t) => {
  const gc = await open(t);
  let calls = 0;
  (() => {
    for (let i = 0; i < 50; i += 1) {
      const other = gc.alloc(64);
      gc.finalize(gc.alloc(64), other, (held) => {
        calls += 1;
        held.dispose();
      });
    }
  })();
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
  assert.equal(calls, 50);
  assert.deepEqual([gc.stats().finalized_buffers, gc.stats().disposed_buffers], [50, 50]);
});

test('dispose and destroy after the close do nothing, registered or not', async (t) => {
  const gc = await open(t);
  const old = gc.alloc(64);
  await turn();
  const young = gc.alloc(64);
  gc.close();
  for (const buffer of [old, young]) {
    buffer.dispose();
    buffer.destroy();
    assert.equal(buffer.disposed, true);
  }
  assert.deepEqual([gc.stats().closed_buffers, gc.stats().disposed_buffers], [2, 0]);
});

test('the bytes of a handle that only a typed array still shows go with the handle: hold the buffer', async (t) => {
  const gc = await open(t);
  const view = (() => gc.alloc(64).fill(7).view())();
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
  // The array is over memory that others will get; reading it is harmless, and tells nothing.
  assert.equal(view.length, 64);
});

test('a million handles dropped in stretches longer than the nursery are each released and finalized once', async (t) => {
  const gc = await open(t);
  let finalized = 0;
  const stretch = 100_000;
  const makeAndDrop = () => {
    for (let i = 0; i < stretch; i += 1) {
      const buffer = gc.alloc(64);
      if (i % 100 !== 0) continue;
      gc.finalize(buffer, null, () => {
        finalized += 1;
      });
    }
  };
  for (let round = 0; round < 10; round += 1) {
    makeAndDrop();
    assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
  }
  await gc.drain();
  assert.deepEqual([gc.stats().finalized_buffers, gc.stats().live_bytes, finalized], [10 * stretch, 0, 10_000]);
});

test('an overfull nursery keeps what is in use, in any order of disposal', async (t) => {
  const gc = await open(t);
  const kept = [];
  (() => {
    for (let i = 0; i < 200_000; i += 1) {
      const buffer = gc.alloc(64);
      buffer.view()[0] = i & 255;
      if (i % 7 === 0) kept.push([buffer, i & 255]);
      else if (i % 3 !== 0) buffer.dispose();
    }
  })();
  assert.equal(await collectUntil(() => gc.stats().live_buffers === kept.length), true);
  assert.ok(kept.every(([buffer, value]) => buffer.view()[0] === value));
  for (const [buffer] of kept.reverse()) buffer.dispose();
  assert.equal(gc.stats().live_buffers, 0);
});

test('a handle in use across awaits keeps its buffer through any collection', async (t) => {
  const gc = await open(t);
  const work = async (value) => {
    const buffer = gc.alloc(4096).fill(value);
    for (let i = 0; i < 3; i += 1) {
      await turn();
      for (let j = 0; j < 4; j += 1) new ArrayBuffer(2 ** 27);
      globalThis.gc?.();
    }
    return buffer.view().every((byte) => byte === value);
  };
  assert.deepEqual(await Promise.all([1, 2, 3].map(work)), [true, true, true]);
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
});

test('handles disposed long before the engine collects them end nobody who came after', async (t) => {
  const gc = await open(t);
  const disposed = [];
  let held = [];
  let released = 0;
  const isOf = ({ buffer, mark }) => buffer.view().every((byte) => byte === mark);
  const round = async (mark) => {
    const made = Array.from({ length: 300 }, (_, i) => ({ buffer: gc.alloc(64).fill(mark), mark, i }));
    await turn(); // all are registered
    for (const { buffer } of made.filter(({ i }) => i % 3 === 0)) {
      buffer.dispose();
      disposed.push(buffer); // to be collected rounds later
    }
    return made.filter(({ i }) => i % 3 === 1); // the rest is dropped
  };
  for (let mark = 1; mark <= 6; mark += 1) {
    held = [...held, ...(await round(mark))];
    released += 100;
    assert.equal(await collectUntil(() => gc.stats().finalized_buffers === released), true);
    assert.deepEqual([gc.stats().live_buffers, held.every(isOf)], [held.length, true]);
    if (mark % 2 === 0) {
      disposed.length = 0;
      for (const { buffer } of held.splice(0, 50)) buffer.dispose();
    }
  }
  await gc.drain();
  assert.deepEqual([gc.stats().live_buffers, gc.stats().finalized_buffers], [held.length, released]);
  assert.equal(held.every(isOf), true);
});

test('handles of two managers are each released in their own', async (t) => {
  const managers = [await open(t), await open(t)];
  const counts = () => managers.map((gc) => gc.stats().finalized_buffers);
  for (let round = 1; round <= 4; round += 1) {
    await (async () => {
      for (let i = 0; i < 90; i += 1) managers[i % 3 === 0 ? 0 : 1].alloc(64);
      await turn();
    })();
    assert.equal(await collectUntil(() => managers.every((gc) => gc.stats().live_buffers === 0)), true);
    assert.deepEqual(counts(), [30 * round, 60 * round]);
  }
});

test('a manager is not kept by handles that the engine has collected', async () => {
  const probe = await (async () => {
    const gc = await load();
    await (async () => {
      for (let i = 0; i < 100; i += 1) gc.alloc(64);
      await turn();
    })();
    assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
    return new WeakRef(gc);
  })();
  assert.equal(await collectUntil(() => probe.deref() === undefined), true);
});
