// Pictures of the page in its states, to be looked at: node tests/browser/screenshots.mjs FOLDER [PART OF A NAME]
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { idle, launch, openSample, openText } from './browser.mjs';
import { recordMoves } from './moves.mjs';

const [folder, only = ''] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node tests/browser/screenshots.mjs FOLDER [PART OF A NAME]');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const snapshot = readFileSync(new URL('../data/snapshot.pickle', import.meta.url));
const key = async (page, name) => {
  await page.keyboard.press(name);
  await idle(page);
};
const gotIt = async (page) => {
  const button = page.getByRole('button', { name: 'Got it' });
  if (await button.count()) await button.click();
};

const STATES = {
  empty: async () => {},
  sample: (page) => openSample(page),
  generate: async (page) => {
    await openSample(page, 'gpt_generate_noplan');
    await gotIt(page);
  },
  train: async (page) => {
    await openSample(page, 'mlp_train_noplan_long');
    await gotIt(page);
  },
  peak: async (page) => {
    await openSample(page, 'gpt_generate_noplan');
    await gotIt(page);
    await key(page, 'p');
  },
  fragmentation: async (page) => {
    await openSample(page, 'gpt_generate_noplan');
    await gotIt(page);
    await page.getByRole('button', { name: /^Reserved at peak/ }).click();
    await page.getByRole('button', { name: 'fragmentation', exact: true }).click();
  },
  details: async (page) => {
    await openSample(page);
    await gotIt(page);
    await key(page, 'l');
    await key(page, 'l');
  },
  zoom: async (page) => {
    await openSample(page, 'mlp_train_noplan_long');
    await gotIt(page);
    await page.evaluate(() => window.viewer.setView({ t0: 4000, t1: 4400 }));
    await page.mouse.move(640, 560);
    await page.waitForTimeout(300);
  },
  area: async (page) => {
    await openSample(page, 'gpt_generate_noplan');
    await gotIt(page);
    const { x, y, width, height } = await page.locator('lifecycle-plot .ink').boundingBox();
    await page.keyboard.down('Shift');
    await page.mouse.move(x + width * 0.4, y + height * 0.2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.6, y + height * 0.7, { steps: 3 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
  },
  moved: async (page) => {
    await openText(page, 'moves.ndjson', await recordMoves());
    await gotIt(page);
  },
  movedselected: async (page) => {
    await openText(page, 'moves.ndjson', await recordMoves());
    await gotIt(page);
    await page.locator('lifecycle-plot').evaluate(async (plot) => {
      const { session } = plot;
      for (let row = 0; ; row += 1) {
        if ((await session.engine.row(row)).moves.length < 2) continue;
        await session.select(row);
        break;
      }
    });
  },
  stack: async (page) => {
    await openSample(page);
    await key(page, '2');
    await gotIt(page);
  },
  stackfirst: async (page) => {
    await openSample(page);
    await key(page, '2');
  },
  stacklabels: async (page) => {
    await openSample(page, 'mlp_train_noplan_long');
    await key(page, '2');
    await gotIt(page);
    await page.getByLabel('colour').selectOption('label');
  },
  stackzoom: async (page) => {
    await openSample(page, 'mlp_train_noplan_long');
    await key(page, '2');
    await gotIt(page);
    await page.evaluate(() => window.viewer.setView({ t0: 4000, t1: 4200 }));
    await key(page, 'l');
  },
  packed: async (page) => {
    await openSample(page, 'mlp_train_noplan_long');
    await page.evaluate(() => window.viewer.setView({ view: 'packed' }));
    await gotIt(page);
  },
  table: async (page) => {
    await openSample(page);
    await key(page, '3');
    await gotIt(page);
  },
  leaks: async (page) => {
    await openSample(page);
    await key(page, '5');
    await gotIt(page);
  },
  reuse: async (page) => {
    await openSample(page, 'gpt_generate_noplan');
    await key(page, '6');
    await gotIt(page);
  },
  groups: async (page) => {
    await openSample(page);
    await key(page, '4');
    await gotIt(page);
  },
  statistics: async (page) => {
    await openSample(page);
    await key(page, '7');
    await gotIt(page);
  },
  latency: async (page) => {
    await openSample(page, 'gpt_generate_noplan');
    await key(page, '7');
    await gotIt(page);
    await page.locator('statistics-view').evaluate((view) => {
      view.scrollTo(0, view.renderRoot.querySelector('.wide').offsetTop - view.offsetTop);
    });
  },
  flamestacks: async (page) => {
    await openText(page, 'snapshot.pickle', snapshot);
    await key(page, '4');
    await gotIt(page);
    await page.getByRole('button', { name: 'stack', exact: true }).click();
  },
  detailsstack: async (page) => {
    await openText(page, 'snapshot.pickle', snapshot);
    await gotIt(page);
    await page.evaluate(() => document.querySelector('bufgc-app').session.select(2));
  },
  rangecard: async (page) => {
    await key(page, 'Control+k');
    await page.keyboard.type('time range of a file');
    await key(page, 'Enter');
    await page.getByLabel('to', { exact: true }).fill('soon');
    await key(page, 'Enter');
  },
  range: async (page) => {
    await openSample(page);
    await gotIt(page);
    await page.evaluate(() => window.viewer.setView({ t0: 2000, t1: 5000 }));
    await page.evaluate(() => document.querySelector('bufgc-app').session.openVisible());
  },
  diffempty: async (page) => {
    await openSample(page);
    await key(page, '8');
  },
  diff: async (page) => {
    await openSample(page);
    await key(page, '8');
    await gotIt(page);
    await page.locator('[data-second="mlp_train_noplan_long"]').click();
  },
  diffgroups: async (page) => {
    await openSample(page);
    await key(page, '8');
    await gotIt(page);
    await page.locator('[data-second="mlp_train_noplan_long"]').click();
    await idle(page);
    await page.locator('diff-view .groups').scrollIntoViewIfNeeded();
    await page.locator('diff-view').evaluate((view) => view.scrollBy(0, 400));
  },
  labels: async (page) => {
    await openSample(page, 'mlp_train_noplan_long');
    await gotIt(page);
    await page.evaluate(() => window.viewer.setView({ t0: 4000, t1: 4400 }));
    await page.getByLabel('colour').selectOption('label');
  },
  filtered: async (page) => {
    await openSample(page);
    await gotIt(page);
    await page.locator('facets-panel button.group', { hasText: 'alive at end' }).click();
    await idle(page);
  },
  error: async (page) => {
    await openText(
      page,
      'broken.ndjson',
      '{"t":1,"op":"alloc","id":1,"size":64}\n{"t":2,"op":"alloc","id":2,"size":\n',
    );
  },
  help: async (page) => {
    await key(page, '?');
  },
  lab: async (page) => {
    await page.getByRole('button', { name: 'Live lab' }).click();
  },
  running: async (page) => {
    await page.getByRole('button', { name: 'Live lab' }).click();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.waitForTimeout(4000);
    await page.getByRole('button', { name: 'Pause' }).click();
  },
};
const SIZES = [
  [1600, 900],
  [1280, 800],
  [390, 844],
];

const browser = await launch();
for (const [width, height] of SIZES) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [name, prepare] of Object.entries(STATES)) {
      const title = `${name}-${width}x${height}-${colorScheme}`;
      if (!title.includes(only)) continue;
      const { page, complaints, close } = await browser.open({ width, height, colorScheme });
      try {
        await prepare(page);
        await idle(page);
        await page.screenshot({ path: join(folder, `${title}.png`) });
        console.log(
          `${title}${complaints.length > 0 ? `: ${[...new Set(complaints)].join(' | ').slice(0, 120)}` : ''}`,
        );
      } catch (error) {
        console.log(`${title}: ${error.message}`);
        process.exitCode = 1;
      }
      await close();
    }
  }
}
await browser.close();
