// At the budget: what nobody holds makes room, without any help of --expose-gc.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

/** Counts the calls and constructions of a global while the test runs: what `counted` says of their arguments. */
function count(t, name, counted = () => true) {
  const original = globalThis[name];
  let found = 0;
  const look = (words) => {
    if (counted(...words)) found += 1;
  };
  globalThis[name] = new Proxy(original, {
    apply(target, self, words) {
      look(words);
      return Reflect.apply(target, self, words);
    },
    construct(target, words) {
      look(words);
      return Reflect.construct(target, words);
    },
  });
  t.after(() => {
    globalThis[name] = original;
  });
  return () => found;
}

test('ballast that brings nothing in this engine is left out more and more', async (t) => {
  const { gc: exposed } = globalThis;
  globalThis.gc = undefined;
  t.after(() => {
    globalThis.gc = exposed;
  });
  const young = count(t, 'ArrayBuffer', (bytes) => bytes === 16);
  const whole = count(t, 'ArrayBuffer', (bytes) => bytes === 1024 * MiB);
  // On a busy machine a marking that the whole heap's ballast began may end in the young generation's turn, whose
  // success it then seems: one calm attempt shows what is learnt. Where nothing is, both come in every round of each.
  const attempts = [];
  do {
    const before = [young(), whole()];
    const gc = await open(t, { budgetBytes: 32 * MiB });
    for (let i = 0; i < 3000; i += 1) await gc.allocAsync(MiB, { timeoutMs: 60_000 });
    const { failed_allocations: rounds } = gc.stats();
    assert.ok(rounds >= 3000 / 32 - 1);
    attempts.push({ young: young() - before[0], whole: whole() - before[1], rounds });
    gc.close();
    // Node 20 finds dropped handles only in collections of its whole heap; a later one need not.
  } while (attempts.length < 4 && Math.min(attempts.at(-1).young, attempts.at(-1).whole) > attempts.at(-1).rounds / 2);
  const { young: youngPieces, whole: wholePieces, rounds } = attempts.at(-1);
  assert.ok(Math.min(youngPieces, wholePieces) <= rounds / 2, JSON.stringify(attempts));
});

/** The engine's own collector, with and without --expose-gc. */
function collector() {
  setFlagsFromString('--expose-gc');
  return globalThis.gc ?? runInNewContext('gc');
}

/** Counts the collections that the package provokes; `globalThis.gc`, here `collect`, is what it asks where there is one. */
function countCollections(t, collect = globalThis.gc) {
  const { gc } = globalThis;
  let count = 0;
  globalThis.gc = () => {
    count += 1;
    collect?.();
  };
  t.after(() => {
    if (gc === undefined) delete globalThis.gc;
    else globalThis.gc = gc;
  });
  return () => count;
}

test('a round ends with the turn that releases something', async (t) => {
  const collections = countCollections(t, collector());
  const turns = count(t, 'setImmediate');
  const gc = await open(t, { budgetBytes: 16 * MiB });
  for (let i = 0; i < 600; i += 1) await gc.allocAsync(MiB, { timeoutMs: 60_000 });
  const rounds = collections();
  assert.ok(rounds >= 600 / 16 - 1);
  assert.ok(turns() <= 3 * rounds, `${turns()} turns in ${rounds} rounds`);
});

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

test('what is released makes too little room time and again: collections become rare', async (t) => {
  const collections = countCollections(t, collector());
  const gc = await open(t, { budgetBytes: 4 * MiB, highWaterMark: 1 });
  const held = gc.alloc(3 * MiB);
  let waiting = true;
  const small = (async () => {
    while (waiting) {
      gc.alloc(64);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  await assert.rejects(gc.allocAsync(2 * MiB, { timeoutMs: 1500 }), OutOfMemoryError);
  waiting = false;
  await small;
  assert.ok(collections() >= 1);
  assert.ok(collections() <= 32, `${collections()} collections`);
  assert.equal(held.disposed, false);
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
