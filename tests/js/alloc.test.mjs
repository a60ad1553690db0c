import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bufgc, InvalidArgumentError, KiB, load, MiB, OutOfMemoryError, open, wasmBytes } from './package.mjs';

test('a number of bytes makes a buffer of uint8 that can be written and read', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(1000);
  assert.equal(buffer.nbytes, 1000);
  assert.equal(buffer.dtype, 'uint8');
  assert.deepEqual(buffer.shape, [1000]);
  assert.equal(buffer.isView, false);
  assert.equal(buffer.disposed, false);
  assert.ok(buffer.capacity >= 1000);
  const bytes = buffer.view();
  assert.ok(bytes instanceof Uint8Array);
  assert.equal(bytes.length, 1000);
  bytes.fill(7);
  assert.equal(buffer.view()[999], 7);
});

test('every dtype gives its own typed array over the bytes of its shape', async (t) => {
  const gc = await open(t);
  const expected = {
    uint8: Uint8Array,
    uint8_clamped: Uint8ClampedArray,
    int8: Int8Array,
    boolean: Uint8Array,
    uint16: Uint16Array,
    int16: Int16Array,
    float16: Uint16Array,
    bfloat16: Uint16Array,
    uint32: Uint32Array,
    int32: Int32Array,
    float32: Float32Array,
    uint64: BigUint64Array,
    int64: BigInt64Array,
    float64: Float64Array,
  };
  assert.deepEqual(bufgc.dtypes, Object.keys(expected));
  for (const [dtype, View] of Object.entries(expected)) {
    const buffer = gc.alloc({ shape: [3, 5], dtype });
    assert.equal(buffer.dtype, dtype);
    assert.deepEqual(buffer.shape, [3, 5]);
    assert.equal(buffer.nbytes, 15 * View.BYTES_PER_ELEMENT);
    assert.equal(Object.getPrototypeOf(buffer.view()), View.prototype, dtype);
    assert.equal(buffer.view().length, 15);
    assert.equal(buffer.view().byteOffset % 64, 0, `${dtype} is aligned to 64 bytes`);
  }
});

test('the label and the shape arrive, in any script, short or long', async (t) => {
  const gc = await open(t, { visualizer: true });
  const labels = ['', 'frame', 'Zeile äöü', '画像バッファ', '🐘'.repeat(40), 'x'.repeat(300)];
  const buffers = labels.map((label) => gc.alloc({ shape: [2, 3], dtype: 'float32', label }));
  assert.deepEqual(
    buffers.map((buffer) => buffer.label),
    labels,
  );
  assert.deepEqual(
    gc.visualizer.snapshot().lifecycles.map((row) => row.label),
    labels,
  );
});

test('a scalar has an empty shape and one element, an empty shape extent has none', async (t) => {
  const gc = await open(t);
  const scalar = gc.alloc({ shape: [], dtype: 'float64' });
  assert.equal(scalar.nbytes, 8);
  assert.deepEqual(scalar.shape, []);
  assert.equal(scalar.view().length, 1);
  const empty = gc.alloc({ shape: [4, 0, 2 ** 31, 2 ** 31], dtype: 'float64' });
  assert.equal(empty.nbytes, 0);
  assert.equal(empty.view().length, 0);
  assert.equal(empty.disposed, false);
  const none = gc.alloc(0);
  assert.equal(none.view().length, 0);
  none.dispose();
  assert.equal(none.disposed, true);
});

test('an odd number of bytes leaves the last part of an element out', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc({ nbytes: 10, dtype: 'float32' });
  assert.equal(buffer.nbytes, 10);
  assert.deepEqual(buffer.shape, [2]);
  assert.equal(buffer.view().length, 2);
});

test('allocating, allocating, freeing and allocating again peaks at two buffers', async (t) => {
  const gc = await open(t);
  const first = gc.alloc(MiB);
  const second = gc.alloc(MiB);
  first.dispose();
  const third = gc.alloc(MiB);
  const stats = gc.stats();
  assert.equal(stats.peak_live_blocks, 2);
  assert.equal(stats.peak_live_bytes, 2 * MiB);
  assert.equal(stats.live_bytes, 2 * MiB);
  assert.equal(stats.allocations, 3);
  assert.equal(second.disposed || third.disposed, false);
});

test('a freed block is reused, and counted as a hit', async (t) => {
  const gc = await open(t);
  const first = gc.alloc(64 * KiB);
  const address = first.view().byteOffset;
  first.dispose();
  const second = gc.alloc(64 * KiB);
  assert.equal(second.view().byteOffset, address);
  assert.equal(gc.stats().hits, 1);
  assert.notEqual(second.id, first.id);
});

test('no two lifetimes share an id', async (t) => {
  const gc = await open(t);
  const ids = new Set();
  for (let i = 0; i < 20_000; i += 1) {
    const buffer = gc.alloc(256);
    ids.add(buffer.id);
    buffer.dispose();
  }
  assert.equal(ids.size, 20_000);
});

