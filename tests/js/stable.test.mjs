// With stableViews a view is valid as long as its buffer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KiB, load, MiB, OutOfMemoryError, open, random } from './package.mjs';

test('no view is ever detached or moved, whatever comes and goes up to the budget', async (t) => {
  const gc = await open(t, { stableViews: true, budgetBytes: 64 * MiB, visualizer: true });
  const first = gc.alloc(64);
  const memory = first.view().buffer;
  const seed = 4;
  const next = random(seed);
  const held = [];
  let refused = 0;
  for (let step = 0; step < 3000; step += 1) {
    try {
      const buffer = gc.alloc({ nbytes: 1 + Math.floor(next() * 2 * MiB), label: `step ${step}` });
      const view = buffer.view();
      view[0] = step & 255;
      view[view.length - 1] = step & 255;
      held.push({ buffer, view, step });
    } catch (error) {
      assert.ok(error instanceof OutOfMemoryError);
      refused += 1;
      for (let i = 0; i < 8; i += 1) held.splice(Math.floor(next() * held.length), 1)[0]?.buffer.dispose();
    }
    if (step % 500 === 0) gc.visualizer.snapshot();
  }
  assert.ok(refused > 0, 'the budget was reached');
  assert.equal(first.view().buffer, memory, `seed ${seed}`);
  for (const { buffer, view, step } of held) {
    assert.equal(buffer.view(), view);
    assert.equal(view[view.length - 1], step & 255);
  }
  assert.equal(gc.stats().compactions, 0);
});

test('the whole budget can be had, in one piece', async (t) => {
  const gc = await open(t, { stableViews: true, budgetBytes: 1024 * MiB });
  const small = gc.alloc(8).view();
  const large = gc.alloc(1024 * MiB - 256 * KiB);
  large.view()[large.nbytes - 1] = 1;
  assert.equal(small.length, 8);
});

test('what cannot be had together is refused and named', async (t) => {
  await assert.rejects(load({ stableViews: true }), { code: 'invalid_argument', argument: 'options.budgetBytes' });
  await assert.rejects(load({ stableViews: true, budgetBytes: 2 ** 32 }), { argument: 'options.budgetBytes' });
  await assert.rejects(load({ stableViews: true, budgetBytes: MiB, compact: true }), { argument: 'options.compact' });
  await assert.rejects(load({ stableViews: 1, budgetBytes: MiB }), { argument: 'options.stableViews' });
  const gc = await open(t, { stableViews: true, budgetBytes: MiB });
  gc.budgetBytes = 512 * KiB;
  gc.budgetBytes = MiB;
  assert.throws(() => {
    gc.budgetBytes = MiB + 1;
  }, /budgetBytes: expected at most the 1048576 bytes/);
});
