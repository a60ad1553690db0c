import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BufgcError,
  ClosedError,
  InvalidArgumentError,
  KiB,
  load,
  MiB,
  OutOfMemoryError,
  open,
  UseAfterDisposeError,
} from './package.mjs';

/** Asserts an InvalidArgumentError that names the argument, what was expected, and what came. */
function refuses(call, argument, received) {
  assert.throws(call, (error) => {
    assert.ok(error instanceof InvalidArgumentError, String(error));
    assert.ok(error instanceof BufgcError && error instanceof Error);
    assert.equal(error.code, 'invalid_argument');
    assert.equal(error.name, 'InvalidArgumentError');
    assert.equal(error.argument, argument);
    assert.ok(error.message.startsWith(`${argument}: expected `), error.message);
    assert.ok(error.message.includes(error.expected));
    if (received !== undefined) assert.deepEqual(error.received, received);
    return true;
  });
}

const badSizes = [-1, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 32, 2 ** 53, 1e300, '8', null, true, 8n];

for (const size of badSizes) {
  test(`a size of ${typeof size} ${String(size)} is refused, named, and harms nothing`, async (t) => {
    const gc = await open(t);
    refuses(() => gc.alloc(size), 'nbytes', size);
    refuses(() => gc.alloc({ nbytes: size }), 'nbytes', size);
    refuses(() => gc.alloc({ shape: [2, size] }), 'shape[1]', size);
    refuses(() => gc.alloc(16).subview(size), 'byteOffset', size);
    refuses(() => gc.alloc(16).subview(0, { nbytes: size }), 'nbytes', size);
    assert.equal(gc.alloc(8).view().length, 8);
  });
}

test('a shape whose product overflows is refused and named', async (t) => {
  const gc = await open(t);
  for (const shape of [
    [2 ** 16, 2 ** 16],
    [2 ** 31, 2 ** 31, 4],
    [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1],
  ]) {
    refuses(() => gc.alloc({ shape }), 'shape', shape);
  }
  refuses(() => gc.alloc({ shape: [2 ** 29], dtype: 'float64' }), 'shape');
});

test('a spec that is none, or contradicts itself, is refused and named', async (t) => {
  const gc = await open(t);
  refuses(() => gc.alloc(), 'nbytes', undefined);
  refuses(() => gc.alloc({}), 'spec');
  refuses(() => gc.alloc([1, 2]), 'spec');
  refuses(() => gc.alloc({ shape: 5 }), 'shape', 5);
  refuses(() => gc.alloc({ shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] }), 'shape');
  refuses(() => gc.alloc({ shape: [2], dtype: 'complex64' }), 'dtype', 'complex64');
  refuses(() => gc.alloc({ nbytes: 3, shape: [4] }), 'nbytes', 3);
  refuses(() => gc.alloc({ nbytes: 4, label: 5 }), 'label', 5);
  assert.equal(gc.alloc({ nbytes: 16, shape: [4], dtype: 'float32' }).nbytes, 16);
});

test('a subview out of range, misaligned or too long is refused and named', async (t) => {
  const gc = await open(t);
  const base = gc.alloc({ shape: [4], dtype: 'float32' });
  refuses(() => base.subview(17), 'byteOffset', 17);
  refuses(() => base.subview(2), 'byteOffset', 2);
  refuses(() => base.subview(8, { nbytes: 9 }), 'nbytes', 9);
  refuses(() => base.subview(8, { shape: [3] }), 'shape', [3]);
  refuses(() => base.subview(4, { dtype: 'float64' }), 'byteOffset', 4);
  assert.equal(base.subview(2, { dtype: 'uint16' }).view().length, 7);
  assert.equal(base.subview(16).view().length, 0);
});

test('options, handlers and setters are checked and named', async (t) => {
  const gc = await open(t);
  await assert.rejects(load({ budgetBytes: -1 }), { argument: 'options.budgetBytes' });
  await assert.rejects(load({ budgetBytes: 0 }), { argument: 'options.budgetBytes' });
  await assert.rejects(load({ visualizer: 'yes' }), { argument: 'options.visualizer' });
  await assert.rejects(load({ visualizerEvents: 1.5 }), { argument: 'options.visualizerEvents' });
  await assert.rejects(load(5), { argument: 'options' });
  const buffer = gc.alloc(8);
  refuses(() => (gc.budgetBytes = Number.NaN), 'budgetBytes');
  refuses(() => (gc.cacheEnabled = 1), 'cacheEnabled');
  refuses(() => (gc.sitesEnabled = 'x'), 'sitesEnabled');
  refuses(() => gc.trim(-5), 'keepBytes', -5);
  refuses(() => gc.scope(5), 'callback', 5);
  refuses(() => gc.finalize(buffer, null, 'callback'), 'callback');
  refuses(() => gc.finalize({}, null, () => {}), 'buffer');
  refuses(() => gc.onLeak(), 'handler');
  refuses(() => gc.link(buffer, null), 'b', null);
  refuses(() => gc.link(7, buffer), 'a', 7);
  refuses(() => gc.weak('x'), 'buffer', 'x');
  refuses(() => gc.visualizer.export('xml'), 'format', 'xml');
  refuses(() => gc.visualizer.exportSince(-1), 'from', -1);
  refuses(() => gc.visualizer.mark(5), 'name', 5);
  refuses(() => gc.visualizer.use('k', { read: [5] }), 'uses.read', 5);
  refuses(() => gc.visualizer.subscribe(null), 'handler', null);
  await assert.rejects(gc.allocAsync(8, { timeoutMs: -1 }), { argument: 'options.timeoutMs' });
  await assert.rejects(gc.allocAsync(8, { signal: {} }), { argument: 'options.signal' });
  await assert.rejects(gc.allocAsync('x'), { argument: 'nbytes' });
});