test('statistics carry the names that the core lists, each with unit and meaning', async (t) => {
  const gc = await open(t, { budgetBytes: 8 * MiB });
  assert.deepEqual(Object.keys(gc.stats()), gc.statisticNames());
  const listed = await gc.statistics();
  assert.deepEqual(
    listed.map(({ name }) => name),
    gc.statisticNames(),
  );
  assert.equal(listed.at(-1).meaning, 'links from one buffer to another');
  for (const info of listed) {
    assert.match(info.unit, /^(bytes|count|ratio)$/);
    assert.ok(info.meaning.length > 10, info.name);
    assert.equal(typeof gc.stats()[info.name], 'number');
  }
  assert.equal(gc.stats().budget_bytes, 8 * MiB);
  assert.equal((await open(t)).stats().budget_bytes, Infinity);
});

test('reserved bytes are live, rounding, cached and gap bytes together, at every moment', async (t) => {
  const gc = await open(t, { budgetBytes: 32 * MiB });
  const kept = [];
  for (let step = 0; step < 400; step += 1) {
    kept.push(gc.alloc(1 + ((step * 7919) % 60_000)));
    if (step % 3 === 0) kept.splice((step * 31) % kept.length, 1)[0].dispose();
    const stats = gc.stats();
    assert.equal(
      stats.reserved_bytes,
      stats.live_bytes + stats.rounding_bytes + stats.cached_bytes + stats.gap_bytes,
      `step ${step}`,
    );
    assert.ok(stats.reserved_bytes <= 32 * MiB);
  }
});

test('trim gives cached memory back and says how much', async (t) => {
  const gc = await open(t);
  gc.alloc(4 * MiB).dispose();
  const before = gc.stats();
  assert.ok(before.cached_bytes >= 4 * MiB);
  const released = gc.trim();
  const after = gc.stats();
  assert.equal(after.cached_bytes, 0);
  assert.equal(released, before.reserved_bytes - after.reserved_bytes);
  assert.equal(gc.trim(0), 0);
});

test('with the cache off, what is freed is given back at once', async (t) => {
  const gc = await open(t, { cache: false });
  assert.equal(gc.cacheEnabled, false);
  gc.alloc(4 * MiB).dispose();
  assert.equal(gc.stats().cached_bytes, 0);
  gc.cacheEnabled = true;
  gc.alloc(4 * MiB).dispose();
  assert.ok(gc.stats().cached_bytes > 0);
  gc.cacheEnabled = false;
  assert.equal(gc.stats().cached_bytes, 0);
});

test('the histogram counts allocations by power of two', async (t) => {
  const gc = await open(t);
  const small = gc.alloc(1000);
  gc.alloc(1023).dispose();
  gc.alloc(1024);
  const classes = new Map(gc.histogram().map((entry) => [entry.lowerBytes, entry]));
  assert.deepEqual(classes.get(512), { lowerBytes: 512, allocations: 2, liveBlocks: 1, liveBytes: 1000 });
  assert.deepEqual(classes.get(1024), { lowerBytes: 1024, allocations: 1, liveBlocks: 1, liveBytes: 1024 });
  small.dispose();
  assert.equal(gc.histogram().find((entry) => entry.lowerBytes === 512).liveBlocks, 0);
});

test('the budget holds to the byte and can be raised and lowered', async (t) => {
  const gc = await open(t, { budgetBytes: MiB });
  const half = gc.alloc(512 * KiB);
  assert.throws(() => gc.alloc(600 * KiB), OutOfMemoryError);
  gc.budgetBytes = 2 * MiB;
  assert.equal(gc.budgetBytes, 2 * MiB);
  const more = gc.alloc(600 * KiB);
  assert.ok(gc.stats().reserved_bytes <= 2 * MiB);
  gc.budgetBytes = Infinity;
  gc.alloc(16 * MiB).dispose();
  half.dispose();
  more.dispose();
});

test('a budget set below what is live is met as buffers end, and then memory is used again', async (t) => {
  const gc = await open(t);
  const alive = Array.from({ length: 64 }, () => gc.alloc(64 * KiB));
  gc.budgetBytes = MiB;
  assert.equal(gc.stats().cached_bytes, 0);
  assert.throws(() => gc.alloc(64), OutOfMemoryError);
  for (const buffer of alive.splice(8)) {
    const before = gc.stats();
    buffer.dispose();
    const now = gc.stats();
    assert.ok(
      now.reserved_bytes <= MiB || now.reserved_bytes <= before.reserved_bytes - 64 * KiB,
      'an end pays of the excess',
    );
  }
  assert.ok(gc.stats().reserved_bytes <= MiB);
  const { source_calls: calls } = gc.stats();
  for (let turn = 0; turn < 100; turn++) gc.alloc(64 * KiB).dispose();
  assert.equal(gc.stats().source_calls, calls, 'kept for the next');
  for (const buffer of alive) buffer.dispose();
});

