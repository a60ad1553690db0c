// How long from unreachable to released to reused, against a plain reading of the sample.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { idle, launch, ndjson, openText, press, textOf } from './browser.mjs';

describe('how long from unreachable to released to reused', () => {
  let browser;
  let opened;
  let page;
  // Buffers of one block, each used 1 µs before its release and taken again 3 µs after it; the last one is kept.
  const events = [];
  for (let id = 0; id < 40; id += 1) {
    const t = id * 10_000;
    events.push({ t, op: 'alloc', id, size: 64, addr: '0x1000', label: id % 2 ? 'odd' : 'even' });
    events.push({ t: t + 6000, op: 'use', kernel: 'k', bufs: [[id, 'r']] });
    if (id < 39) events.push({ t: t + 7000, op: 'free', id, to: 'cache', cause: 'finalized' });
  }
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openText(page, 'waits.ndjson', ndjson(...events));
    await press(page, '7');
  });
  after(() => browser.close());

  const stage = (name) => page.locator(`statistics-view section.${name}`);
  const cells = async (name, row) =>
    (await stage(name).locator('.waits tbody tr').nth(row).locator('th, td').allTextContents()).map((text) =>
      text.trim(),
    );

  test('both waits stand there with their median, p95 and longest, and what is not known is said', async () => {
    assert.deepEqual(await cells('unused', 0), ['all', '39', '1.00\u202fµs', '1.00\u202fµs', '1.00\u202fµs']);
    assert.deepEqual(await cells('idle', 0), ['all', '39', '3.00\u202fµs', '3.00\u202fµs', '3.00\u202fµs']);
    assert.match(await textOf(page, 'statistics-view'), /When the last reference to a buffer went stands in no trace/);
  });

  test('the distribution counts every wait once', async () => {
    for (const [name, bin] of [
      ['unused', '1.00\u202fµs to 2.00\u202fµs'],
      ['idle', '2.00\u202fµs to 5.00\u202fµs'],
    ]) {
      const rows = stage(name).locator('table').nth(1).locator('tbody tr');
      assert.equal(await rows.count(), 1);
      assert.deepEqual((await rows.locator('th, td').allTextContents()).map((text) => text.trim()).slice(0, 2), [
        bin,
        '39',
      ]);
    }
  });

  test('waits are told in events too, and by label, site or cause; a group filters', async () => {
    const press = async (name) => {
      await page.locator('statistics-view .how').getByRole('button', { name, exact: true }).click();
      await idle(page);
    };
    await press('events');
    assert.deepEqual(await cells('unused', 0), ['all', '39', '1', '1', '1']);
    assert.deepEqual(await cells('unused', 1), ['even', '20', '1', '1', '1']);
    await stage('unused').getByRole('button', { name: 'odd' }).click();
    await idle(page);
    assert.deepEqual(await cells('unused', 0), ['all', '19', '1', '1', '1']);
    await stage('unused').getByRole('button', { name: 'odd' }).click();
    await idle(page);
    await press('cause');
    assert.deepEqual(await cells('idle', 1), ['finalized', '39', '1', '1', '1']);
    await press('time');
  });

  test('details tell of the last use, of what is not recorded, and who took the block', async () => {
    await page.evaluate(() => document.querySelector('bufgc-app').session.select(4));
    await idle(page);
    const told = await textOf(page, 'details-panel');
    assert.match(told, /last used13 at 46\.0 µs, 1\.00 µs before that/);
    assert.match(told, /droppednot recorded: at its last use or later/);
    assert.match(told, /reused15 at 50\.0 µs, after 3\.00 µs: by whom/);
    await page.locator('details-panel').getByRole('button', { name: 'by whom' }).click();
    await idle(page);
    assert.equal(await page.evaluate(() => document.querySelector('bufgc-app').session.selectedRow), 5);
    await page.evaluate(() => document.querySelector('bufgc-app').session.select(39));
    await idle(page);
    assert.doesNotMatch(await textOf(page, 'details-panel'), /reused|dropped/);
  });

  test('a trace without uses and addresses says that neither is known', async () => {
    await openText(page, 'plain.ndjson', '{"t":1,"op":"alloc","id":1,"size":64}\n{"t":2,"op":"free","id":1}\n');
    await idle(page);
    const told = await textOf(page, 'statistics-view');
    assert.match(told, /tells of no use by a kernel/);
    assert.match(told, /No block was taken again, or the trace tells of no addresses/);
    assert.deepEqual(opened.complaints, []);
  });
});
