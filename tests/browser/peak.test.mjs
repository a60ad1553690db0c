// What made the peak: the live set of a moment, against a plain reading of the sample.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exactBytes, idle, launch, openSample, openText, press, textOf } from './browser.mjs';
import { liveAfter, sampleEvents, summaryOf } from './oracle.mjs';

describe('what made the peak', () => {
  let browser;
  let opened;
  let page;
  const events = sampleEvents('gpt_generate_noplan');
  const { max_live_bytes: peakBytes } = summaryOf(events);
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openSample(page, 'gpt_generate_noplan');
    await press(page, 'p');
  });
  after(() => browser.close());

  const panel = () => page.locator('moment-panel');
  const pinned = () => page.evaluate(() => document.querySelector('bufgc-app').session.moment?.event ?? null);
  const live = async () => exactBytes(await panel().locator('.figures .number').first().getAttribute('title'));

  test('P opens the live set of the peak: its bytes are the peak, and the groups are a plain count’s', async () => {
    assert.equal(await live(), peakBytes);
    const expected = new Map();
    const at = await pinned();
    for (const { label, size } of liveAfter(events, at)) expected.set(label, (expected.get(label) ?? 0) + size);
    const sorted = [...expected.values()].sort((a, b) => b - a);
    const titles = await panel()
      .locator('.groups tbody button')
      .evaluateAll((all) => all.map((button) => button.title));
    const bytes = titles.map((title) => Number(/: ([\d\u2009]+)\u202fB/.exec(title)[1].replace(/\D/g, '')));
    assert.ok(bytes.length >= Math.min(12, sorted.length));
    assert.deepEqual(bytes, sorted.slice(0, bytes.length));
    assert.match(await textOf(page, 'moment-panel'), /^The peak after event/);
  });

  test('the largest buffers stand there by size, and a click selects one; Escape leads back', async () => {
    const sizes = liveAfter(events, await pinned())
      .map(({ size }) => size)
      .sort((a, b) => b - a);
    const shown = await panel()
      .locator('.largest tbody td[title]')
      .evaluateAll((all) => all.map((cell) => cell.title));
    assert.deepEqual(shown.map(exactBytes), sizes.slice(0, shown.length));
    await panel().locator('.largest tbody button').first().click();
    await idle(page);
    assert.match(await textOf(page, 'details-panel'), /← at event/);
    await press(page, 'Escape');
    assert.equal(await live(), peakBytes);
  });

  test('a click on a group filters by it, and the largest buffers are then its own', async () => {
    const group = panel().locator('.groups tbody button').first();
    await group.click();
    await idle(page);
    assert.equal(await group.getAttribute('aria-pressed'), 'true');
    const name = (await group.textContent()).trim();
    const names = await panel().locator('.largest tbody button').allTextContents();
    assert.ok(names.length > 0);
    assert.ok(names.every((text) => text.trim() === name));
    assert.equal(await live(), peakBytes);
    await group.click();
    await idle(page);
  });

  test('reserved is live, rounding, cached and gaps to the byte, and what is not known is told', async () => {
    const parts = await panel()
      .locator('.account td[title]')
      .evaluateAll((all) => all.map((cell) => cell.title));
    const [liveBytes, rounding, cached, gaps, reserved] = parts.map(exactBytes);
    assert.equal(liveBytes, peakBytes);
    assert.equal(liveBytes + rounding + cached + gaps, reserved);
    assert.match(await textOf(page, 'moment-panel'), /tells of no segments/);
  });

  test('a click on the levels, and M at the pointer, ask about the moment that is there', async () => {
    const over = page.locator('level-chart .u-over');
    const box = await over.boundingBox();
    const { t0, t1 } = await page.evaluate(() => document.querySelector('bufgc-app').session.view);
    await page.mouse.click(box.x + box.width / 4, box.y + 40);
    await idle(page);
    const quarter = t0 + (t1 - t0) / 4;
    assert.ok(Math.abs((await pinned()) - quarter) <= (2 * (t1 - t0)) / box.width + 1);
    assert.equal(
      await live(),
      liveAfter(events, await pinned()).reduce((sum, { size }) => sum + size, 0),
    );
    await page.mouse.move(box.x + box.width / 2, box.y + 300);
    await idle(page);
    await press(page, 'm');
    assert.ok(Math.abs((await pinned()) - (t0 + t1) / 2) <= (2 * (t1 - t0)) / box.width + 1);
  });

  test('a drag on the levels chooses a range and asks nothing', async () => {
    const before = await pinned();
    const box = await page.locator('level-chart .u-over').boundingBox();
    await page.mouse.move(box.x + 100, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 300, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await idle(page);
    assert.equal(await pinned(), before);
    await press(page, '0');
  });

  test('the moment stands in the address and comes back with it; Escape lets it go', async () => {
    const event = await pinned();
    await page.waitForFunction((at) => location.hash.includes(`at=${at}`), event);
    const other = await browser.open({ hash: await page.evaluate(() => location.hash) });
    await other.page.locator('moment-panel').waitFor();
    await idle(other.page);
    const back = await other.page.evaluate(() => document.querySelector('bufgc-app').session.moment.event);
    assert.equal(back, event);
    await other.close();
    await press(page, 'Escape');
    assert.equal(await pinned(), null);
    assert.equal(await panel().count(), 0);
  });

  test('where the trace has segments, gaps and the largest hole are counted', async () => {
    const { page: other, complaints, close } = await browser.open();
    const lines = [
      { op: 'reserve', addr: '0x1000', size: 4096 },
      { op: 'alloc', id: 1, size: 1000, capacity: 1024, addr: '0x1000', label: 'a' },
      { op: 'alloc', id: 2, size: 500, capacity: 512, addr: '0x1800', label: 'b' },
      { op: 'alloc', id: 3, size: 256, addr: '0x1c00', label: 'c' },
      { op: 'free', id: 3, to: 'lru' },
    ];
    await openText(other, 'segments.ndjson', lines.map((line, t) => JSON.stringify({ t, ...line })).join('\n'));
    await other.evaluate(() => document.querySelector('bufgc-app').session.showMoment(4));
    await idle(other);
    const parts = await other
      .locator('moment-panel .account td[title]')
      .evaluateAll((all) => all.map((cell) => cell.title));
    assert.deepEqual(parts.map(exactBytes), [1500, 36, 256, 2304, 4096, 1536]);
    assert.doesNotMatch(await textOf(other, 'moment-panel'), /tells of no/);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the line of fragmentation is shown on demand, and stands in the address', async () => {
    const button = page.getByRole('button', { name: 'fragmentation', exact: true });
    assert.equal(await button.getAttribute('aria-pressed'), 'false');
    await button.click();
    await idle(page);
    assert.equal(await button.getAttribute('aria-pressed'), 'true');
    await page.waitForFunction(() => location.hash.includes('fragmentation=1'));
    const worst = await page.evaluate(async () => {
      const { engine, trace } = document.querySelector('bufgc-app').session;
      const { events: n } = trace.bounds;
      const [levels, shares] = await Promise.all([
        engine.levels('event', 0, n, n),
        engine.fragmentation('event', 0, n, n),
      ]);
      return shares.every((ppm, i) => {
        const reserved = levels.reservedMax[i];
        const share = reserved > 0 ? (1e6 * (reserved - levels.liveMax[i])) / reserved : 0;
        return Math.abs(ppm - share) <= 1;
      });
    });
    assert.ok(worst);
  });

  test('nothing of all this made the page complain', () => {
    assert.deepEqual(opened.complaints, []);
  });
});
