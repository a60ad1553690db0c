// What goes into a buffer and comes out of it as a whole: fill, copies, conversions, shapes and strides.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { bufgc, InvalidArgumentError, open, packageUrl, random } from './package.mjs';

const argument = (name, received) => (error) =>
  error instanceof InvalidArgumentError &&
  error.argument === name &&
  (received === undefined || error.received === received);

test('fill sets every element, in the number that the dtype means', async (t) => {
  const gc = await open(t);
  for (const dtype of bufgc.dtypes) {
    const buffer = gc.alloc({ shape: [3], dtype });
    assert.equal(buffer.fill(1), buffer);
    assert.deepEqual([...buffer.toFloat32Array()], [1, 1, 1], dtype);
  }
  assert.equal(
    gc
      .alloc({ shape: [1], dtype: 'float16' })
      .fill(1)
      .view()[0],
    0x3c00,
  );
  assert.equal(
    gc
      .alloc({ shape: [1], dtype: 'bfloat16' })
      .fill(1)
      .view()[0],
    0x3f80,
  );
  assert.equal(
    gc
      .alloc({ shape: [1], dtype: 'uint8_clamped' })
      .fill(300)
      .view()[0],
    255,
  );
  assert.equal(
    gc
      .alloc({ shape: [1], dtype: 'int64' })
      .fill(-(2n ** 40n))
      .view()[0],
    -(2n ** 40n),
  );
  assert.throws(() => gc.alloc(4).fill('1'), argument('value'));
  assert.throws(() => gc.alloc({ shape: [1], dtype: 'int64' }).fill(0.5), argument('value'));
});

test('copyFrom takes arrays, buffers and bytes, and converts numbers', async (t) => {
  const gc = await open(t);
  const floats = gc.alloc({ shape: [4], dtype: 'float32' });
  assert.equal(floats.copyFrom([1, 2.5, -3, 4]), floats);
  assert.deepEqual([...floats.view()], [1, 2.5, -3, 4]);
  floats.copyFrom(new Float64Array([0.5, 1, 2, 3]));
  assert.deepEqual([...floats.view()], [0.5, 1, 2, 3]);
  const halves = gc.alloc({ shape: [2, 2], dtype: 'float16' }).copyFrom(floats);
  assert.deepEqual([...halves.view()], [0x3800, 0x3c00, 0x4000, 0x4200]);
  const bits = gc.alloc({ shape: [4], dtype: 'float16' }).copyFrom(halves.view());
  assert.deepEqual([...bits.toFloat32Array()], [0.5, 1, 2, 3]);
  const wide = gc.alloc({ shape: [2], dtype: 'uint64' }).copyFrom([1, 2n ** 63n]);
  assert.deepEqual([...wide.toFloat32Array()], [1, 2 ** 63]);
  const flags = gc.alloc({ shape: [3], dtype: 'boolean' }).copyFrom(new Uint8Array([0, 7, 1]));
  assert.deepEqual([...flags.view()], [0, 1, 1]);
  const raw = new Float32Array([9, 8, 7, 6]);
  assert.deepEqual([...floats.copyFrom(raw.buffer).view()], [9, 8, 7, 6]);
  assert.deepEqual([...floats.copyFrom(new DataView(new Float32Array([1, 2, 3, 4]).buffer)).view()], [1, 2, 3, 4]);
  const whole = gc.alloc({ shape: [4], dtype: 'int32' }).copyFrom(wide.subview(0, { shape: [4], dtype: 'int32' }));
  assert.deepEqual([...whole.view()], [1, 0, 0, -(2 ** 31)]);
});

test('a copy between overlapping parts moves the bytes as they were', async (t) => {
  const gc = await open(t);
  const base = gc.alloc(6).copyFrom([1, 2, 3, 4, 5, 6]);
  base.subview(2).copyFrom(base.subview(0, { nbytes: 4 }));
  assert.deepEqual([...base.view()], [1, 2, 1, 2, 3, 4]);
});

