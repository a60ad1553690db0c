// The stacks of a PyTorch snapshot, in the flame graph and in a buffer’s details.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { exactBytes, idle, launch, openText, press, textOf } from './browser.mjs';

describe('stacks of a snapshot', () => {
  let browser;
  let opened;
  let page;
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openText(page, 'snapshot.pickle', readFileSync(new URL('../data/snapshot.pickle', import.meta.url)));
  });
  after(() => browser.close());

  const chain = [
    '/home/ada/train.py:40 <module>',
    '/home/ada/train.py:12 train',
    '/env/site-packages/torch/optim/adam.py:75 step',
  ];

  test('the flame graph nests their frames, the outermost on top, and names files without their path', async () => {
    await press(page, '4');
    await page.evaluate(() => document.querySelector('bufgc-app').session.setFilter('site:train.py'));
    const view = page.locator('flame-view');
    await view.getByRole('button', { name: 'stack', exact: true }).click();
    await idle(page);
    const places = [];
    for (const name of chain) {
      const frame = view.locator(`.frame[aria-label^="${name}: "]`);
      places.push(await frame.boundingBox());
      assert.equal((await frame.textContent()).trim(), name.replace(/^.*\//, ''));
    }
    for (let i = 1; i < places.length; i += 1) {
      assert.ok(places[i].y > places[i - 1].y);
      assert.ok(places[i].x >= places[i - 1].x - 1);
    }
    // Three allocations came from there, of 1000, 400 and 512 bytes.
    const told = await view.locator(`.frame[aria-label^="${chain[2]}: "]`).getAttribute('aria-label');
    assert.equal(exactBytes(told), 1912);
  });

  test('a frame that is looked into can be filtered by: all stacks through it match', async () => {
    await page.locator(`flame-view .frame[aria-label^="${chain[2]}: "]`).click();
    await idle(page);
    await page.evaluate(() => document.querySelector('bufgc-app').session.setFilter(''));
    await page.locator('flame-view .where').getByRole('button', { name: 'Filter' }).click();
    await idle(page);
    assert.equal(await page.evaluate(() => document.querySelector('bufgc-app').session.matched?.rows), 3);
    await page.evaluate(() => document.querySelector('bufgc-app').session.setFilter(''));
    await idle(page);
  });

  test('details list the stack from the innermost frame out, the user’s own one marked', async () => {
    await page.evaluate(async () => {
      const { session } = document.querySelector('bufgc-app');
      for (let row = 0; ; row += 1) if ((await session.engine.row(row)).label === 'logits') return session.select(row);
    });
    await idle(page);
    const frames = page.locator('details-panel .stack li');
    assert.deepEqual(await frames.allTextContents(), ['at::_ops::add_Tensor::call', ...chain.toReversed()]);
    const own = page.locator('details-panel .stack li[aria-current]');
    assert.deepEqual(await own.allTextContents(), [chain[1]]);
    assert.match(await textOf(page, 'details-panel'), /site\/home\/ada\/train\.py:12 train/);
    assert.deepEqual(opened.complaints, []);
  });
});
