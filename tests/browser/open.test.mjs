import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { launch, ndjson, openSample, openText, textOf } from './browser.mjs';
import { sampleEvents, samplePath, summaryOf } from './oracle.mjs';

const SMALL = ndjson(
  { t: 0, op: 'alloc', id: 1, size: 1024, label: 'kept' },
  { t: 10, op: 'alloc', id: 2, size: 512, label: 'dropped' },
  { t: 20, op: 'free', id: 2 },
);

describe('opening a trace', () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  for (const from of ['server', 'file']) {
    test(`the ${from === 'file' ? 'double-clicked file' : 'served page'} opens a sample with one click, without complaint or request`, async () => {
      const { page, complaints, requests, close } = await browser.open({ from });
      await openSample(page, 'mlp_leak');
      assert.deepEqual(await page.evaluate(() => window.viewer.stats()), summaryOf(sampleEvents('mlp_leak')));
      assert.deepEqual(complaints, []);
      assert.deepEqual(
        requests.filter((url) => !url.startsWith('blob:') && !url.startsWith('data:')).length,
        1,
        'only the page itself is asked for',
      );
      await close();
    });
  }

  for (const name of ['gpt_generate_noplan', 'mlp_train_noplan_long']) {
    test(`the totals of the sample ${name} equal a plain count of its events`, async () => {
      const { page, close } = await browser.open();
      await openSample(page, name);
      assert.deepEqual(await page.evaluate(() => window.viewer.stats()), summaryOf(sampleEvents(name)));
      await close();
    });
  }

  test('a file that is dropped anywhere on the page is opened', async () => {
    const { page, close } = await browser.open();
    const transfer = await page.evaluateHandle((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], 'dropped.ndjson'));
      return data;
    }, SMALL);
    await page.dispatchEvent('bufgc-app', 'dragenter', { dataTransfer: transfer });
    assert.ok(await page.getByText('Drop to open').isVisible());
    await page.dispatchEvent('bufgc-app', 'drop', { dataTransfer: transfer });
    await page.locator('.trace-name', { hasText: 'dropped.ndjson' }).waitFor();
    await page.evaluate(() => window.viewer.idle());
    assert.equal((await page.evaluate(() => window.viewer.stats())).buffers, 2);
    await close();
  });

  test('the file input takes a packed trace', async () => {
    const { page, close } = await browser.open();
    await page.locator('input[type=file]').setInputFiles(samplePath('mlp_leak'));
    await page.locator('.trace-name', { hasText: 'mlp_leak.ndjson.gz' }).waitFor();
    await page.evaluate(() => window.viewer.idle());
    assert.deepEqual(await page.evaluate(() => window.viewer.stats()), summaryOf(sampleEvents('mlp_leak')));
    await close();
  });

  test('both forms of CSV are read', async () => {
    const { page, close } = await browser.open();
    const events = await openText(page, 'events.csv', 'time,op,id,size\n0,a,1,100\n1,a,2,50\n2,f,1,100\n');
    assert.equal(events.stats.max_live_bytes, 150);
    assert.equal(events.stats.alive_at_end_bytes, 50);
    const intervals = await openText(page, 'intervals.csv', 'id,lower,upper,size\n1,0,10,100\n2,5,15,50\n');
    assert.equal(intervals.stats.max_live_bytes, 150);
    assert.equal(intervals.stats.alive_at_end_buffers, 0);
    await close();
  });

  test('a broken file is told with its name, the line and what was expected, beside what stands before it', async () => {
    const { page, complaints, close } = await browser.open();
    const { error } = await openText(page, 'broken.ndjson', `${SMALL}{"t":30,"op":"alloc","id":3,"size":\n`);
    assert.match(error, /broken\.ndjson/);
    assert.match(error, /line 4/);
    assert.match(error, /expected/);
    const alert = page.getByRole('alert');
    assert.match(await alert.textContent(), /broken\.ndjson.*line 4.*expected.*3 events, 2 buffers/s);
    assert.equal((await page.evaluate(() => window.viewer.stats())).buffers, 2);
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    assert.equal(await alert.count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('after a broken file the next one opens as if nothing had been', async () => {
    const { page, close } = await browser.open();
    assert.ok((await openText(page, 'broken.ndjson', 'not a trace\n')).error);
    assert.equal((await openText(page, 'good.ndjson', SMALL)).stats.buffers, 2);
    assert.equal(await page.getByRole('alert').count(), 0);
    await close();
  });

  test('Cancel stops the reading and keeps what was read so far in sight', async () => {
    const { page, close } = await browser.open();
    await page.evaluate(() => {
      const lines = [];
      for (let i = 0; i < 400_000; i++)
        lines.push(`{"t":${i},"op":"alloc","id":${i},"size":4096,"label":"buffer number ${i}"}`);
      window.reading = window.viewer
        .open(new TextEncoder().encode(lines.join('\n')), 'large.ndjson')
        .catch((error) => error.name);
    });
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await page.evaluate(() => window.reading), 'AbortError');
    await page.evaluate(() => window.viewer.idle());
    const { events } = await page.evaluate(() => window.viewer.stats());
    assert.ok(events < 400_000);
    assert.equal(await page.getByRole('button', { name: 'Cancel' }).count(), 0);
    assert.equal((await openText(page, 'small.ndjson', SMALL)).stats.buffers, 2);
    await close();
  });

  test('a large file is shown while it is read, and that is asked for a few times only', async () => {
    const { page, close } = await browser.open();
    const shown = await page.evaluate(async () => {
      const lines = [];
      for (let i = 0; i < 200_000; i++) {
        lines.push(`{"t":${2 * i},"op":"alloc","id":${i},"size":4096}`);
        lines.push(`{"t":${2 * i + 1},"op":"free","id":${i}}`);
      }
      const bytes = new TextEncoder().encode(lines.join('\n'));
      const { session } = document.querySelector('bufgc-app');
      const counts = [];
      session.addEventListener('trace', () => counts.push(session.trace?.summary.buffers));
      await window.viewer.open(bytes, 'large.ndjson');
      return counts;
    });
    assert.ok(shown.length > 1, 'a part was shown before the whole');
    assert.equal(shown.at(-1), 200_000);
    // Each costs in proportion to what was read: there is to be four times as much before the next.
    for (let i = 2; i < shown.length - 1; i += 1) assert.ok(shown[i] > 3 * shown[i - 1], shown.join(', '));
    await close();
  });

  test('an empty file is told, and what to do stands there again', async () => {
    const { page, complaints, close } = await browser.open();
    await openText(page, 'empty.ndjson', '');
    assert.match(await textOf(page, 'notice-bar'), /empty\.ndjson/);
    assert.ok(await page.getByRole('heading', { name: /What leaks/ }).isVisible());
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a damaged packed file is told by its name', async () => {
    const { page, close } = await browser.open();
    const packed = readFileSync(samplePath('mlp_leak')).subarray(0, 4000);
    const { error } = await openText(page, 'cut.ndjson.gz', packed);
    assert.match(error, /cut\.ndjson\.gz/);
    await close();
  });

  test('a binary trace opens with the same totals, and one that is cut off says so', async () => {
    const { page, complaints, close } = await browser.open();
    const { stats } = await openText(page, 'small.ndjson', SMALL);
    const whole = await page.evaluate(async () => [...(await window.viewer.export('bufgc'))]);
    assert.deepEqual(await openText(page, 'small.bufgc', whole), { stats });
    assert.equal(await page.getByRole('status').filter({ hasText: 'not whole' }).count(), 0);
    assert.deepEqual(await openText(page, 'cut.bufgc', whole.slice(0, -30)), { stats });
    assert.match(await textOf(page, 'notice-bar'), /cut\.bufgc is not whole.*cut off in its index; all 3 events/);
    assert.match((await openText(page, 'bad.bufgc', whole.with(100, whole[100] ^ 1))).error, /bad\.bufgc: byte \d+/);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('what is exported as NDJSON opens again with the same totals', async () => {
    const { page, close } = await browser.open();
    await openSample(page, 'mlp_leak');
    const [before, after] = await page.evaluate(async () => {
      const first = await window.viewer.stats();
      const bytes = await window.viewer.export('ndjson');
      await window.viewer.open(bytes, 'again.ndjson');
      return [first, await window.viewer.stats()];
    });
    assert.deepEqual(after, before);
    await close();
  });

  test('the export menu saves each format as a file of the trace’s name', async () => {
    const { page, close } = await browser.open();
    await openSample(page, 'mlp_leak');
    for (const [item, name] of [
      [/^NDJSON/, 'mlp_leak.ndjson'],
      [/^CSV/, 'mlp_leak.csv'],
      [/^Chrome/, 'mlp_leak.trace.json'],
      [/^PNG/, 'lifecycles.png'],
    ]) {
      await page.getByRole('button', { name: 'Export' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: item }).click(),
      ]);
      assert.equal(download.suggestedFilename(), name);
      assert.ok(readFileSync(await download.path()).length > 100);
    }
    await close();
  });

  test('a link to a sample comes back to the same place', async () => {
    const { page, close } = await browser.open({ hash: '#sample=mlp_leak&tab=table&filter=alive' });
    await page.locator('buffer-table').waitFor();
    await page.evaluate(() => window.viewer.idle());
    assert.match(await page.locator('buffer-table .above').textContent(), /432 of 1\s236 buffers/);
    await close();
  });
});
