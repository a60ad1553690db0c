import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { load, MiB, open, packageUrl } from './package.mjs';

test('several managers live side by side, each with its own budget, ids and statistics', async (t) => {
  const [one, two] = [await open(t, { budgetBytes: 4 * MiB }), await open(t)];
  const a = one.alloc(MiB);
  const b = two.alloc(2 * MiB);
  a.view().fill(1);
  b.view().fill(2);
  assert.equal(a.id, b.id, 'ids are per manager');
  assert.equal(one.stats().live_bytes, MiB);
  assert.equal(two.stats().live_bytes, 2 * MiB);
  one.close();
  assert.equal(a.disposed, true);
  assert.equal(b.disposed, false);
  assert.equal(b.view()[0], 2);
});

test('a manager opened after another closed starts from nothing', async () => {
  const first = await load();
  first.alloc(MiB);
  first.close();
  const second = await load();
  assert.equal(second.stats().allocations, 0);
  second.close();
});

test('loads that run at once give each its own manager', async () => {
  const managers = await Promise.all([load(), load(), load()]);
  for (const [i, gc] of managers.entries()) gc.alloc(1000 * (i + 1));
  assert.deepEqual(
    managers.map((gc) => gc.stats().live_bytes),
    [1000, 2000, 3000],
  );
  for (const gc of managers) gc.close();
});

test('it works in worker threads, several at once', async () => {
  const source = `
    import { parentPort } from 'node:worker_threads';
    const { load } = await import(${JSON.stringify(packageUrl)});
    const gc = await load({ visualizer: true });
    const total = gc.scope(() => {
      const buffer = gc.alloc({ shape: [1000], dtype: 'float64' });
      buffer.view().fill(0.5);
      return buffer.view().reduce((sum, value) => sum + value, 0);
    });
    parentPort.postMessage({ total, live: gc.stats().live_bytes, events: gc.visualizer.eventCount });
    gc.close();
  `;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const answers = await Promise.all(
    Array.from(
      { length: 3 },
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker(url);
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    ),
  );
  for (const answer of answers) {
    assert.equal(answer.total, 500);
    assert.equal(answer.live, 0);
    assert.ok(answer.events >= 2);
  }
});
