import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectUntil, InvalidArgumentError, load, open } from './package.mjs';

test('a finalizer runs once, with what it holds, when its buffer ends', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(8);
  const seen = [];
  const finalizer = gc.finalize(buffer, { name: 'frame' }, (held) => seen.push(held.name));
  assert.equal(finalizer.alive, true);
  assert.equal(gc.stats().finalizers_alive, 1);
  buffer.dispose();
  assert.deepEqual(seen, ['frame']);
  assert.equal(finalizer.alive, false);
  assert.equal(finalizer.call(), undefined);
  assert.equal(finalizer.peek(), undefined);
  assert.deepEqual([gc.stats().finalizers_alive, gc.stats().finalizers_run], [0, 1]);
});

test('finalizers of one buffer run newest first', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(8);
  const order = [];
  for (const n of [1, 2, 3, 4]) gc.finalize(buffer, n, (held) => order.push(held));
  buffer.destroy();
  assert.deepEqual(order, [4, 3, 2, 1]);
});

test('call runs it now, returns its result, and it is then dead', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(8);
  let runs = 0;
  const finalizer = gc.finalize(buffer, 20, (held) => {
    runs += 1;
    return held + 1;
  });
  assert.equal(finalizer.call(), 21);
  assert.equal(finalizer.call(), undefined);
  assert.equal(finalizer.alive, false);
  buffer.dispose();
  assert.equal(runs, 1);
});

test('what a called finalizer throws reaches the caller', async (t) => {
  const gc = await open(t);
  const failure = new Error('by hand');
  gc.onError(() => assert.fail('it has a caller'));
  const finalizer = gc.finalize(gc.alloc(8), null, () => {
    throw failure;
  });
  assert.throws(() => finalizer.call(), failure);
  assert.equal(finalizer.alive, false);
});

test('peek shows and detach takes off', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(8);
  const held = ['something'];
  const callback = () => assert.fail('detached');
  const finalizer = gc.finalize(buffer, held, callback);
  assert.deepEqual(finalizer.peek(), { held, callback });
  assert.equal(finalizer.alive, true);
  const facts = finalizer.detach();
  assert.equal(facts.held, held);
  assert.equal(facts.callback, callback);
  assert.equal(finalizer.alive, false);
  assert.equal(finalizer.detach(), undefined);
  buffer.dispose();
  assert.equal(gc.stats().finalizers_alive, 0);
});

test('what a finalizer throws goes to the handlers and stops no other', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(8);
  const errors = [];
  const order = [];
  const remove = gc.onError((error) => {
    errors.push(error.message);
    throw new Error('a handler that throws too');
  });
  const secondary = t.mock.method(console, 'error', () => {});
  gc.onError((error) => errors.push(`second ${error.message}`));
  gc.finalize(buffer, null, () => order.push('oldest'));
  gc.finalize(buffer, null, () => {
    throw new Error('middle');
  });
  gc.finalize(buffer, null, () => order.push('newest'));
  buffer.dispose();
  assert.deepEqual(order, ['newest', 'oldest']);
  assert.deepEqual(errors, ['middle', 'second middle']);
  assert.equal(secondary.mock.callCount(), 1);
  assert.equal(gc.stats().finalizer_errors, 1);
  assert.equal(gc.stats().live_buffers, 0);
  remove();
});

test('without a handler, errors go to console.error', async (t) => {
  const gc = await open(t);
  const spy = t.mock.method(console, 'error', () => {});
  const failure = new Error('lost');
  const buffer = gc.alloc(8);
  gc.finalize(buffer, null, () => {
    throw failure;
  });
  buffer.dispose();
  assert.deepEqual(spy.mock.calls[0].arguments, [failure]);
});

test('a held value that is or holds the buffer is refused', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(8);
  const view = buffer.subview(0);
  for (const held of [buffer, [1, buffer], { buffer }, new Set([buffer]), new Map([['b', buffer]]), view, [view]]) {
    assert.throws(
      () => gc.finalize(buffer, held, () => {}),
      (error) => {
        return error instanceof InvalidArgumentError && error.argument === 'held';
      },
    );
  }
  assert.equal(gc.stats().finalizers_alive, 0);
  const other = gc.alloc(8);
  gc.finalize(buffer, { other }, () => {});
});

