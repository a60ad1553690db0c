// The package in a project that Vite builds and serves: its files are found, those too that are loaded later.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build, createServer } from 'vite';
import { servePage } from '../../web/serve.mjs';
import { freshProject } from '../js/fresh_project.mjs';
import { startChromium } from './browser.mjs';

const program = `
import { load } from 'bufgc';
async function run() {
  const gc = await load({ budgetBytes: 2 ** 20 });
  const floats = gc.alloc({ shape: [3], dtype: 'float32' }).copyFrom([1, 2, 3]);
  gc.visualizer.start();
  await gc.visualizer.ready;
  gc.alloc(1000).dispose();
  const hardened = await load({ hardened: true });
  return { values: [...floats.view()], lifecycles: gc.visualizer.snapshot().lifecycles.length, hardened: hardened.alloc(5).nbytes };
}
run().then((found) => { window.found = found; }, (error) => { window.found = String(error.stack); });
`;
const expected = { values: [1, 2, 3], lifecycles: 2, hardened: 5 };
/** Vite's own, and nothing of the folders around. */
const plain = { configFile: false, envFile: false, logLevel: 'silent' };
let project;
let browser;

before(async () => {
  project = freshProject();
  writeFileSync(join(project.folder, 'index.html'), '<!doctype html><script type="module" src="/program.js"></script>');
  writeFileSync(join(project.folder, 'program.js'), program);
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  project.remove();
});

async function open(url) {
  const tab = await browser.newPage();
  try {
    await tab.goto(url);
    return await (await tab.waitForFunction(() => window.found)).jsonValue();
  } finally {
    await tab.close();
  }
}

test('what `vite build` makes finds the core, and the annex when it is wanted', async () => {
  await build({ ...plain, root: project.folder });
  const server = await servePage(0, join(project.folder, 'dist/index.html'));
  try {
    assert.deepEqual(await open(`http://127.0.0.1:${server.address().port}/`), expected);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test("Vite's own server finds them", async () => {
  const server = await createServer({ ...plain, root: project.folder, server: { host: '127.0.0.1', port: 0 } });
  try {
    await server.listen();
    assert.deepEqual(await open(`http://127.0.0.1:${server.httpServer.address().port}/`), expected);
  } finally {
    await server.close();
  }
});
