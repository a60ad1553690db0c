// Live buffers move together at the budget: what fits, fits. Views never see another buffer's bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KiB, MiB, OutOfMemoryError, open, random } from './package.mjs';

const size = 256 * KiB;

/** Eight buffers that fill the budget; every second one is disposed. */
async function comb(t, options = {}) {
  const gc = await open(t, { budgetBytes: 8 * size, ...options });
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

test('the visualizer tells from where to where each buffer and subview went', async (t) => {
  const { gc, kept } = await comb(t, { visualizer: true });
  const part = kept[1].subview(1000, { shape: [16], dtype: 'uint8' });
  const before = new Map([...kept, part].map((buffer) => [buffer.id, buffer.view().byteOffset]));
  const large = gc.alloc(4 * size);
  const { moves, lifecycles, eventCount } = gc.visualizer.snapshot();
  assert.equal(moves.length, 4, 'three buffers and a subview');
  for (const buffer of [...kept, part]) {
    const own = moves.filter(({ id }) => id === buffer.id);
    const now = buffer.view().byteOffset;
    assert.deepEqual(
      own.map(({ from, to }) => ({ from, to })),
      now === before.get(buffer.id) ? [] : [{ from: before.get(buffer.id), to: now }],
    );
    const { address } = lifecycles.find(({ id }) => id === buffer.id);
    assert.equal(address, before.get(buffer.id), 'a lifecycle has the address of its birth');
  }
  const birth = lifecycles.find(({ id }) => id === large.id);
  for (const { event } of moves) assert.ok(event < birth.allocEvent && event < eventCount);
  const lines = new TextDecoder().decode(gc.visualizer.export('ndjson')).split('\n');
  const told = lines.filter((line) => line.includes('"op":"move"')).map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ id, from, addr }) => ({ id, from: Number(from), to: Number(addr) })),
    moves.map(({ id, from, to }) => ({ id, from, to })),
  );
});

/** Buffers and subviews of random sizes under a tight budget, each with bytes of its own; what happened, as lines. */
async function life(t, seed, visualizer) {
  const gc = await open(t, { budgetBytes: MiB, visualizer, visualizerEvents: 500 });
  const next = random(seed);
  const upTo = (most) => Math.floor(next() * most);
  const story = [];
  const held = [];
  let pinned = null;
  gc.onError((error) => {
    throw error;
  });
  const sum = (bytes) => bytes.reduce((a, b, index) => (Math.imul(a, 31) + b + index) | 0, 0);
  const check = ({ buffer, checksum }) => assert.equal(sum(buffer.view()), checksum);
  for (let step = 0; step < 500; step += 1) {
    const nbytes = 1 + upTo(next() < 0.2 ? 200 * KiB : 15 * KiB);
    try {
      const buffer = gc.alloc({ nbytes, label: `${step}` });
      const bytes = buffer.view();
      for (let at = 0; at < nbytes; at += 1) bytes[at] = (at * 7 + step) & 255;
      gc.finalize(buffer, step, (number) => story.push(`ended ${number}`));
      held.push({ buffer, checksum: sum(bytes) });
      if (next() < 0.3) {
        const part = buffer.subview(upTo(nbytes), { label: `part of ${step}` });
        held.push({ buffer: part, checksum: sum(part.view()) });
      }
    } catch (error) {
      assert.ok(error instanceof OutOfMemoryError, error);
      story.push(`no room for ${step}`);
    }
    if (step % 40 === 10 && held.length > 0) {
      const { buffer } = held[upTo(held.length)];
      pinned = { buffer, pin: buffer.pin() };
    }
    if (pinned !== null) assert.equal(pinned.buffer.view().byteOffset, pinned.pin.byteOffset);
    if (pinned !== null && step % 40 === 25) {
      pinned.pin.dispose();
      pinned = null;
    }
    if (step % 5 === 0) held.forEach(check);
    while (held.length > 30 || (held.length > 0 && next() < 0.4)) {
      const index = upTo(held.length);
      if (held[index].buffer === pinned?.buffer) break;
      const [{ buffer }] = held.splice(index, 1);
      buffer.dispose();
    }
  }
  held.forEach(check);
  pinned?.pin.dispose();
  const { compactions, moved_bytes: movedBytes, peak_reserved_bytes: peak } = gc.stats();
  assert.ok(compactions > 10, `${compactions} compactions`);
  assert.ok(peak <= MiB);
  if (visualizer) {
    const { lifecycles, moves } = gc.visualizer.snapshot();
    const shown = new Map(lifecycles.map(({ id, address }) => [id, address]));
    for (const { id, from, to } of moves) {
      assert.equal(shown.get(id), from);
      shown.set(id, to);
    }
    for (const { buffer } of held) assert.equal(shown.get(buffer.id), buffer.view().byteOffset);
  }
  return [...story, `${compactions} compactions`, `${movedBytes} bytes moved`];
}

test('through any moves buffers keep their bytes, and the visualizer changes nothing about them', async (t) => {
  for (const seed of [1, 2]) {
    const without = await life(t, seed, false);
    assert.deepEqual(await life(t, seed, true), without);
    assert.ok(without.some((line) => line.startsWith('ended')));
  }
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
