// Live buffers move together at the budget: what fits, fits. Views never see another buffer's bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KiB, OutOfMemoryError, open } from './package.mjs';

const size = 256 * KiB;

/** Eight buffers that fill the budget; every second one is disposed. */
async function comb(t, options = {}) {
  const gc = await open(t, { budgetBytes: 8 * size, compact: true, ...options });
  const buffers = Array.from({ length: 8 }, (_, index) => {
    const buffer = gc.alloc(size);
    buffer.view().fill(index + 1);
    return buffer;
  });
  const kept = buffers.filter((_, index) => index % 2 === 1);
  for (const buffer of buffers) if (!kept.includes(buffer)) buffer.dispose();
  return { gc, kept };
}

function checkContents(kept) {
  for (const [index, buffer] of kept.entries()) {
    assert.ok(
      buffer.view().every((byte) => byte === 2 * index + 2),
      `buffer ${index} has its bytes`,
    );
  }
}

test('at the budget live buffers slide together; old views are empty, fresh ones show the same bytes', async (t) => {
  const { gc, kept } = await comb(t);
  const views = kept.map((buffer) => buffer.view());
  const part = kept[1].subview(1000, { shape: [16], dtype: 'uint8' });
  const large = gc.alloc(4 * size);
  large.view().fill(255);
  for (const view of views) assert.equal(view.length, 0, 'compaction detaches what was derived before it');
  checkContents(kept);
  assert.deepEqual([...part.view()], new Array(16).fill(4));
  assert.equal(part.view().byteOffset, kept[1].view().byteOffset + 1000);
  const stats = gc.stats();
  assert.equal(stats.compactions, 1);
  assert.equal(stats.moved_bytes, 3 * size);
  assert.ok(stats.peak_reserved_bytes <= 8 * size);
});

test('a pinned buffer stays where it is until its pin is disposed', async (t) => {
  const { gc, kept } = await comb(t);
  const pin = kept[2].pin();
  assert.equal(pin.byteOffset, kept[2].view().byteOffset);
  assert.throws(() => gc.alloc(4 * size), OutOfMemoryError);
  gc.alloc(2 * size);
  assert.equal(kept[2].view().byteOffset, pin.byteOffset);
  pin.dispose();
  pin.dispose();
  gc.alloc(2 * size);
  checkContents(kept);
});

test('with compact: false nothing moves, and fragmentation may refuse what would fit', async (t) => {
  const { gc, kept } = await comb(t, { compact: false });
  const views = kept.map((buffer) => buffer.view());
  assert.throws(() => gc.alloc(2 * size), OutOfMemoryError);
  assert.ok(views.every((view) => view.length === size));
  assert.equal(gc.stats().compactions, 0);
});

test('the memory grows by what is reserved', async (t) => {
  const gc = await open(t);
  const memoryBytes = () => gc.alloc(1).view().buffer.byteLength;
  const before = { memory: memoryBytes(), reserved: gc.stats().reserved_bytes };
  const buffers = Array.from({ length: 100 }, (_, index) => gc.alloc((index + 1) * 10_000));
  const grown = memoryBytes() - before.memory;
  const reserved = gc.stats().reserved_bytes - before.reserved;
  assert.ok(reserved > 50_000_000);
  assert.ok(Math.abs(grown - reserved) <= 2 * 64 * KiB, `grown by ${grown}, reserved ${reserved} more`);
  for (const buffer of buffers) buffer.dispose();
});