test('copyTo gives to arrays and buffers, converted, and answers the target', async (t) => {
  const gc = await open(t);
  const halves = gc.alloc({ shape: [3], dtype: 'bfloat16' }).copyFrom([1, -2, 0.5]);
  assert.deepEqual([...halves.copyTo(new Float64Array(3))], [1, -2, 0.5]);
  assert.deepEqual([...halves.copyTo(new Uint16Array(3))], [0x3f80, 0xc000, 0x3f00], 'its bits');
  const target = gc.alloc({ shape: [3], dtype: 'float64' });
  assert.equal(halves.copyTo(target), target);
  assert.deepEqual([...target.view()], [1, -2, 0.5]);
  assert.deepEqual(
    [
      ...gc
        .alloc({ shape: [1], dtype: 'int32' })
        .fill(-5)
        .copyTo(new BigInt64Array(1)),
    ],
    [-5n],
  );
});

test('what does not fit is refused and named, and nothing is written', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc({ shape: [2], dtype: 'float32' }).fill(5);
  for (const source of [[1], new Float32Array(3), new ArrayBuffer(4), gc.alloc(4), 'text', null, {}]) {
    assert.throws(() => buffer.copyFrom(source), argument('source'));
  }
  assert.throws(() => buffer.copyFrom([1, 'x']), argument('source[1]'));
  for (const target of [[0, 0], new Float32Array(1), null]) {
    assert.throws(() => buffer.copyTo(target), argument('target'));
  }
  assert.deepEqual([...buffer.view()], [5, 5]);
  buffer.dispose();
  assert.throws(() => buffer.fill(1), { code: 'use_after_dispose' });
  assert.throws(() => buffer.toFloat32Array(), { code: 'use_after_dispose' });
});

test('memory that was taken away from an argument is named, and nothing is made or written', async (t) => {
  const gc = await open(t);
  const shrunk = (make) => {
    const bytes = new ArrayBuffer(8, { maxByteLength: 8 });
    const view = make(bytes);
    bytes.resize(2);
    return view;
  };
  const detached = (make) => {
    const bytes = new ArrayBuffer(8);
    const view = make(bytes);
    structuredClone(bytes, { transfer: [bytes] });
    return view;
  };
  for (const nbytes of [8, 0]) {
    const buffer = gc.alloc(nbytes).fill(5);
    for (const lose of [detached, shrunk]) {
      const view = lose((bytes) => new DataView(bytes, 0, 8));
      assert.throws(() => buffer.copyFrom(view), argument('source', view));
      for (const array of [
        lose((bytes) => new Uint8Array(bytes, 0, 8)),
        lose((bytes) => new Float64Array(bytes, 0, 1)),
        lose((bytes) => new BigInt64Array(bytes, 0, 1)),
      ]) {
        if (nbytes > 0) assert.throws(() => buffer.copyFrom(array), argument('source', array));
        else buffer.copyFrom(array); // as many elements as it has
        if (nbytes > 0) assert.throws(() => buffer.copyTo(array), argument('target', array));
        else buffer.copyTo(array);
      }
    }
    const bytes = detached((all) => all);
    assert.throws(() => buffer.copyFrom(bytes), argument('source', bytes));
    const { live_buffers } = gc.stats();
    const packed = { ...buffer.pack(), bytes };
    assert.throws(() => gc.unpack(packed), argument('packed.bytes', bytes));
    assert.equal(gc.stats().live_buffers, live_buffers, 'no buffer was made for it');
    assert.ok(buffer.view().every((byte) => byte === 5));
  }
  const tracking = new Uint8Array(new ArrayBuffer(2, { maxByteLength: 8 }));
  tracking.buffer.resize(8);
  assert.deepEqual([...gc.alloc(8).copyFrom(tracking.fill(3)).view()], Array(8).fill(3));
  const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(4);
  assert.deepEqual([...gc.alloc(8).copyFrom(shared).view()], Array(8).fill(4));
});

test('more elements than an array can have are refused and named', async (t) => {
  const gc = await open(t);
  const repeated = { shape: [2 ** 32 - 1], strides: [0], dtype: 'uint8' };
  const [one, other] = [gc.alloc(repeated), gc.alloc(1).subview(0, repeated)];
  // Machines of much memory would grant them.
  const own = ['Float32Array', 'Float64Array'].map((name) => [name, globalThis[name]]);
  const none = class {
    constructor() {
      throw new RangeError('Array buffer allocation failed');
    }
  };
  for (const [name] of own) globalThis[name] = none;
  try {
    assert.throws(() => one.copyFrom(other), argument('source', 2 ** 32 - 1));
    assert.throws(() => one.toFloat32Array(), argument('shape', 2 ** 32 - 1));
  } finally {
    Object.assign(globalThis, Object.fromEntries(own));
  }
});

