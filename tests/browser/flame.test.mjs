// Where the bytes come from: the flame graph, against a plain reading of the sample.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exactBytes, idle, launch, openSample, openText, press, textOf } from './browser.mjs';
import { liveAfter, sampleEvents, summaryOf } from './oracle.mjs';

describe('where the bytes come from', () => {
  let browser;
  let opened;
  let page;
  const events = sampleEvents('mlp_leak');
  const allocations = events.flatMap((event, at) => (event.op === 'alloc' ? [{ ...event, at }] : []));
  const leaked = new Set(liveAfter(events, events.length).map(({ id }) => id));
  const bytesOf = (all) => all.reduce((sum, { size }) => sum + size, 0);
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openSample(page, 'mlp_leak');
    await press(page, '4');
  });
  after(() => browser.close());

  const view = () => page.locator('flame-view');
  const total = async () => exactBytes(await view().locator('.total').getAttribute('title'));
  const choose = async (name) => {
    await view().getByRole('button', { name, exact: true }).click();
    await idle(page);
  };
  const told = (name) => view().locator(`.frame[aria-label^="${name}: "]`);

  test('each measure counts what a plain count of the range finds', async () => {
    assert.equal(await total(), bytesOf(allocations));
    await page.evaluate(() => window.viewer.setView({ t0: 2000, t1: 5000 }));
    const inRange = allocations.filter(({ at }) => at >= 2000 && at < 5000);
    assert.equal(await total(), bytesOf(inRange));
    await choose('never freed');
    assert.equal(await total(), bytesOf(inRange.filter(({ id }) => leaked.has(id))));
    await choose('live');
    assert.equal(await total(), summaryOf(events).max_live_bytes);
    await page.evaluate(() => document.querySelector('bufgc-app').session.showMoment(3000));
    await idle(page);
    assert.equal(await total(), bytesOf(liveAfter(events, 3000)));
    await press(page, 'Escape');
    await choose('allocated');
    await press(page, '0');
  });

  test('names with arrows are frames: what was made by a kernel stands within it', async () => {
    const made = allocations.filter(({ label }) => / <- E_50176_4\s*$/.test(label));
    const frame = told('E_50176_4');
    assert.equal(exactBytes(await frame.getAttribute('aria-label')), bytesOf(made));
    await frame.click();
    await idle(page);
    assert.equal(await total(), bytesOf(made));
    const rows = await view().locator('tbody tr').count();
    assert.ok(rows >= 2, `${rows}`);
  });

  test('the frame looked into stands in the address and comes back; Backspace leads out', async () => {
    await page.waitForFunction(() => /tab=groups.*depth=1/.test(location.hash));
    const inside = await total();
    const other = await browser.open({ hash: await page.evaluate(() => location.hash) });
    await other.page.locator('flame-view .total').waitFor();
    await idle(other.page);
    assert.equal(exactBytes(await other.page.locator('flame-view .total').getAttribute('title')), inside);
    await other.close();
    await view().locator('.frame').first().focus();
    await press(page, 'Backspace');
    assert.equal(await total(), bytesOf(allocations));
  });

  test('the arrows walk the frames, Enter looks into one, and the table holds the same', async () => {
    await view().locator('.frame').first().focus();
    await press(page, 'ArrowDown');
    await press(page, 'ArrowRight');
    const focused = await view().evaluate((element) => element.shadowRoot.activeElement.ariaLabel);
    const labels = await view()
      .locator('.frame')
      .evaluateAll((all) => all.map((frame) => frame.ariaLabel));
    assert.equal(focused, labels[2]);
    const cells = await view()
      .locator('tbody td:nth-child(2)')
      .evaluateAll((all) => all.map((cell) => cell.title));
    assert.deepEqual(
      cells.map(exactBytes).sort((a, b) => a - b),
      labels.map(exactBytes).sort((a, b) => a - b),
    );
    await press(page, 'Enter');
    assert.equal(await total(), exactBytes(focused));
    await choose('All');
  });

  test('however many names there are, what is narrower than a pixel is one frame', async () => {
    const lines = Array.from({ length: 20000 }, (_, i) =>
      JSON.stringify({ t: i, op: 'alloc', id: i, size: i === 0 ? 1e9 : 64, label: `name${i}` }),
    );
    await openText(page, 'names.ndjson', lines.join('\n'));
    await idle(page);
    assert.ok((await view().locator('.frame').count()) < 50);
    assert.equal(await total(), 1e9 + 64 * 19999);
    assert.match(await textOf(page, 'flame-view'), /19\s999 narrow frames/);
    assert.deepEqual(opened.complaints, []);
  });
});
