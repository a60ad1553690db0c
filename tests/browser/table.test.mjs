import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { idle, launch, ndjson, openSample, openText, textOf } from './browser.mjs';
import { sampleEvents } from './oracle.mjs';

describe('the table', () => {
  let browser;
  let session;
  let page;
  before(async () => {
    browser = await launch();
    session = await browser.open();
    page = session.page;
    await openSample(page, 'mlp_leak');
    await page.keyboard.press('3');
    await idle(page);
  });
  after(() => browser.close());

  const column = async (title, rows = 12) => {
    const heads = await page.locator('buffer-table [role=columnheader]').allInnerTexts();
    const index = heads.findIndex((head) => head.startsWith(title));
    const cells = await page.locator(`buffer-table .body [role=row] > :nth-child(${index + 1})`).allInnerTexts();
    return cells.slice(0, rows).map((cell) => cell.trim());
  };
  const sortBy = async (title) => {
    await page.locator('buffer-table [role=columnheader]', { hasText: title }).locator('button').click();
    await idle(page);
  };
  const setFilter = async (text) => {
    await page.getByRole('searchbox').fill(text);
    await page.keyboard.press('Enter');
    await idle(page);
  };
  const counted = async () =>
    Number((await page.locator('buffer-table .above .number').first().textContent()).replace(/\D/g, ''));
  const number = (text) => Number(text.replace(/\D/g, ''));

  const events = sampleEvents('mlp_leak');
  const allocations = events.filter(({ op }) => op === 'alloc');
  const freed = new Set(events.filter(({ op }) => op === 'free').map(({ id }) => id));

  test('buffers that were never released stand first', async () => {
    assert.deepEqual(await column('Died'), Array(12).fill('alive'));
  });

  test('a heading sorts, a second click turns the order round', async () => {
    await sortBy('Born');
    const up = (await column('Born')).map(number);
    assert.deepEqual(
      up,
      [...up].sort((a, b) => a - b),
    );
    await sortBy('Born');
    const down = (await column('Born')).map(number);
    assert.deepEqual(
      down,
      [...down].sort((a, b) => b - a),
    );
    assert.match(await page.locator('[aria-sort=descending]').textContent(), /Born ↓/);
  });

  test('without “still alive first” the order is the heading’s alone', async () => {
    await page.getByLabel('still alive first').uncheck();
    await idle(page);
    const born = (await column('Born')).map(number);
    const last = events.findLastIndex(({ op }) => op === 'alloc');
    assert.equal(born[0], last);
    await page.getByLabel('still alive first').check();
    await idle(page);
  });

  test('the filter counts what a plain search counts, and the plot and facets share it', async () => {
    await setFilter('label:E_25088_2 alive');
    const expected = allocations.filter(({ id, label }) => label.toLowerCase().includes('e_25088_2') && !freed.has(id));
    assert.equal(await counted(), expected.length);
    assert.match(await page.locator('status-line .drawn').textContent(), new RegExp(`^${expected.length} of`));
    await setFilter('size>500KiB');
    assert.equal(await counted(), allocations.filter(({ size }) => size > 500 * 1024).length);
    await setFilter('');
    assert.equal(await counted(), allocations.length);
  });

  test('a click on a group filters by it, another click lets go', async () => {
    const group = page.locator('facets-panel button.group', { hasText: 'alive at end' });
    await group.click();
    await idle(page);
    assert.equal(await counted(), allocations.length - freed.size);
    assert.equal(await group.getAttribute('aria-pressed'), 'true');
    await group.click();
    await idle(page);
    assert.equal(await counted(), allocations.length);
  });

  test('lifetimes stand in powers of ten, with counts and bytes; a click on one chooses just its buffers', async () => {
    const died = new Map(events.flatMap(({ op, id }, at) => (op === 'free' ? [[id, at]] : [])));
    const born = new Map(events.flatMap(({ op, id }, at) => (op === 'alloc' ? [[id, at]] : [])));
    const lived = ({ id }) => (died.get(id) ?? events.length) - born.get(id);
    const long = allocations.filter((event) => lived(event) >= 1000 && lived(event) < 10_000);
    assert.ok(long.length > 0 && long.length < allocations.length);
    const group = page.locator('facets-panel button.group[title^="1k to 10k: "]');
    assert.equal(number(await group.locator('.count').textContent()), long.length);
    const bytes = long.reduce((sum, { size }) => sum + size, 0);
    assert.equal(number((await group.getAttribute('title')).match(/: (.*?)\u202fB/)[1]), bytes);
    await group.click();
    await idle(page);
    assert.equal(await counted(), long.length);
    assert.equal(await page.getByRole('searchbox').inputValue(), 'lifetime>=1000 lifetime<10000');
    await group.click();
    await idle(page);
  });

  test('a click on a group chooses just it, not those whose names contain its name', async () => {
    const { page: other, close } = await browser.open();
    const births = ['conv', 'conv', 'conv2', ''].map((label, id) => ({ t: id, op: 'alloc', id, size: 64, label }));
    await openText(other, 'groups.ndjson', ndjson(...births));
    const matched = async (name) => {
      await other.locator(`facets-panel button.group[title^="${name}: "]`).first().click();
      await other.evaluate(() => window.viewer.idle());
      const text = await textOf(other, 'status-line');
      await other.getByRole('searchbox').fill('');
      await other.keyboard.press('Enter');
      await other.evaluate(() => window.viewer.idle());
      return text;
    };
    assert.match(await matched('conv'), /2 of 4/);
    assert.match(await matched('conv2'), /1 of 4/);
    assert.match(await matched('(none)'), /1 of 4/);
    await close();
  });

  test('a term that cannot be read is named beside the box, and the message goes with it', async () => {
    const message = page.locator('top-bar #filter-error');
    await setFilter('size>abc');
    assert.match(await message.textContent(), /"size>abc": expected a number/);
    assert.equal(await page.getByRole('searchbox').getAttribute('aria-invalid'), 'true');
    assert.equal(await counted(), allocations.length);
    await setFilter('size>1');
    assert.equal(await message.isVisible(), false);
    await setFilter('');
    assert.equal(await page.getByRole('searchbox').getAttribute('aria-invalid'), 'false');
  });

  test('a filter that nothing matches says so and can be cleared there', async () => {
    await setFilter('no-such-label');
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await idle(page);
    assert.equal(await counted(), allocations.length);
  });

  test('arrows walk along the rows, End reaches the last, and details follow', async () => {
    await sortBy('Size');
    await page.locator('buffer-table .scroll').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await idle(page);
    const second = (await column('Id'))[1];
    assert.match(await textOf(page, 'details-panel'), new RegExp(`id ?${second}\\b`));
    await page.keyboard.press('End');
    await idle(page);
    const shown = await page.locator('buffer-table .body [role=row]').last().getAttribute('aria-rowindex');
    assert.equal(Number(shown), allocations.length + 1);
    await page.keyboard.press('Home');
    await idle(page);
  });

  test('Enter shows the row in the plot, selected', async () => {
    await page.locator('buffer-table .scroll').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await idle(page);
    assert.ok(await page.locator('lifecycle-plot').isVisible());
    assert.ok(await page.evaluate(() => document.querySelector('bufgc-app').session.details !== null));
    await page.keyboard.press('3');
    await idle(page);
  });

  test('only the rows in sight stand in the document', async () => {
    const rows = await page.locator('buffer-table .body [role=row]').count();
    assert.ok(rows > 10 && rows < 80, `${rows}`);
  });

  test('the totals of every group add up to the whole', async () => {
    const { sums, whole } = await page.evaluate(async () => {
      const { engine } = document.querySelector('bufgc-app').session;
      const groupings = await Promise.all(
        ['label', 'dtype', 'size', 'state', 'site', 'cause', 'lifetime'].map((by) => engine.groups(by, '')),
      );
      const summary = await engine.summary();
      const sum = (groups, key) => groups.reduce((total, group) => total + group[key], 0);
      return {
        sums: groupings.map((groups) => [sum(groups, 'buffers'), sum(groups, 'bytes'), sum(groups, 'aliveBytes')]),
        whole: [summary.buffers, summary.total_allocated_bytes, summary.alive_at_end_bytes],
      };
    });
    for (const sum of sums) assert.deepEqual(sum, whole);
  });

  test('nothing of all this made the page complain', () => {
    assert.deepEqual(session.complaints, []);
  });
});
