import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { idle, launch, ndjson, openSample, openText, press, textOf } from './browser.mjs';
import { sampleEvents } from './oracle.mjs';

const selectedId = (page) => page.evaluate(() => document.querySelector('bufgc-app').session.details?.id ?? null);
const gotIt = async (page) => {
  const button = page.getByRole('button', { name: 'Got it' });
  if (await button.count()) await button.click();
};
const stateOf = (page) =>
  page.evaluate(() => {
    const { tab, layout, view, trace } = document.querySelector('bufgc-app').session;
    return { tab, layout, view: { ...view }, bounds: { ...trace.bounds }, summary: { ...trace.summary } };
  });

describe('layouts of the picture', () => {
  let browser;
  let session;
  let page;
  before(async () => {
    browser = await launch();
    session = await browser.open();
    page = session.page;
    await openSample(page, 'mlp_train_noplan_long');
  });
  after(() => browser.close());

  for (const view of ['address', 'stack', 'packed']) {
    test(`two hundred buffers, chosen at random, are each selected by a click where screenOf says they are: ${view}`, async () => {
      const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
      console.log(`seed ${seed}`);
      let state = seed;
      const random = (below) => {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
        return state % below;
      };
      const ids = sampleEvents('mlp_train_noplan_long')
        .filter(({ op }) => op === 'alloc')
        .map(({ id }) => id);
      await page.evaluate((name) => window.viewer.setView({ view: name }), view);
      await gotIt(page);
      for (let i = 0; i < 200; i++) {
        if (i % 20 === 0) await press(page, '0'); // from afar, and from the last one's place
        const id = ids[random(ids.length)];
        const place = await page.evaluate((wanted) => window.viewer.screenOf(wanted), id);
        assert.ok(place && place.width > 0 && place.height > 0, `buffer ${id} has a place (seed ${seed})`);
        await page.mouse.click(place.x, place.y);
        await idle(page);
        assert.equal(await selectedId(page), id, `seed ${seed}`);
        assert.equal(await page.evaluate(({ x, y }) => window.viewer.hitTest(x, y), place), id, `seed ${seed}`);
      }
      assert.equal((await stateOf(page)).layout, view);
      await press(page, 'Escape');
      await press(page, '0');
    });
  }

  test('the top edge of the stack is the highest live level of each column, to the byte', async () => {
    await press(page, '2');
    const { wrong, looked } = await page.evaluate(async () => {
      const { session } = document.querySelector('bufgc-app');
      const faults = [];
      let columns = 0;
      for (const range of [
        { t0: 0, t1: session.trace.bounds.events },
        { t0: 4000, t1: 4300 },
        { t0: 5000, t1: 5004 },
      ]) {
        await window.viewer.setView({ ...range, y0: 0, y1: session.trace.bounds.height });
        const { view } = session;
        const frame = session.frame();
        const levels = await session.engine.levels('event', view.t0, view.t1, frame.columns);
        for (let column = 0; column < frame.columns; column += 7) {
          const x = levels.x[column] + (view.t1 - view.t0) / frame.columns / 2;
          const live = levels.liveMax[column];
          const below = await session.engine.hitTest('event', x, live - 1, 0, 0, frame);
          const above = await session.engine.hitTest('event', x, live, 0, 0, frame);
          columns += 1;
          if (below === null || above !== null) faults.push([column, live, below, above]);
        }
      }
      return { wrong: faults, looked: columns };
    });
    assert.ok(looked > 200);
    assert.deepEqual(wrong, []);
    await press(page, '0');
  });

  test('keys, the address and buttons lead to each layout; a reload comes back to it', async () => {
    await press(page, '1');
    const address = await stateOf(page);
    await press(page, '2');
    const stack = await stateOf(page);
    assert.deepEqual([stack.tab, stack.layout], ['stack', 'stack']);
    assert.equal(stack.bounds.height, Math.max(stack.summary.max_live_bytes, stack.summary.max_reserved_bytes));
    assert.deepEqual([stack.view.t0, stack.view.t1], [address.view.t0, address.view.t1]);
    assert.deepEqual([stack.view.y0, stack.view.y1], [0, stack.bounds.height]);
    assert.equal(await page.getByRole('tab', { name: 'Stack' }).getAttribute('aria-selected'), 'true');
    assert.match(await textOf(page, 'view-tabs'), /Each column shows the moment of its highest live level/);
    assert.match(await page.locator('lifecycle-plot .ink').getAttribute('aria-label'), /live bytes up/);
    await page.waitForFunction(() => location.hash.includes('tab=stack'));

    await press(page, '1');
    await page.getByRole('button', { name: 'packed', exact: true }).click();
    await idle(page);
    const packed = await stateOf(page);
    assert.deepEqual([packed.tab, packed.layout], ['packed', 'packed']);
    assert.equal(await page.getByRole('tab', { name: 'Address' }).getAttribute('aria-selected'), 'true');
    const ratio = (packed.bounds.height / packed.summary.max_live_bytes).toFixed(3);
    assert.ok(ratio >= 1 && ratio < 1.2, ratio);
    assert.ok((await textOf(page, 'view-tabs')).includes(`${ratio} × peak live`));
    await page.waitForFunction(() => location.hash.includes('tab=packed'));

    await page.reload();
    await page.evaluate(() => window.viewer.ready());
    await page.waitForFunction(() => document.querySelector('bufgc-app').session.trace);
    await idle(page);
    const again = await stateOf(page);
    assert.deepEqual([again.tab, again.layout, again.bounds], ['packed', 'packed', packed.bounds]);
    await press(page, '1');
    assert.deepEqual((await stateOf(page)).bounds, address.bounds);
  });

  test('a first visit explains the stack in one sentence, once', async () => {
    const { page: fresh, close } = await browser.open();
    await openSample(fresh, 'mlp_leak');
    await press(fresh, '2');
    assert.match(await textOf(fresh, 'view-tabs'), /stand on each other in order of birth/);
    await gotIt(fresh);
    await press(fresh, '1');
    await press(fresh, '2');
    assert.doesNotMatch(await textOf(fresh, 'view-tabs'), /stand on each other in order of birth/);
    await close();
  });

  test('another file opens in the layout that is shown', async () => {
    await press(page, '2');
    await openText(
      page,
      'pair.ndjson',
      ndjson(
        { t: 0, op: 'alloc', id: 1, size: 3000, label: 'below' },
        { t: 10, op: 'alloc', id: 2, size: 1000, label: 'above' },
        { t: 20, op: 'free', id: 1 },
        { t: 30, op: 'alloc', id: 3, size: 500 },
      ),
    );
    const { layout, bounds, view } = await stateOf(page);
    assert.deepEqual([layout, bounds.height, view.y1], ['stack', 4000, 4000]);
    // Where it stood before the one below went, and where it slid to.
    for (const [t, y] of [
      [1.5, 3500],
      [2.5, 500],
    ]) {
      const point = await page.locator('lifecycle-plot').evaluate(
        (plot, [atT, atY]) => {
          const box = plot.getBoundingClientRect();
          const scale = plot.scale();
          return { x: box.left + scale.xOf(atT), y: box.top + scale.pixelOf(atY) };
        },
        [t, y],
      );
      assert.equal(await page.evaluate(({ x, y: top }) => window.viewer.hitTest(x, top), point), 2);
    }
    await press(page, '1');
  });

  test('nothing of all this made the page complain', () => {
    assert.deepEqual(session.complaints, []);
  });

  test('a running lab grows in the stack and in the packed layout', async () => {
    const { page: lab, complaints, close } = await browser.open();
    await lab.getByRole('button', { name: 'Live lab' }).click();
    await lab.getByRole('button', { name: 'Start' }).click();
    await lab.waitForFunction(() => (document.querySelector('bufgc-app').session.trace?.summary.events ?? 0) > 200);
    for (const view of ['stack', 'packed']) {
      await lab.evaluate((name) => document.querySelector('bufgc-app').session.setTab(name), view);
      const before = await stateOf(lab);
      assert.equal(before.layout, view);
      await lab.waitForFunction(
        (events) => document.querySelector('bufgc-app').session.trace.bounds.events > events + 200,
        before.bounds.events,
      );
      const later = await stateOf(lab);
      assert.equal(later.layout, view);
      assert.ok(later.bounds.height >= later.summary.max_live_bytes, `${view} has room for all that lives`);
    }
    await lab.getByRole('button', { name: 'Pause' }).click();
    await idle(lab);
    assert.deepEqual(complaints, []);
    await close();
  });
});
