import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError, open } from './package.mjs';

test('a scope disposes what it made and did not return, newest first', async (t) => {
  const gc = await open(t, { visualizer: true });
  const made = [];
  gc.scope(() => {
    for (let i = 0; i < 3; i += 1) made.push(gc.alloc({ nbytes: 8, label: String(i) }));
  });
  assert.ok(made.every((buffer) => buffer.disposed));
  const ends = gc.visualizer.snapshot().lifecycles.sort((a, b) => a.freeEvent - b.freeEvent);
  assert.deepEqual(
    ends.map((row) => [row.label, row.cause]),
    [
      ['2', 'dispose'],
      ['1', 'dispose'],
      ['0', 'dispose'],
    ],
  );
});

test('what a scope returns lives on: alone, in an array, in a plain object', async (t) => {
  const gc = await open(t);
  const alone = gc.scope(() => gc.alloc(8));
  const [first, , nested] = gc.scope(() => [gc.alloc(8), 5, { deep: [gc.alloc(8)] }]);
  const { out } = gc.scope(() => {
    gc.alloc(8);
    return { out: gc.alloc(8), n: null };
  });
  for (const buffer of [alone, first, nested.deep[0], out]) assert.equal(buffer.disposed, false);
  assert.equal(gc.stats().live_buffers, 4);
});

test('a result that holds itself ends the scope all the same', async (t) => {
  const gc = await open(t);
  const result = gc.scope(() => {
    const ring = { buffer: gc.alloc(8) };
    ring.self = ring;
    return ring;
  });
  assert.equal(result.buffer.disposed, false);
});

test('what an inner scope returns belongs to the outer one', async (t) => {
  const gc = await open(t);
  let inner;
  const kept = gc.scope(() => {
    inner = gc.scope(() => [gc.alloc(8), gc.alloc(8)]);
    assert.equal(inner[0].disposed, false);
    return inner[1];
  });
  assert.equal(inner[0].disposed, true);
  assert.equal(kept.disposed, false);
});

test('keep takes a buffer out of every scope', async (t) => {
  const gc = await open(t);
  let kept;
  gc.scope(() => {
    gc.scope(() => {
      kept = gc.keep(gc.alloc(8));
    });
  });
  assert.equal(kept.disposed, false);
  const outside = gc.alloc(8);
  assert.equal(gc.keep(outside), outside);
});

test('buffers made before the scope are not its business', async (t) => {
  const gc = await open(t);
  const before = gc.alloc(8);
  gc.scope(() => {
    before.view();
    gc.alloc(8);
  });
  assert.equal(before.disposed, false);
  assert.equal(gc.stats().live_buffers, 1);
});

test('subviews made in a scope end with it, and a returned one keeps its base', async (t) => {
  const gc = await open(t);
  const view = gc.scope(() => {
    const base = gc.alloc(64);
    base.view()[8] = 3;
    base.subview(0);
    return base.subview(8);
  });
  assert.equal(view.view()[0], 3);
  assert.deepEqual([gc.stats().live_buffers, gc.stats().live_views], [1, 1]);
});

test('a scope that throws disposes what it made and lets the error through', async (t) => {
  const gc = await open(t);
  const failure = new Error('in the middle');
  assert.throws(
    () =>
      gc.scope(() => {
        gc.alloc(8);
        gc.scope(() => {
          gc.alloc(8);
          throw failure;
        });
      }),
    failure,
  );
  assert.equal(gc.stats().live_buffers, 0);
  gc.alloc(8);
  assert.equal(gc.stats().live_buffers, 1, 'no scope is left open');
});

test('an async callback is refused before it runs, and what a hidden one made is disposed', async (t) => {
  const gc = await open(t);
  let ran = false;
  assert.throws(
    () =>
      gc.scope(async () => {
        ran = true;
      }),
    InvalidArgumentError,
  );
  assert.equal(ran, false);
  assert.throws(
    () =>
      gc.scope(() => {
        gc.alloc(8);
        return Promise.reject(new Error('nobody hears this'));
      }),
    { argument: 'callback' },
  );
  assert.equal(gc.stats().live_buffers, 0);
});

test('a long scope that disposes by hand piles nothing up', async (t) => {
  const gc = await open(t);
  gc.scope(() => {
    const survivors = [];
    for (let i = 0; i < 100_000; i += 1) {
      const buffer = gc.alloc(64);
      if (i % 1000 === 0) survivors.push(buffer);
      else buffer.dispose();
    }
    assert.equal(gc.stats().live_buffers, 100);
  });
  assert.equal(gc.stats().live_buffers, 0);
});

test('a finalizer that allocates inside a scope keeps what it made', async (t) => {
  const gc = await open(t);
  let made;
  const buffer = gc.alloc(8);
  gc.finalize(buffer, null, () => {
    made = gc.alloc(8);
  });
  gc.scope(() => buffer.dispose());
  assert.equal(made.disposed, false);
});

test('using ends a buffer and a manager at the end of their block', async () => {
  const { load } = await import('./package.mjs');
  const gc = await load();
  const buffer = gc.alloc(8);
  assert.equal(typeof Symbol.dispose, 'symbol');
  buffer[Symbol.dispose]();
  assert.equal(buffer.disposed, true);
  gc[Symbol.dispose]();
  assert.equal(gc.closed, true);
});

test('an inner scope that ends an outer buffer owns what it makes afterwards all the same', async (t) => {
  const gc = await open(t);
  gc.scope(() => {
    const outer = gc.alloc(10);
    const inner = gc.scope(() => {
      outer.dispose();
      const made = gc.alloc(20);
      gc.drain(); // registers what no scope holds: not these
      assert.equal(made.disposed, false);
      return [made];
    })[0];
    assert.equal(inner.disposed, false);
    let lost;
    gc.scope(() => {
      lost = gc.alloc(30);
      inner.dispose();
    });
    assert.equal(lost.disposed, true);
  });
  assert.equal(gc.stats().live_buffers, 0);
});
