import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { idle, launch, ndjson, openSample, openText, pageFile, textOf } from './browser.mjs';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds, a line each; with `enhanced`, contrasts below 7:1 too. */
async function findings(page, enhanced) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(
    (enabled) =>
      globalThis.axe.run(document, {
        resultTypes: ['violations'],
        rules: { 'color-contrast-enhanced': { enabled } },
      }),
    enhanced,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.flat().join(' ')} ${node.html.slice(0, 120)}`),
  );
}

describe('the page', () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  for (const [colorScheme, contrast] of [
    ['light', 'no-preference'],
    ['dark', 'no-preference'],
    ['light', 'more'],
    ['dark', 'more'],
  ]) {
    test(`axe-core finds nothing in any view, ${colorScheme}, contrast ${contrast}`, async () => {
      const { page, close } = await browser.open({ colorScheme, contrast, bypassCSP: true });
      const found = {};
      const look = async (name) => {
        await idle(page);
        found[name] = await findings(page, contrast === 'more');
      };
      await look('empty');
      await openSample(page, 'mlp_leak');
      await look('address');
      await page.keyboard.press('l');
      await look('details');
      await page.keyboard.press('2');
      await look('stack');
      await page.evaluate(() => window.viewer.setView({ view: 'packed' }));
      await look('packed');
      await page.keyboard.press('3');
      await look('table');
      await page.keyboard.press('4');
      await look('groups');
      await page.keyboard.press('5');
      await look('leaks');
      await page.keyboard.press('6');
      await look('reuse');
      await page.keyboard.press('7');
      await look('statistics');
      await page.keyboard.press('8');
      await look('diff, empty');
      await page.locator('[data-second="mlp_train_noplan_long"]').click();
      await look('diff');
      await page.keyboard.press('1');
      await page.keyboard.press('Escape');
      await page.keyboard.press('p');
      await look('moment');
      await page.keyboard.press('Control+k');
      await page.keyboard.type('select what is shown');
      await page.keyboard.press('Enter');
      await look('area');
      await page.keyboard.press('?');
      await look('help');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await look('commands');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.keyboard.type('time range of a file');
      await page.keyboard.press('Enter');
      await page.getByLabel('to', { exact: true }).fill('soon');
      await page.keyboard.press('Enter');
      await look('range');
      await page.keyboard.press('Escape');
      await openText(page, 'snapshot.pickle', readFileSync(new URL('../data/snapshot.pickle', import.meta.url)));
      await page.evaluate(() => document.querySelector('bufgc-app').session.select(2));
      await look('stack of a buffer');
      await page.keyboard.press('4');
      await page.getByRole('button', { name: 'stack', exact: true }).click();
      await look('stacks');
      await openText(page, 'broken.ndjson', 'not a trace\n');
      await look('error');
      await page.getByRole('button', { name: 'Live lab' }).click();
      await look('lab');
      for (const [name, lines] of Object.entries(found)) assert.deepEqual(lines, [], name);
      await close();
    });
  }

  test('every command is found by its words and runs; without a trace only those that need none', async () => {
    const { page, complaints, close } = await browser.open();
    const options = page.locator('command-palette li');
    await page.keyboard.press('Control+k');
    const without = await options.count();
    await page.keyboard.type('sample leak');
    assert.equal(await options.count(), 1);
    await page.keyboard.press('Enter');
    await page.locator('.trace-name', { hasText: 'mlp_leak' }).waitFor();
    await idle(page);
    await page.keyboard.press('Control+k');
    assert.ok((await options.count()) > without + 10);
    await page.keyboard.type('colour type');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('view-tabs select').inputValue(), 'dtype');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('no such words');
    assert.match(await textOf(page, 'command-palette'), /No command has these words/);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('command-palette').count(), 0);
    // A key of the list below does nothing while it is open.
    await page.keyboard.press('Control+k');
    await page.locator('command-palette li').last().click();
    await idle(page);
    assert.match(await page.locator('.trace-name').textContent(), /ndjson/);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the theme follows the system, the button overrides it, and a reload remembers', async () => {
    const { page, close } = await browser.open({ colorScheme: 'dark' });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    assert.notEqual(dark, 'rgb(255, 255, 255)');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.waitForFunction(() => getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)');
    await page.getByRole('button', { name: /^Theme/ }).click();
    await page.getByRole('button', { name: /^Theme: light/ }).click();
    assert.equal(await ground(), dark);
    await page.reload();
    assert.equal(await ground(), dark);
    await close();
  });

  test('high contrast is a choice of its own, kept over a reload', async () => {
    const { page, close } = await browser.open({ colorScheme: 'dark' });
    const ink = () => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--ink'));
    assert.notEqual(await ink(), '#ffffff');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('high contrast');
    await page.keyboard.press('Enter');
    await page.locator('top-bar').getByRole('button', { name: 'Theme: high contrast' }).waitFor();
    assert.equal(await ink(), '#ffffff');
    await page.reload();
    assert.equal(await ink(), '#ffffff');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.waitForFunction(
      () => getComputedStyle(document.documentElement).getPropertyValue('--ink') === '#000000',
    );
    await close();
  });

  test('in forced colours what is chosen stands out, and swatches keep their colours', async () => {
    const { page, complaints, close } = await browser.open({ forcedColors: 'active' });
    await openSample(page, 'mlp_leak');
    const ground = (place) => place.evaluate((element) => getComputedStyle(element).backgroundColor);
    const tab = (selected) => page.locator(`view-tabs [role=tab][aria-selected=${selected}]`).first();
    assert.notEqual(await ground(tab(true)), await ground(tab(false)));
    const swatches = page.locator('facets-panel .swatch');
    assert.equal(await ground(swatches.first()), 'rgb(68, 119, 170)');
    await page.keyboard.press('p');
    await idle(page);
    assert.equal(await ground(page.locator('moment-panel .bar .live')), 'rgb(68, 119, 170)');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('labels with markup, control characters, right-to-left text or a megabyte are text and harm nothing', async () => {
    const { page, complaints, close } = await browser.open();
    const labels = [
      '<img src=x onerror="window.harmed = true"><script>window.harmed = true</script>',
      '"><style>*{display:none}</style>',
      '\u202egnp.exe\u0000\u0007\u001b[31m',
      'x'.repeat(1_000_000),
    ];
    const text = ndjson(
      ...labels.map((label, i) => ({ t: i, op: 'alloc', id: i + 1, size: 4096, label, dtype: label, site: label })),
    );
    const { stats } = await openText(page, '<b>name</b>.ndjson', text);
    assert.equal(stats.buffers, 4);
    for (const id of [1, 2, 3, 4]) {
      await page.evaluate((which) => window.viewer.select(which), id);
      for (const key of ['1', '2', '3', '4', '5', '6', '7', '8']) {
        await page.keyboard.press(key);
        await idle(page);
      }
    }
    assert.equal(await page.evaluate(() => window.harmed), undefined);
    assert.ok(await page.getByText('<b>name</b>.ndjson').isVisible());
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 1280, `the page stays as wide as the window: ${width}`);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('its policy lets nothing connect, run or be embedded that it does not carry', async () => {
    const policy = readFileSync(pageFile, 'utf8').match(/Content-Security-Policy" content="([^"]+)"/)[1];
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /connect-src 'none'/);
    assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:/);
    const { page, close } = await browser.open();
    const refused = await page.evaluate(() =>
      fetch('http://127.0.0.1:9/').then(
        () => 'sent',
        () => 'refused',
      ),
    );
    assert.equal(refused, 'refused');
    await close();
  });

  for (const [width, height] of [
    [390, 844],
    [1280, 800],
    [1600, 900],
  ]) {
    test(`nothing reaches beyond the window or its bar at ${width} × ${height}`, async () => {
      const { page, close } = await browser.open({ width, height });
      await openSample(page, 'mlp_leak');
      for (const key of ['1', '2', '3', '4', '5', '6', '7', '8']) {
        await page.keyboard.press(key);
        await idle(page);
        const beyond = await page.evaluate(() => {
          const app = document.querySelector('bufgc-app');
          const bar = app.shadowRoot.querySelector('view-tabs').shadowRoot.querySelector('.bar');
          return Math.max(app.scrollWidth - app.clientWidth, bar.scrollWidth - bar.clientWidth);
        });
        assert.ok(beyond <= 0, `view ${key}: ${beyond} px`);
      }
      await close();
    });
  }

  test('each view explains itself once', async () => {
    const { page, close } = await browser.open();
    await openSample(page, 'mlp_leak');
    assert.ok(await page.getByText('Each bar is one buffer').isVisible());
    await page.getByRole('button', { name: 'Got it' }).click();
    await page.waitForFunction(() => location.hash.includes('sample=mlp_leak'));
    await page.reload();
    await page.locator('lifecycle-plot').waitFor();
    assert.equal(await page.getByText('Each bar is one buffer').count(), 0);
    await close();
  });

  test('panels keep their places while a trace is opened and a buffer selected', async () => {
    const { page, close } = await browser.open();
    const places = () =>
      page.evaluate(() => {
        const root = document.querySelector('bufgc-app').shadowRoot;
        return ['summary-strip', 'main', '.left', '.right', 'status-line'].map((name) => {
          const { x, y, width, height } = root.querySelector(name).getBoundingClientRect();
          return [name, x, y, width, height];
        });
      });
    const before = await places();
    await openSample(page, 'mlp_leak');
    assert.deepEqual(await places(), before);
    await page.keyboard.press('l');
    await idle(page);
    assert.deepEqual(await places(), before);
    await close();
  });
});