test('running out of memory names the ways out and carries the statistics', async (t) => {
  const gc = await open(t, { budgetBytes: MiB });
  const held = gc.alloc(700 * KiB);
  assert.throws(
    () => gc.alloc({ nbytes: 600 * KiB, label: 'too much' }),
    (error) => {
      assert.ok(error instanceof OutOfMemoryError && error instanceof BufgcError);
      assert.equal(error.code, 'out_of_memory');
      assert.equal(error.requestedBytes, 600 * KiB);
      assert.equal(error.stats.live_bytes, 700 * KiB);
      assert.equal(error.stats.budget_bytes, MiB);
      for (const way of ['dispose()', 'using', 'scope()', 'allocAsync()']) assert.ok(error.message.includes(way), way);
      assert.match(error.message, /600 KiB \(614400 bytes\).*budget of 1 MiB/);
      return true;
    },
  );
  assert.equal(gc.stats().failed_allocations, 1);
  assert.throws(() => gc.alloc(600 * KiB), { code: 'out_of_memory', requestedBytes: 600 * KiB });
  assert.equal(gc.stats().failed_allocations, 2);
  held.dispose();
  assert.equal(gc.alloc(600 * KiB).disposed, false);
});

test('using a buffer after dispose is refused everywhere, with its id and label', async (t) => {
  const gc = await open(t);
  const other = gc.alloc(8);
  const buffer = gc.alloc({ nbytes: 8, label: 'frame' });
  buffer.dispose();
  buffer.dispose();
  for (const call of [
    () => buffer.view(),
    () => buffer.subview(0),
    () => gc.finalize(buffer, null, () => {}),
    () => gc.weak(buffer),
    () => gc.link(buffer, other),
    () => gc.link(other, buffer),
    () => gc.keep(buffer),
    () => gc.visualizer.use('k', { read: [buffer] }),
  ]) {
    assert.throws(call, (error) => {
      assert.ok(error instanceof UseAfterDisposeError, String(error));
      assert.equal(error.code, 'use_after_dispose');
      assert.equal(error.id, buffer.id);
      assert.equal(error.label, 'frame');
      assert.match(error.message, /^buffer \d+ \(frame\) is disposed: /);
      return true;
    });
  }
  assert.equal(other.disposed, false);
  assert.equal(gc.stats().live_buffers, 1);
});

test('a closed manager refuses work with ClosedError and still answers questions', async () => {
  const gc = await load();
  const buffer = gc.alloc(8);
  gc.close();
  gc.close();
  assert.equal(gc.closed, true);
  assert.equal(buffer.disposed, true);
  assert.throws(() => buffer.view(), UseAfterDisposeError);
  buffer.dispose();
  for (const call of [() => gc.alloc(8), () => gc.alloc({ shape: [2] }), () => gc.collect(), () => gc.trim()]) {
    assert.throws(call, (error) => error instanceof ClosedError && error.code === 'closed');
  }
  await assert.rejects(gc.allocAsync(8), ClosedError);
  assert.equal(gc.stats().live_bytes, 0);
  assert.equal(gc.stats().closed_buffers, 1);
});

test('a buffer of another manager is refused', async (t) => {
  const one = await open(t);
  const two = await open(t);
  const a = one.alloc(8);
  const b = two.alloc(8);
  refuses(() => one.link(a, b), 'b');
  refuses(() => two.finalize(a, null, () => {}), 'buffer');
  refuses(() => one.keep(b), 'buffer');
});

test('arrays that hold themselves or lie deep in one another are refused and named', async (t) => {
  const gc = await open(t);
  const itself = [];
  itself.push(itself);
  refuses(() => gc.alloc(itself), 'spec', itself);
  let deep = [];
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
  refuses(() => gc.alloc({ shape: deep }), 'shape[0]');
});

test('a text of any length is taken, though the memory has no room for it', async (t) => {
  const gc = await open(t, { stableViews: true, budgetBytes: MiB });
  const label = 'x'.repeat(200_000_000);
  assert.equal(gc.alloc({ nbytes: 8, label }).label, label);
  gc.visualizer.start();
  gc.visualizer.mark(label);
  assert.equal(gc.stats().live_buffers, 1);
});

test('a half-wrong pair of handlers is not half added; a sink in use is refused', async (t) => {
  const gc = await open(t, { visualizer: true });
  refuses(() => gc.onCollect({ start: () => assert.fail('it was added'), stop: 5 }), 'handler', 5);
  gc.collect();
  const sink = new WritableStream();
  sink.getWriter();
  refuses(() => gc.visualizer.stream(sink), 'sink', sink);
});

test('what throws when it is looked at is refused and told nevertheless', async (t) => {
  const gc = await open(t);
  const nameless = { constructor: { name: Symbol('none') } };
  refuses(() => gc.alloc({ nbytes: nameless }), 'nbytes', nameless);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.throws(() => gc.alloc({ nbytes: 8, label: proxy }), { argument: 'label', message: /received some object$/ });
  // One that is like a promise, and needs both of its functions.
  const thenable = Object.fromEntries([
    ['then', (resolve, reject) => (resolve ? reject(5) : assert.fail('no function'))],
  ]);
  refuses(() => gc.scope(() => thenable), 'callback');
  refuses(() => gc.iteration().run(() => thenable), 'callback');
});