test('a finalizer may allocate, dispose, collect, register, detach and finalize others', async (t) => {
  const gc = await open(t);
  const order = [];
  const victim = gc.alloc(8);
  const buffer = gc.alloc(8);
  const detached = gc.finalize(buffer, null, () => assert.fail('it was detached by a newer one'));
  gc.finalize(victim, null, () => order.push('victim'));
  gc.finalize(buffer, null, () => {
    order.push('begin');
    const made = gc.alloc({ shape: [16], dtype: 'float32', label: 'made inside' });
    gc.finalize(made, null, () => order.push('made'));
    made.view().fill(1);
    made.dispose();
    victim.dispose();
    detached.detach();
    const a = gc.alloc(8);
    const b = gc.alloc(8);
    gc.link(a, b);
    gc.link(b, a);
    a.dispose();
    b.dispose();
    assert.equal(gc.collect().buffers, 2);
    order.push('end');
  });
  buffer.dispose();
  assert.deepEqual(order, ['begin', 'made', 'victim', 'end']);
  assert.equal(gc.stats().live_buffers, 0);
  assert.equal(gc.stats().finalizers_alive, 0);
});

test('a finalizer that disposes its own buffer again, by any way it has, harms nothing', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(8);
  const weak = gc.weak(buffer);
  let runs = 0;
  gc.finalize(buffer, null, () => {
    runs += 1;
    assert.equal(weak.deref(), undefined);
  });
  buffer.dispose();
  buffer.dispose();
  buffer.destroy();
  assert.equal(runs, 1);
  assert.equal(gc.stats().disposed_buffers, 1);
});

test('a chain of 100,000 finalizers, each disposing the next, ends without using up the stack', async (t) => {
  const gc = await open(t);
  const buffers = Array.from({ length: 100_000 }, () => gc.alloc(8));
  const order = [];
  for (let i = 0; i + 1 < buffers.length; i += 1) {
    gc.finalize(buffers[i], buffers[i + 1], (next) => {
      order.push(i);
      next.dispose();
    });
  }
  buffers[0].dispose();
  assert.equal(gc.stats().live_buffers, 0);
  assert.equal(gc.stats().finalizers_run, 99_999);
  assert.ok(order.every((value, index) => value === index));
});

test('however deep calls nest, what is freed inside ends inside, and no close loses its finalizer', async (t) => {
  const gc = await open(t);
  const target = gc.alloc(8);
  const order = [];
  let innermost = gc.finalize(target, null, () => {
    const freed = gc.alloc(8);
    gc.finalize(freed, null, () => order.push('freed'));
    freed.dispose();
    order.push('after it');
    gc.close();
  });
  for (let depth = 0; depth < 200; depth += 1) innermost = gc.finalize(target, innermost, (inner) => inner.call());
  innermost.call();
  assert.deepEqual(order, ['freed', 'after it']);
  assert.equal(gc.stats().finalizers_run, 202);
});

test('at close the finalizers run newest first over all buffers, except those not at exit', async () => {
  const gc = await load();
  const order = [];
  const [a, b] = [gc.alloc(8), gc.alloc(8)];
  gc.finalize(a, 'a1', (held) => order.push(held));
  gc.finalize(b, 'b2', (held) => order.push(held));
  const skipped = gc.finalize(a, 'a3', (held) => order.push(held));
  assert.equal(skipped.atExit, true);
  skipped.atExit = false;
  assert.equal(skipped.atExit, false);
  gc.finalize(a, 'a4', (held) => order.push(held));
  gc.close();
  assert.deepEqual(order, ['a4', 'b2', 'a1']);
  assert.equal(skipped.alive, false);
  assert.equal(gc.stats().closed_buffers, 2);
});

test('a finalizer not at exit still runs when its buffer dies before the close', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(8);
  let ran = false;
  const finalizer = gc.finalize(buffer, null, () => {
    ran = true;
  });
  finalizer.atExit = false;
  buffer.dispose();
  assert.equal(ran, true);
});

test('a finalizer that allocates during close is refused, and the close completes', async () => {
  const gc = await load();
  const errors = [];
  gc.onError((error) => errors.push(error.code));
  const buffer = gc.alloc(8);
  gc.finalize(buffer, null, () => gc.alloc(8));
  gc.close();
  assert.deepEqual(errors, ['closed']);
  assert.equal(gc.stats().live_buffers, 0);
});

test('a finalizer runs when the engine collects the handle, and its own handle may be dropped', async (t) => {
  const gc = await open(t);
  const seen = [];
  (() => {
    const buffer = gc.alloc({ nbytes: 4096, label: 'dropped' });
    gc.finalize(buffer, 'held', (held) => seen.push(held));
  })();
  assert.equal(await collectUntil(() => seen.length > 0), true);
  assert.deepEqual(seen, ['held']);
  assert.equal(gc.stats().finalized_buffers, 1);
});

test('the buffer lives as long as a subview, and its finalizer waits', async (t) => {
  const gc = await open(t);
  const buffer = gc.alloc(64);
  const view = buffer.subview(8);
  let ran = false;
  gc.finalize(buffer, null, () => {
    ran = true;
  });
  buffer.dispose();
  assert.equal(ran, false);
  view.dispose();
  assert.equal(ran, true);
});
