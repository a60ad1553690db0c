// The area that is selected of a picture, and what the panel says of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { idle, launch, ndjson, openSample, openText, press, textOf } from './browser.mjs';
import { sampleEvents, summaryOf } from './oracle.mjs';

const range = async (page) => {
  await idle(page);
  return page.evaluate(() => ({ ...document.querySelector('bufgc-app').session.view }));
};
const area = (page) => page.evaluate(() => document.querySelector('bufgc-app').session.area.now);
/** A drag with Shift between two places of the plot, in shares of its width and height. */
const dragArea = async (page, [x0, y0], [x1, y1]) => {
  const box = await page.locator('lifecycle-plot .ink').boundingBox();
  const at = (x, y) => [box.x + 72 + x * (box.width - 72), box.y + y * (box.height - 24)];
  await page.keyboard.down('Shift');
  await page.mouse.move(...at(x0, y0));
  await page.mouse.down();
  await page.mouse.move(...at(x1, y1), { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await idle(page);
};
const command = async (page, words) => {
  await page.keyboard.press('Control+k');
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
  await idle(page);
};
/** The panel's figures by name, as they are written. */
const figures = (page) =>
  page.locator('area-panel').evaluate((panel) => {
    const names = [...panel.shadowRoot.querySelectorAll('section dt')];
    return Object.fromEntries(names.map((name) => [name.textContent, name.nextElementSibling.textContent]));
  });
const exactOf = async (page, name) => {
  const title = await page.locator('area-panel').evaluate((panel, wanted) => {
    const names = [...panel.shadowRoot.querySelectorAll('section dt')];
    return names.find(({ textContent }) => textContent === wanted).nextElementSibling.title;
  }, name);
  return Number(title.replace(/[^\d+−]/g, '').replace('−', '-'));
};

// The first stands below and is never released, the second above and dies halfway, the third takes its place.
const THREE = ndjson(
  { t: 0, op: 'alloc', id: 1, size: 4096, addr: '0x1000', label: 'kept' },
  { t: 10, op: 'alloc', id: 2, size: 2048, addr: '0x2000', label: 'dropped' },
  { t: 20, op: 'free', id: 2 },
  { t: 30, op: 'alloc', id: 3, size: 4096, addr: '0x2000', label: 'third' },
  ...Array.from({ length: 4 }, (_, i) => ({ t: 40 + i, op: 'use', kernel: 'k', bufs: [[1, 'r']] })),
);

describe('the selected area', () => {
  let browser;
  let opened;
  let page;
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
  });
  after(() => browser.close());

  test('Shift and drag selects what lies between two points; its figures are a plain count’s', async () => {
    await openText(page, 'three.ndjson', THREE);
    const whole = await range(page);
    // Events 0.8 to 2.4 of 8, the upper half: the second buffer only.
    await dragArea(page, [0.1, 0.02], [0.3, 0.45]);
    assert.deepEqual(await range(page), whole, 'the picture stays');
    const { view } = await area(page);
    assert.ok(Math.abs(view.t0 - 0.8) < 0.02 && Math.abs(view.t1 - 2.4) < 0.02, JSON.stringify(view));
    const { buffers, net, ...others } = await figures(page);
    assert.equal(buffers, '1');
    assert.match(net, /^0, 0/);
    assert.match(others.sum, /^2\.00.KiB$/);
    assert.match(others.allocated, /^1, 2\.00.KiB$/);
    assert.match(others.freed, /^1, 2\.00.KiB$/);
    // From right to left over all of the height and the second half of the time.
    await dragArea(page, [0.99, 0.99], [0.4, 0.01]);
    assert.equal((await figures(page)).buffers, '2');
    assert.equal(await exactOf(page, 'sum'), 8192);
    assert.equal(await exactOf(page, 'mean'), 4096);
  });

  test('the filter holds in it, too', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('third');
    await page.keyboard.press('Enter');
    await idle(page);
    assert.equal((await figures(page)).buffers, '1');
    assert.match(await textOf(page, 'area-panel'), /of what matches/);
    await page.keyboard.press('Escape');
    await idle(page);
    assert.equal((await figures(page)).buffers, '2');
  });

  test('Z, Enter and the button zoom into it, Escape lets go of it', async () => {
    const { view } = await area(page);
    for (const zoom of [
      () => press(page, 'z'),
      () => press(page, 'Enter'),
      () => page.getByRole('button', { name: /Zoom in/ }).click(),
    ]) {
      await press(page, '0');
      await page.locator('lifecycle-plot .ink').focus();
      await zoom();
      const now = await range(page);
      for (const edge of ['t0', 't1', 'y0', 'y1'])
        assert.ok(Math.abs(now[edge] - view[edge]) < 1e-6 * Math.abs(view[edge] + 1), edge);
    }
    await page.locator('lifecycle-plot .ink').focus();
    await press(page, 'Escape');
    assert.equal(await area(page), null);
    assert.equal(await page.locator('area-panel').count(), 0);
    const still = await range(page);
    await press(page, 'z');
    assert.deepEqual(await range(page), still);
    assert.ok(await page.getByText('No area is selected').isVisible());
  });

  test('a drag of a few pixels selects nothing', async () => {
    await dragArea(page, [0.5, 0.5], [0.503, 0.8]);
    assert.equal(await area(page), null);
  });

  test('all that is shown is selected by the keyboard alone; of a whole trace the totals are the summary’s', async () => {
    await page.reload();
    await openSample(page, 'mlp_leak');
    const summary = summaryOf(sampleEvents('mlp_leak'));
    for (const view of ['1', '2']) {
      await press(page, view);
      await command(page, 'select what is shown');
      const { buffers } = await figures(page);
      assert.equal(Number(buffers.replace(/\D/g, '')), summary.buffers);
      assert.equal(await exactOf(page, 'sum'), summary.total_allocated_bytes);
      assert.equal(await exactOf(page, 'net'), summary.alive_at_end_bytes);
    }
  });

  test('a buffer, a moment and an area take turns: a row leads back, a moment lets go', async () => {
    await press(page, 'l');
    assert.equal(await page.locator('area-panel').count(), 0);
    await page.getByRole('button', { name: '← the area' }).click();
    assert.equal(await page.locator('area-panel').count(), 1);
    await press(page, 'p');
    assert.equal(await area(page), null);
    assert.equal(await page.locator('moment-panel').count(), 1);
    await command(page, 'select what is shown');
    assert.equal(await page.locator('moment-panel').count(), 0);
  });

  test('another axis keeps the area where it was, another layout lets go of it', async () => {
    await press(page, '1');
    await dragArea(page, [0.2, 0.2], [0.6, 0.8]);
    const before = await figures(page);
    await page.getByRole('button', { name: 'time', exact: true }).click();
    await idle(page);
    const { axis, view } = await area(page);
    assert.equal(axis, 'time');
    assert.ok(view.t1 > 1e6, 'nanoseconds');
    assert.equal((await figures(page)).buffers, before.buffers);
    await page.getByRole('button', { name: 'events', exact: true }).click();
    await press(page, '3');
    assert.ok(await area(page), 'the table shows no other layout');
    await press(page, '2');
    assert.equal(await area(page), null);
  });

  test('a link with the area in its address opens it again, from the table too', async () => {
    await dragArea(page, [0.3, 0.1], [0.5, 0.9]);
    await press(page, '3');
    const told = await figures(page);
    const at = await area(page);
    await page.waitForFunction(() => location.hash.includes('area=') && location.hash.includes('tab=table'));
    const again = await browser.open({ hash: new URL(page.url()).hash });
    await again.page.locator('area-panel section dt').first().waitFor();
    await idle(again.page);
    assert.deepEqual(await area(again.page), at);
    assert.deepEqual(await figures(again.page), told);
    assert.deepEqual(again.complaints, []);
    await again.close();
    assert.deepEqual(opened.complaints, []);
  });
});