test('what a typed array says of itself is not believed; numbers are looked at once', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc({ shape: [2], dtype: 'uint16' });
  const big = Object.defineProperty(new BigInt64Array([1n, 2n]), 'constructor', { value: Uint16Array });
  assert.deepEqual([...buffer.copyFrom(big).view()], [1, 2]);
  const named = Object.defineProperty({}, Symbol.toStringTag, { value: 'Uint16Array' });
  assert.throws(() => buffer.copyFrom(named), argument('source'));
  const numbers = [0, 0];
  let looks = 0;
  Object.defineProperty(numbers, 0, {
    get() {
      looks += 1;
      gc.alloc(64 * 2 ** 20); // the memory grows, and detaches all views
      return looks === 1 ? 7 : 'changed';
    },
  });
  assert.deepEqual([...buffer.copyFrom(numbers).view()], [7, 0]);
  assert.equal(looks, 1);
});

test('every float16 and bfloat16 becomes a number and itself again', async (t) => {
  const gc = await open(t);
  for (const [dtype, nan, value] of [
    ['float16', (bits) => (bits & 0x7fff) > 0x7c00, () => null],
    [
      'bfloat16',
      (bits) => (bits & 0x7fff) > 0x7f80,
      (bits) => new Float32Array(new Uint32Array([bits << 16]).buffer)[0],
    ],
  ]) {
    const all = gc.alloc({ shape: [65_536], dtype }).copyFrom(Uint16Array.from({ length: 65_536 }, (_, bits) => bits));
    const numbers = all.toFloat32Array();
    const again = gc
      .alloc({ shape: [65_536], dtype })
      .copyFrom(numbers)
      .view();
    for (let bits = 0; bits < 65_536; bits += 1) {
      if (nan(bits)) assert.ok(Number.isNaN(numbers[bits]) && nan(again[bits]), `${dtype} ${bits}`);
      else assert.equal(again[bits], bits, `${dtype} ${bits}`);
      const expected = value(bits);
      if (expected !== null) assert.ok(Object.is(numbers[bits], expected), `${dtype} ${bits}`);
    }
  }
});

test('numbers between two halves go to the nearest, ties to the even one', async (t) => {
  const gc = await open(t);
  for (const [dtype, infinity] of [
    ['float16', 0x7c00],
    ['bfloat16', 0x7f80],
  ]) {
    const below = gc.alloc({ shape: [infinity], dtype }).copyFrom(Uint16Array.from({ length: infinity }, (_, i) => i));
    const floats = below.toFloat32Array();
    const ties = Float32Array.from({ length: infinity - 1 }, (_, i) => (floats[i] + floats[i + 1]) / 2);
    const found = gc
      .alloc({ shape: [infinity - 1], dtype })
      .copyFrom(ties)
      .view();
    for (let bits = 0; bits < infinity - 1; bits += 1) {
      // Below the smallest float32 there is no number in between.
      if (ties[bits] === floats[bits] || ties[bits] === floats[bits + 1]) continue;
      assert.equal(found[bits], bits + (bits & 1), `${dtype} between ${bits} and its neighbour`);
    }
  }
  const edges = gc.alloc({ shape: [4], dtype: 'float16' }).copyFrom([65_519, 65_520, -1e9, 2 ** -25]);
  assert.deepEqual([...edges.view()], [0x7bff, 0x7c00, 0xfc00, 0]);
});

test('strides are row-major where none are given', async (t) => {
  const gc = await open(t);
  assert.deepEqual(gc.alloc({ shape: [2, 3, 4] }).strides, [12, 4, 1]);
  assert.deepEqual(gc.alloc({ shape: [] }).strides, []);
  assert.deepEqual(gc.alloc(5).strides, [1]);
});

