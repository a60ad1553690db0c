// Leaks with an address: what is held and where it was made, the leak hunt of test suites, the development mode.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bufgc, collectUntil, MiB, open } from './package.mjs';

const { expectNoLeaks, LeakError } = bufgc;

/** What is said in the console until the test's end. */
function consoleWarnings(t) {
  const warnings = [];
  t.mock.method(console, 'warn', (text) => warnings.push(text));
  return warnings;
}

test('held() groups what is in use by the place where it was made, most bytes first', async (t) => {
  const gc = await open(t, { sites: true });
  const small = Array.from({ length: 3 }, (_, i) => gc.alloc({ nbytes: 100, label: `small ${i % 2}` }));
  const makeLarge = () => gc.alloc({ nbytes: 5000, label: 'large' });
  const large = [makeLarge(), makeLarge()];
  gc.alloc(77).dispose();
  const { buffers, bytes, groups } = gc.held();
  assert.deepEqual([buffers, bytes], [5, 10_300]);
  // Two calls of makeLarge on one line are two places of one caller's line, with different columns.
  assert.equal(
    groups.reduce((sum, group) => sum + group.buffers, 0),
    5,
  );
  const ofSmall = groups.find((group) => group.buffers === 3);
  assert.deepEqual([ofSmall.bytes, ofSmall.labels], [300, ['small 0', 'small 1']]);
  assert.match(ofSmall.site, /leaks\.test\.mjs:\d+$/);
  assert.match(groups[0].stack, /makeLarge.*leaks\.test\.mjs:\d+:\d+/);
  assert.deepEqual(groups[0].labels, ['large']);
  for (const buffer of [...small, ...large]) buffer.dispose();
  assert.deepEqual(gc.held(), { buffers: 0, bytes: 0, groups: [] });
});

test('of every nth birth the place is recorded, the totals stay exact', async (t) => {
  const gc = await open(t, { sites: 10 });
  const held = Array.from({ length: 100 }, () => gc.alloc(64));
  const { buffers, groups } = gc.held();
  assert.equal(buffers, 100);
  assert.equal(groups.length, 1);
  assert.equal(groups[0].buffers, 10);
  held[0].dispose();
  await assert.rejects(bufgc.load({ sites: 0 }), { argument: 'options.sites' });
  await assert.rejects(bufgc.load({ sites: 1.5 }), { argument: 'options.sites' });
});

test('what was destroyed by another handle, or released by the engine, is held no more', async (t) => {
  const gc = await open(t, { sites: true });
  const base = gc.alloc(64);
  const part = base.subview(0);
  (() => gc.alloc({ nbytes: MiB, label: 'dropped' }))();
  assert.equal(gc.held().groups.length, 3);
  base.destroy();
  assert.equal(part.disposed, true);
  assert.equal(await collectUntil(() => gc.held().groups.length === 0), true);
});

test('expectNoLeaks passes what disposes or returns its buffers, and answers its result', async (t) => {
  const gc = await open(t);
  const result = await expectNoLeaks(gc, async () => {
    gc.alloc(8).dispose();
    gc.scope(() => gc.alloc(8).fill(1).nbytes);
    const destroyed = gc.alloc(8);
    const kept = destroyed.subview(0);
    destroyed.destroy();
    await null;
    return { kept, buffers: [gc.alloc(16)] };
  });
  assert.equal(result.buffers[0].nbytes, 16);
  const failure = new Error('of the body');
  await assert.rejects(
    expectNoLeaks(gc, () => {
      gc.alloc(8);
      throw failure;
    }),
    failure,
  );
  await assert.rejects(
    expectNoLeaks({}, () => {}),
    { argument: 'manager' },
  );
  await assert.rejects(expectNoLeaks(gc, 5), { argument: 'body' });
});

test('expectNoLeaks names what is held, what was dropped, and where both were made', async (t) => {
  const gc = await open(t);
  const before = gc.alloc(8);
  const held = [];
  const forget = () => gc.alloc({ nbytes: 1000, label: 'forgotten' });
  await assert.rejects(
    expectNoLeaks(gc, async () => {
      before.dispose();
      held.push(gc.alloc({ nbytes: 24, label: 'held' }));
      forget();
      assert.equal(await collectUntil(() => gc.stats().finalized_buffers === 1), true);
    }),
    (error) => {
      assert.ok(error instanceof LeakError && error.code === 'leak');
      assert.deepEqual(
        error.groups.map(({ buffers, bytes, labels }) => [buffers, bytes, labels]),
        [
          [1, 1000, ['forgotten']],
          [1, 24, ['held']],
        ],
      );
      assert.match(error.message, /^2 buffers were not disposed:\n1 of 1000 bytes \(forgotten\), made\nat forget /);
      return true;
    },
  );
  assert.equal(gc.sitesEnabled, false);
});

test('the development mode warns once for each place whose buffers the engine had to release', async (t) => {
  const warnings = consoleWarnings(t);
  const gc = await open(t, { development: true });
  assert.equal(gc.sitesEnabled, true);
  (() => {
    for (let i = 0; i < 5; i += 1) gc.alloc({ nbytes: 4096, label: 'frame' });
    gc.alloc({ nbytes: 8, label: 'other' });
  })();
  assert.equal(await collectUntil(() => gc.stats().live_buffers === 0), true);
  assert.equal(warnings.length, 2);
  const frame = warnings.find((text) => text.includes('(frame)'));
  assert.match(
    frame,
    /^bufgc: buffer \d+ \(frame\) of 4 KiB \(4096 bytes\) was never disposed: .*\nat .*leaks\.test\.mjs:\d+/s,
  );
});

test('the development mode tells of a view that is used after growth emptied it, once a place', async (t) => {
  const warnings = consoleWarnings(t);
  const gc = await open(t, { development: true });
  const buffer = gc.alloc({ shape: [4], dtype: 'float32', label: 'stale' });
  const view = buffer.view();
  assert.ok(view instanceof Float32Array);
  view.set([1, 2, 3, 4]);
  assert.equal(view.length, 4);
  assert.deepEqual([...view.map((x) => x * 2)], [2, 4, 6, 8]);
  const large = gc.alloc(64 * MiB);
  assert.deepEqual(warnings, []);
  assert.deepEqual([...buffer.view()], [1, 2, 3, 4], 'the buffer has its elements');
  assert.deepEqual(warnings, [], 'deriving it again is right');
  for (let i = 0; i < 3; i += 1) assert.equal(view.length, 0);
  assert.throws(() => view.fill(1), TypeError);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /a view of buffer \d+ \(stale\) is used after the memory grew or moved/);
  assert.match(
    warnings[0],
    /The view was derived\nat .*leaks\.test\.mjs:\d+.*\nand is used\nat .*leaks\.test\.mjs:\d+/s,
  );
  large.dispose();
  buffer.dispose();
});