test('the wasm file can be handed in as bytes, as an ArrayBuffer or as an address', async (t) => {
  const bytes = wasmBytes();
  const copy = new Uint8Array(bytes).buffer;
  const { packageDir } = await import('./package.mjs');
  const { pathToFileURL } = await import('node:url');
  const address = pathToFileURL(`${packageDir}/bufgc.wasm`);
  for (const wasm of [bytes, copy, address, address.href]) {
    const gc = await open(t, { wasm });
    assert.equal(gc.alloc(10).view().length, 10);
  }
  await assert.rejects(load({ wasm: 17 }), { argument: 'options.wasm' });
  await assert.rejects(load({ annex: 17 }), { argument: 'options.annex' });
});

test('a file that is none of the package is refused, with its option and the cause, and harms nobody', async (t) => {
  const { annexBytes, turn } = await import('./package.mjs');
  const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]); // a module, of nothing
  for (const [source, cause] of [
    [new Uint8Array([1, 2, 3]), WebAssembly.CompileError],
    [new ArrayBuffer(0), WebAssembly.CompileError],
    [empty, TypeError],
    ['file:///nowhere/to/be/found.wasm', Error],
    ['nowhere:at-all', TypeError],
  ]) {
    for (const option of ['wasm', 'annex']) {
      const refused = (error) => {
        assert.ok(error instanceof InvalidArgumentError, String(error));
        assert.equal(error.argument, `options.${option}`);
        assert.equal(error.received, source);
        assert.ok(error.cause instanceof cause, String(error.cause));
        return true;
      };
      await assert.rejects(load({ [option]: source, visualizer: true }), refused);
      if (option === 'wasm') continue;
      // Where it is wanted later, it is refused later: what does not need it goes on, the core beneath too.
      const gc = await open(t, { annex: source });
      gc.visualizer.start();
      await assert.rejects(gc.visualizer.ready, refused);
      assert.throws(() => gc.visualizer.snapshot(), refused);
      await assert.rejects(gc.statistics(), refused);
      const step = gc.iteration();
      for (let round = 0; round < 3; round += 1) step.run(() => gc.alloc(1000).dispose());
      await assert.rejects(step.ready, refused);
      assert.equal(step.plan, null);
      await turn();
      assert.equal(gc.alloc(10).view().length, 10);
    }
  }
  await assert.rejects(load({ wasm: annexBytes() }), { argument: 'options.wasm' });
  await assert.rejects(load({ annex: wasmBytes(), visualizer: true }), { argument: 'options.annex' });
  await assert.rejects(load({ wasm: 'http://[' }), { argument: 'options.wasm', received: 'http://[' });
});

test('no size is -0', async (t) => {
  const gc = await open(t);
  for (const none of [gc.alloc(-0), gc.alloc({ nbytes: -0 }), gc.alloc({ shape: [-0] }), gc.alloc(8).subview(-0)]) {
    for (const figure of [none.nbytes, none.shape[0]]) assert.ok(!Object.is(figure, -0));
  }
  const sparse = gc.alloc({ shape: [2, 2], strides: [-0, 1] });
  assert.ok(Object.is(sparse.strides[0], 0));
});

test('what a spec says is looked at once: one that changes meanwhile deceives nobody', async (t) => {
  const gc = await open(t);
  const names = ['nbytes', 'shape', 'strides', 'dtype', 'label'];
  const values = { nbytes: 6, shape: [2, 3], strides: [1, 2], dtype: 'int8', label: 'once' };
  const looks = [];
  const spec = new Proxy(values, {
    get(target, name) {
      looks.push(name);
      return target[name];
    },
  });
  assert.deepEqual(gc.alloc(spec).shape, [2, 3]);
  assert.deepEqual(looks.sort(), names.sort());
  let extent = 1;
  const growing = new Proxy([0, 0], { get: (target, name) => (name === 'length' ? target.length : extent++ * 8) });
  const buffer = gc.alloc({ shape: growing });
  assert.equal(
    buffer.nbytes,
    buffer.shape.reduce((product, length) => product * length),
  );
});

test('a disposed buffer still tells its own id, whoever has its slot now, and occupies nothing', async (t) => {
  const gc = await open(t);
  const first = gc.alloc(1000);
  const { id } = first;
  first.dispose();
  const second = gc.alloc(1000);
  assert.equal(second.id % 2 ** 32, id % 2 ** 32, 'the slot is used again');
  assert.notEqual(second.id, id);
  assert.equal(first.id, id);
  assert.equal(first.capacity, 0);
  gc.close();
  assert.equal(first.id, id);
});
