import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annexBytes, InvalidArgumentError, InvalidStateError, open } from './package.mjs';

const MiB = 2 ** 20;

/** A step whose blocks a plan lays out in 8 MiB, all live at once; where each lay. */
function step(gc) {
  const places = [];
  const alloc = (mebibytes) => {
    const buffer = gc.alloc(mebibytes * MiB);
    places.push(buffer.view().byteOffset);
    return buffer;
  };
  const [a, b, c] = [alloc(3), alloc(2), alloc(3)];
  a.dispose();
  c.dispose();
  const [d, e] = [alloc(4), alloc(2)];
  b.dispose();
  d.dispose();
  const f = alloc(6);
  e.dispose();
  f.dispose();
  return places;
}

test('the first run is recorded, later ones are served at the planned places', async (t) => {
  const gc = await open(t);
  const iteration = gc.iteration();
  assert.equal(iteration.plan, null);
  iteration.run(() => step(gc));
  assert.deepEqual(iteration.plan, {
    heightBytes: 8 * MiB,
    lowerBoundBytes: 8 * MiB,
    allocations: 6,
    blocks: 6,
  });
  const first = iteration.run(() => step(gc));
  for (let i = 0; i < 5; i += 1)
    assert.deepEqual(
      iteration.run(() => step(gc)),
      first,
    );
  const stats = gc.stats();
  assert.equal(stats.planned_allocations, 36);
  assert.equal(stats.plan_deviations, 0);
  assert.equal(stats.planned_bytes, 8 * MiB);
  assert.equal(stats.reserved_bytes, stats.live_bytes + stats.rounding_bytes + stats.cached_bytes + stats.gap_bytes);
  assert.equal(iteration.iterations, 7);
  assert.equal(iteration.deviatingIterations, 0);
});

test('planned buffers hold their bytes, and the visualizer sees where they are', async (t) => {
  const gc = await open(t, { visualizer: true });
  const iteration = gc.iteration();
  const fill = () => {
    const buffers = [1, 2, 3, 4].map((value) => {
      const buffer = gc.alloc(1000 * value);
      buffer.view().fill(value);
      return buffer;
    });
    assert.ok(buffers.every((buffer, index) => buffer.view().every((byte) => byte === index + 1)));
    for (const buffer of buffers) buffer.dispose();
  };
  for (let i = 0; i < 3; i += 1) iteration.run(fill);
  const rows = gc.visualizer.snapshot().lifecycles;
  assert.deepEqual(
    rows.slice(4, 8).map((row) => row.address),
    rows.slice(8, 12).map((row) => row.address),
  );
  assert.ok(rows.slice(8, 12).every((row) => row.servedBy === 'arena' && row.freedTo === 'arena'));
});

test('what deviates is allocated as ever, counted, and after three such runs recorded anew', async (t) => {
  const gc = await open(t);
  const iteration = gc.iteration({ planMs: 10 });
  iteration.run(() => gc.alloc(MiB).dispose());
  for (let i = 1; i <= 3; i += 1) {
    assert.notEqual(iteration.plan, null);
    iteration.run(() => gc.alloc(2 * MiB).dispose());
    assert.equal(gc.stats().plan_deviations, i);
  }
  assert.equal(iteration.plan, null);
  iteration.run(() => gc.alloc(2 * MiB).dispose());
  assert.equal(iteration.plan.heightBytes, 2 * MiB);
  assert.equal(iteration.deviatingIterations, 3);
});

test('a run that throws is not learned from; iterations do not nest', async (t) => {
  const gc = await open(t);
  const iteration = gc.iteration();
  const boom = new Error('boom');
  assert.throws(
    () =>
      iteration.run(() => {
        throw boom;
      }),
    boom,
  );
  assert.equal(iteration.open, false);
  assert.equal(iteration.iterations, 0);
  const other = gc.iteration();
  iteration.run(() => {
    assert.equal(iteration.open, true);
    assert.throws(() => other.begin(), InvalidStateError);
    assert.throws(() => iteration.run(() => {}), { code: 'invalid_state' });
    assert.throws(() => iteration.improve(1), InvalidStateError);
  });
  assert.throws(() => iteration.end(), InvalidStateError);
  iteration.begin();
  gc.alloc(100).dispose();
  iteration.end();
  iteration.abandon(); // nothing is open: nothing happens
});

test('arguments are checked', async (t) => {
  const gc = await open(t);
  const refuses = (call, argument) =>
    assert.throws(call, (error) => error instanceof InvalidArgumentError && error.argument === argument);
  refuses(() => gc.iteration(5), 'options');
  refuses(() => gc.iteration({ planMs: -1 }), 'options.planMs');
  refuses(() => gc.iteration({ planMs: 'x' }), 'options.planMs');
  refuses(() => gc.iteration({ mostDeviating: 0 }), 'options.mostDeviating');
  refuses(() => gc.iteration({ mostDeviating: 1.5 }), 'options.mostDeviating');
  const iteration = gc.iteration();
  refuses(() => iteration.run(), 'callback');
  refuses(() => iteration.run(async () => {}), 'callback');
  refuses(() => iteration.improve(Number.NaN), 'planMs');
  assert.equal(iteration.open, false);
});

test('close within an open iteration, and what is left of it afterwards', async (t) => {
  const gc = await open(t);
  const iteration = gc.iteration();
  iteration.run(() => step(gc));
  iteration.begin();
  gc.alloc(3 * MiB);
  assert.equal(gc.stats().planned_bytes, 8 * MiB);
  gc.close();
  assert.equal(gc.stats().reserved_bytes, 0);
  iteration.end();
  assert.throws(() => iteration.begin(), { code: 'closed' });
  assert.throws(() => gc.iteration(), { code: 'closed' });
  iteration[Symbol.dispose]();
  iteration[Symbol.dispose]();
  assert.throws(() => iteration.end(), InvalidStateError);
  assert.equal(iteration.plan, null);
});

test('trim and a lower budget take the region; the next run has another', async (t) => {
  const gc = await open(t);
  const iteration = gc.iteration();
  for (let i = 0; i < 2; i += 1) iteration.run(() => step(gc));
  assert.ok(gc.trim() >= 8 * MiB);
  assert.equal(gc.stats().planned_bytes, 0);
  iteration.run(() => step(gc));
  assert.equal(gc.stats().planned_bytes, 8 * MiB);
  gc.budgetBytes = 9 * MiB;
  const large = gc.alloc(7 * MiB); // between iterations the region is anybody's
  large.dispose();
  iteration.run(() => step(gc));
  assert.equal(gc.stats().planned_allocations, 18);
});

test('runs are recorded until the annex is there, and planned from then on', async (t) => {
  // An address that has to be fetched: what a page has.
  const annex = `data:application/wasm;base64,${annexBytes().toString('base64')}`;
  const gc = await open(t, { annex });
  const iteration = gc.iteration();
  iteration.run(() => step(gc));
  iteration.improve(1);
  assert.equal(iteration.plan, null);
  assert.equal(iteration.iterations, 1);
  await iteration.ready;
  iteration.run(() => step(gc));
  assert.equal(iteration.plan?.heightBytes, 8 * MiB);
  assert.throws(() => iteration.end(), /end\(\): no iteration is open/);
});
