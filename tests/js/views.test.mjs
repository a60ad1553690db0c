import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectUntil, KiB, MiB, open, UseAfterDisposeError } from './package.mjs';

test('a view is the same object until the memory grows', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc({ shape: [8], dtype: 'float32' });
  assert.equal(buffer.view(), buffer.view());
});

test('after the memory has grown, view() gives the bytes again where the old view is empty', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc({ shape: [1024], dtype: 'float64' });
  const before = buffer.view();
  before.forEach((_, index) => {
    before[index] = index * 0.5;
  });
  const grown = gc.alloc(64 * MiB);
  assert.equal(before.length, 0, 'growth detaches what was derived before it');
  const after = buffer.view();
  assert.notEqual(after, before);
  assert.equal(after.length, 1024);
  assert.equal(after[1023], 511.5);
  assert.equal(grown.view().length, 64 * MiB);
});

test('many buffers keep their bytes over many growths', async (t) => {
  const gc = await open(t);
  const buffers = [];
  for (let step = 0; step < 64; step += 1) {
    const buffer = gc.alloc({ shape: [256 * KiB], dtype: 'uint32' });
    buffer.view().fill(step + 1);
    buffers.push(buffer);
  }
  buffers.forEach((buffer, step) => {
    const view = buffer.view();
    assert.equal(view[0], step + 1);
    assert.equal(view[256 * KiB - 1], step + 1);
  });
});

test('a subview shows the same bytes, from its offset on, in its own dtype', async (t) => {
  const gc = await open(t);
  const base = gc.alloc({ shape: [4, 4], dtype: 'float32', label: 'matrix' });
  base.view().forEach((_, index, view) => {
    view[index] = index;
  });
  const row = base.subview(16, { shape: [4], label: 'row' });
  assert.equal(row.isView, true);
  assert.equal(row.capacity, 0);
  assert.equal(row.dtype, 'float32');
  assert.deepEqual([...row.view()], [4, 5, 6, 7]);
  row.view()[0] = 40;
  assert.equal(base.view()[4], 40);
  const bytes = row.subview(4, { dtype: 'uint8' });
  assert.equal(bytes.nbytes, 12);
  assert.equal(bytes.view().byteOffset, base.view().byteOffset + 20);
  assert.equal(gc.stats().live_views, 2);
  assert.equal(gc.stats().live_bytes, 64);
});

test('a subview keeps its base alive after the base was disposed', async (t) => {
  const gc = await open(t);
  const base = gc.alloc(MiB);
  base.view().fill(9);
  const view = base.subview(1000, { nbytes: 10 });
  const inner = view.subview(5);
  base.dispose();
  view.dispose();
  assert.equal(gc.stats().live_bytes, MiB);
  assert.deepEqual([...inner.view()], [9, 9, 9, 9, 9]);
  inner.dispose();
  assert.equal(gc.stats().live_bytes, 0);
});

test('destroying the base ends its subviews, and no old view sees what comes after', async (t) => {
  const gc = await open(t);
  const base = gc.alloc(4 * KiB);
  const view = base.subview(64);
  base.destroy();
  assert.equal(base.disposed, true);
  assert.equal(view.disposed, true);
  const next = gc.alloc(4 * KiB);
  next.view().fill(0xff);
  assert.throws(() => view.view(), UseAfterDisposeError);
  assert.throws(() => view.subview(0), UseAfterDisposeError);
  base.destroy();
  base.dispose();
  view.dispose();
  assert.equal(next.disposed, false);
  assert.equal(next.view()[0], 0xff);
  assert.equal(gc.stats().live_views, 0);
});

test('destroying a subview leaves its base alone', async (t) => {
  const gc = await open(t);
  const base = gc.alloc(64);
  const view = base.subview(0);
  view.destroy();
  assert.equal(view.disposed, true);
  assert.equal(base.disposed, false);
});

test('a dropped base is kept by its subview, and goes when the subview is dropped too', async (t) => {
  const gc = await open(t);
  const keptView = { view: undefined };
  (() => {
    const base = gc.alloc(MiB);
    base.view()[7] = 42;
    keptView.view = base.subview(7);
    new WeakRef(base);
  })();
  let probe = new WeakRef({});
  await collectUntil(() => probe.deref() === undefined);
  await gc.drain();
  assert.equal(keptView.view.view()[0], 42);
  assert.equal(gc.stats().live_bytes, MiB);
  keptView.view = undefined;
  probe = undefined;
  assert.equal(await collectUntil(() => gc.stats().live_bytes === 0), true);
});
