// What the engine's garbage collector releases. Run with and without --expose-gc: without, the engine is shown big arrays.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { collectUntil, KiB, MiB, open, packageUrl, random, turn } from './package.mjs';

test('a dropped buffer is released by itself, counted as finalized', async (t) => {
  const gc = await open(t, { visualizer: true });
  (() => {
    for (let i = 0; i < 100; i += 1) gc.alloc(64 * KiB).view()[0] = i;
  })();
  assert.equal(gc.stats().live_buffers, 100);
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
  assert.equal(gc.stats().finalized_buffers, 100);
  assert.equal(gc.stats().disposed_buffers, 0);
  assert.ok(gc.visualizer.snapshot().lifecycles.every((row) => row.cause === 'finalized'));
});

test('what was disposed is not released again when its handle is collected', async (t) => {
  const gc = await open(t);
  const probes = [];
  const kept = [];
  await (async () => {
    let handles = Array.from({ length: 50 }, (_, i) => gc.alloc({ nbytes: 1000 + i, label: `h${i}` }));
    await turn(); // They outlive the turn: all are registered with the engine.
    for (const handle of handles) {
      probes.push(new WeakRef(handle));
      handle.dispose();
      kept.push(gc.alloc(handle.nbytes)); // Takes the place, and likely the record, of the one that went.
    }
    handles = null;
  })();
  assert.equal(await collectUntil(() => probes.every((probe) => probe.deref() === undefined)), true);
  await gc.drain();
  assert.equal(gc.stats().disposed_buffers, 50);
  assert.equal(gc.stats().finalized_buffers, 0);
  assert.equal(gc.stats().live_buffers, 50);
  assert.ok(kept.every((buffer) => !buffer.disposed && buffer.view().length > 0));
});

test('handles that are held survive any number of collections', async (t) => {
  const gc = await open(t);
  const held = Array.from({ length: 3000 }, (_, i) => {
    const buffer = gc.alloc(256);
    buffer.view().fill(i & 255);
    return buffer;
  });
  (() => gc.alloc(MiB))();
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 3000), true);
  assert.ok(held.every((buffer, i) => buffer.view()[255] === (i & 255)));
});

test('more handles in one synchronous stretch than the nursery takes are all released later', async (t) => {
  const gc = await open(t);
  (() => {
    for (let i = 0; i < 10_000; i += 1) gc.alloc(64);
  })();
  assert.equal(gc.stats().live_buffers, 10_000);
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
});

test('the nursery lets go of a handle at the end of its turn', async (t) => {
  const gc = await open(t);
  const probe = (() => new WeakRef(gc.alloc(64)))();
  assert.equal(await collectUntil(() => probe.deref() === undefined), true);
});

test('onLeak names what only the engine released, with its site', async (t) => {
  const gc = await open(t, { sites: true });
  const leaks = [];
  const remove = gc.onLeak((leak) => leaks.push(leak));
  const id = (() => gc.alloc({ shape: [10], dtype: 'float32', label: 'forgotten' }).id)();
  gc.alloc({ nbytes: 8, label: 'disposed' }).dispose();
  assert.equal(await collectUntil(() => leaks.length > 0), true);
  assert.equal(leaks.length, 1);
  const [leak] = leaks;
  assert.deepEqual({ ...leak, site: '', stack: '' }, { id, nbytes: 40, label: 'forgotten', site: '', stack: '' });
  assert.match(leak.site, /gc\.test\.mjs:\d+$/);
  assert.ok(leak.stack.split('\n').length > 1, leak.stack);
  remove();
  (() => gc.alloc({ nbytes: 8, label: 'unheard' }))();
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
  assert.equal(leaks.length, 1);
});

test('a handle that was dropped while a link still holds its buffer is no leak', async (t) => {
  const gc = await open(t);
  const leaks = [];
  gc.onLeak((leak) => leaks.push(leak.label));
  const holder = gc.alloc({ nbytes: 8, label: 'holder' });
  const probe = (() => {
    const held = gc.alloc({ nbytes: 8, label: 'held' });
    gc.link(holder, held);
    return new WeakRef(held);
  })();
  assert.equal(await collectUntil(() => probe.deref() === undefined), true);
  await gc.drain();
  assert.equal(gc.stats().live_buffers, 2);
  holder.dispose();
  assert.equal(gc.stats().live_buffers, 0);
  assert.deepEqual(leaks, []);
});

test('a leak handler that throws is reported and stops no release', async (t) => {
  const gc = await open(t);
  const errors = [];
  gc.onError((error) => errors.push(error.message));
  gc.onLeak(() => {
    throw new Error('bad handler');
  });
  (() => {
    gc.alloc(8);
    gc.alloc(8);
  })();
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
  assert.deepEqual(errors, ['bad handler', 'bad handler']);
});

test('handles collected after the close release nothing', async (t) => {
  const gc = await open(t);
  const probe = await (async () => {
    const buffer = gc.alloc(64);
    await turn();
    return new WeakRef(buffer);
  })();
  gc.close();
  assert.equal(await collectUntil(() => probe.deref() === undefined), true);
  await turn();
  assert.deepEqual([gc.stats().closed_buffers, gc.stats().finalized_buffers], [1, 0]);
});

test('a manager that is dropped with its buffers is collected whole', async () => {
  const { load } = await import('./package.mjs');
  const probe = await (async () => {
    const gc = await load();
    const kept = gc.alloc(MiB);
    gc.finalize(kept, 'held', () => {});
    await turn();
    return new WeakRef(gc);
  })();
  assert.equal(await collectUntil(() => probe.deref() === undefined), true);
});

test('a million allocations, disposed, dropped or kept for a while, leave nothing behind', async (t) => {
  const gc = await open(t, { budgetBytes: 64 * MiB });
  const seed = 20_240_229;
  const next = random(seed);
  let window = new Array(512).fill(undefined);
  for (let i = 0; i < 1_000_000; i += 1) {
    const slot = Math.floor(next() * window.length);
    if (next() < 0.97) window[slot]?.dispose();
    window[slot] = gc.alloc(64 + Math.floor(next() * 2000));
    if (i % 5000 === 4999) await gc.drain();
  }
  window = undefined;
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true, `seed ${seed}`);
  const stats = gc.stats();
  assert.equal(stats.allocations, 1_000_000);
  assert.equal(stats.frees, 1_000_000);
  assert.equal(stats.disposed_buffers + stats.finalized_buffers, 1_000_000);
  assert.equal(stats.live_bytes, 0);
});

// In a process of its own: where it fails, V8 runs no finalization in that process ever again.
test('a manager dropped together with its buffers leaves the finalization of others running', () => {
  const program = `
    import { load } from '${packageUrl}';
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    let dropped = await load();
    (() => { for (let i = 0; i < 100; i += 1) dropped.alloc(64); })();
    await turn();
    gc(); // finds the handles dead, and plans to tell the registry
    dropped = null;
    gc(); // finds the manager dead before that
    for (let i = 0; i < 5; i += 1) await turn();
    const next = await load();
    (() => { for (let i = 0; i < 100; i += 1) next.alloc(64); })();
    await turn();
    for (let i = 0; i < 20 && next.stats().live_buffers > 0; i += 1) { gc(); await turn(); }
    console.log(next.stats().live_buffers);`;
  const answer = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  assert.equal(answer.trim(), '0');
});
