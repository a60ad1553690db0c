// What is alive at the end and what grows, against a plain reading of the sample.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exactBytes, idle, launch, openSample, openText, textOf } from './browser.mjs';
import { liveAfter, sampleEvents } from './oracle.mjs';

describe('what is leaking', () => {
  let browser;
  let opened;
  let page;
  const events = sampleEvents('mlp_leak');
  const leaked = liveAfter(events, events.length);
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openSample(page, 'mlp_leak');
    await page.getByRole('button', { name: /^Alive at end/ }).click();
    await idle(page);
  });
  after(() => browser.close());

  const rows = () =>
    page.locator('leaks-view tbody tr').evaluateAll((all) =>
      all.map((row) => ({
        name: row.cells[0].textContent.trim(),
        buffers: Number(row.cells[1].textContent.replace(/\D/g, '')),
        bytes: row.cells[3].title,
        told: row.querySelector('svg').getAttribute('aria-label'),
        grows: row.cells[6].textContent.trim() === 'grows',
      })),
    );

  test('the number “alive at end” leads to the groups: a plain count finds the same, most bytes first', async () => {
    const expected = new Map();
    for (const { label, size } of leaked) {
      const group = expected.get(label) ?? { buffers: 0, bytes: 0 };
      expected.set(label, { buffers: group.buffers + 1, bytes: group.bytes + size });
    }
    const shown = await rows();
    assert.equal(shown.length, expected.size);
    for (const { name, buffers, bytes } of shown) {
      const [, group] = [...expected].find(
        ([label]) => label.trim().replace(/\s+/g, ' ') === name.replace(/\s+/g, ' '),
      );
      assert.deepEqual({ buffers, bytes: exactBytes(bytes) }, group);
    }
    const sizes = shown.map(({ bytes }) => exactBytes(bytes));
    assert.deepEqual(
      sizes,
      [...sizes].sort((a, b) => b - a),
    );
  });

  test('what is kept in every step grows, and what was made once at the beginning does not', async () => {
    const growing = (await rows()).filter(({ grows }) => grows);
    const made = (name) => leaked.filter(({ label }) => label.trim() === name).length;
    assert.ok(growing.length > 0);
    for (const { name, told } of growing) {
      assert.ok(made(name) >= 3, name);
      assert.match(told, /; grows$/);
    }
    assert.ok((await rows()).some(({ grows, buffers }) => !grows && buffers < 3));
  });

  test('a click on a group shows its leaked buffers in the table; the view stands in the address', async () => {
    await page.waitForFunction(() => location.hash.includes('tab=leaks'));
    const [first] = await rows();
    await page.locator('leaks-view tbody button').first().click();
    await idle(page);
    const counted = await page.locator('buffer-table .above .number').first().textContent();
    assert.equal(Number(counted.replace(/\D/g, '')), first.buffers);
    await page.getByRole('searchbox').fill('');
    await page.keyboard.press('Enter');
    await idle(page);
  });

  test('other groupings count the same buffers', async () => {
    await page.locator('view-tabs [role=tab]', { hasText: 'Leaks' }).click();
    for (const by of ['site', 'type', 'size']) {
      await page.locator('leaks-view').getByRole('button', { name: by, exact: true }).click();
      await idle(page);
      const total = (await rows()).reduce((sum, { buffers }) => sum + buffers, 0);
      assert.equal(total, leaked.length, by);
    }
  });

  test('a trace that releases everything says that nothing leaks', async () => {
    const lines = ['{"t":1,"op":"alloc","id":1,"size":64}', '{"t":2,"op":"free","id":1}'];
    await openText(page, 'clean.ndjson', lines.join('\n'));
    await idle(page);
    assert.match(await textOf(page, 'leaks-view'), /Every buffer was released/);
    assert.deepEqual(opened.complaints, []);
  });
});