test('a subview with strides of its own is a transposed, a reversed-axis or a broadcast look at the same bytes', async (t) => {
  const gc = await open(t, { visualizer: true });
  const matrix = gc.alloc({ shape: [2, 3], dtype: 'float32' }).copyFrom([1, 2, 3, 4, 5, 6]);
  const transposed = matrix.subview(0, { shape: [3, 2], strides: [1, 3] });
  assert.deepEqual(transposed.shape, [3, 2]);
  assert.deepEqual(transposed.strides, [1, 3]);
  assert.deepEqual([...transposed.toFloat32Array()], [1, 4, 2, 5, 3, 6]);
  const column = matrix.subview(4, { shape: [2], strides: [3] });
  assert.deepEqual([...column.copyTo(new Float32Array(2))], [2, 5]);
  column.fill(0);
  assert.deepEqual([...matrix.view()], [1, 0, 3, 4, 0, 6]);
  transposed.copyFrom([10, 40, 20, 50, 30, 60]);
  assert.deepEqual([...matrix.view()], [10, 20, 30, 40, 50, 60]);
  const rows = matrix.subview(0, { shape: [2, 3], strides: [0, 1] });
  assert.deepEqual([...rows.toFloat32Array()], [10, 20, 30, 10, 20, 30]);
  const packed = gc.unpack(transposed.pack());
  assert.deepEqual(packed.strides, [1, 3]);
  assert.deepEqual([...packed.toFloat32Array()], [10, 40, 20, 50, 30, 60]);
  assert.throws(() => matrix.subview(0, { shape: [3, 3], strides: [1, 3] }), argument('shape'));
  assert.throws(() => matrix.subview(0, { shape: [2], strides: [1, 1] }), argument('strides'));
  assert.throws(() => matrix.subview(0, { strides: [1] }), argument('strides'));
  assert.throws(() => gc.alloc({ shape: [2], strides: [-1] }), argument('strides[0]'));
  assert.throws(() => gc.alloc({ shape: [2, 2], strides: [2 ** 32 - 1, 1], dtype: 'float64' }), argument('strides'));
});

test('a random strided copy puts each element where its index says', async (t) => {
  const gc = await open(t);
  const seed = 7;
  const next = random(seed);
  for (let round = 0; round < 50; round += 1) {
    const shape = Array.from({ length: 1 + Math.floor(next() * 3) }, () => 1 + Math.floor(next() * 4));
    const order = shape.map((_, axis) => axis).sort(() => next() - 0.5);
    const strides = [];
    let step = 1 + Math.floor(next() * 2);
    for (const axis of order) {
      strides[axis] = step;
      step *= shape[axis] + Math.floor(next() * 2);
    }
    const buffer = gc.alloc({ shape, strides, dtype: 'int16' });
    const count = shape.reduce((product, extent) => product * extent, 1);
    buffer.copyFrom(Array.from({ length: count }, (_, index) => index));
    for (let index = 0; index < count; index += 1) {
      let rest = index;
      let place = 0;
      for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
        place += (rest % shape[axis]) * strides[axis];
        rest = Math.floor(rest / shape[axis]);
      }
      assert.equal(buffer.view()[place], index, `seed ${seed} round ${round}`);
    }
    assert.deepEqual(
      [...buffer.toFloat32Array()],
      Array.from({ length: count }, (_, index) => index),
    );
    buffer.dispose();
  }
});

test('a packed buffer crosses to a worker, whose manager works on a copy, and comes back', async (t) => {
  const gc = await open(t);
  const program = `
    import { parentPort } from 'node:worker_threads';
    import { load } from ${JSON.stringify(packageUrl)};
    const gc = await load();
    parentPort.once('message', (packed) => {
      const buffer = gc.unpack(packed);
      buffer.copyFrom(buffer.toFloat32Array().map((value) => value * 2));
      const answer = buffer.pack();
      parentPort.postMessage(answer, [answer.bytes]);
    });`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
  t.after(() => worker.terminate());
  const buffer = gc.alloc({ shape: [2, 2], dtype: 'float16', label: 'there and back' }).copyFrom([1, 2, 3, 4]);
  const packed = buffer.pack();
  worker.postMessage(packed, [packed.bytes]);
  assert.equal(packed.bytes.byteLength, 0, 'the copy was moved');
  const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const back = gc.unpack(answer);
  assert.deepEqual([...back.toFloat32Array()], [2, 4, 6, 8]);
  assert.deepEqual([back.dtype, back.label, back.shape], ['float16', 'there and back', [2, 2]]);
  assert.deepEqual([...buffer.toFloat32Array()], [1, 2, 3, 4], 'the original is untouched');
  assert.throws(() => gc.unpack({ ...answer, bytes: new ArrayBuffer(3) }), argument('packed.bytes'));
  assert.throws(() => gc.unpack(5), argument('packed'));
});
