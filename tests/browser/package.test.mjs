// The package in Chromium by itself, under a policy that forbids eval: in a page and in a module worker.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { servePage } from '../../web/serve.mjs';
import { packageDir } from '../js/package.mjs';
import { recipe } from '../js/recipes.mjs';
import { startChromium } from './browser.mjs';

const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";
const index = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">
<title>bufgc</title><script type="module" src="page.js"></script>`;
const cases = `
import * as bufgc from './index.js';
const MiB = 2 ** 20;
export const figures = {
  async basics() {
    const gc = await bufgc.load();
    const buffer = gc.alloc({ shape: [3], dtype: 'float32' }).copyFrom([1, 2, 3]);
    let evaluated = true;
    try { (0, eval)('1'); } catch { evaluated = false; }
    return { values: [...buffer.view()], evaluated };
  },
  async annex() {
    const files = () => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('_annex.wasm')).length;
    const gc = await bufgc.load();
    const before = files();
    gc.visualizer.start();
    gc.alloc(1000).dispose();
    let code;
    try { gc.visualizer.snapshot(); } catch (error) { code = error.code; }
    await gc.visualizer.ready;
    const step = gc.iteration();
    await step.ready;
    const run = () => step.run(() => { for (const size of [1000, 2000]) gc.alloc(size).dispose(); });
    run();
    return { before, code, after: files(), lifecycles: gc.visualizer.snapshot().lifecycles.length, blocks: step.plan.blocks };
  },
  async dropped(count) {
    const { ArrayBuffer } = globalThis;
    const shown = [];
    globalThis.ArrayBuffer = new Proxy(ArrayBuffer, {
      construct(target, words) {
        shown.push(words[0]);
        return Reflect.construct(target, words);
      },
    });
    const gc = await bufgc.load({ budgetBytes: 256 * MiB });
    for (let i = 0; i < count; i += 1) (await gc.allocAsync(16 * MiB, { timeoutMs: 60_000 })).view()[0] = i;
    globalThis.ArrayBuffer = ArrayBuffer;
    const { allocations, peak_reserved_bytes, finalized_buffers, failed_allocations } = gc.stats();
    const whole = shown.filter((bytes) => bytes >= 1024 * MiB).length;
    return { allocations, peak: peak_reserved_bytes, finalized: finalized_buffers, rounds: failed_allocations, whole };
  },
};`;
const page = `
import * as bufgc from './index.js';
import { figures } from './cases.js';
import * as recipes from './recipes.js';
window.bufgc = bufgc;
window.recipes = recipes;
window.figures = figures;
window.inWorker = (name, ...words) => new Promise((resolve, reject) => {
  const worker = new Worker('worker.js', { type: 'module' });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error(event.message));
  worker.postMessage([name, words]);
});`;
const worker = `
import { figures } from './cases.js';
onmessage = async ({ data: [name, words] }) => postMessage(await figures[name](...words));`;

let folder;
let server;
let browser;
let tab;
const complaints = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bufgc-page-'));
  for (const file of ['index.js', 'recorder.js', 'bufgc.wasm', 'bufgc_annex.wasm'])
    copyFileSync(join(packageDir, file), join(folder, file));
  const recipes = ['toTensor', 'upload'].map(recipe).join('\n');
  const texts = { 'index.html': index, 'cases.js': cases, 'page.js': page, 'worker.js': worker, 'recipes.js': recipes };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  server = await servePage(0, join(folder, 'index.html'));
  // A processor's Vulkan serves where there is no GPU; where neither is, the upload says so.
  browser = await startChromium(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']);
  tab = await browser.newPage();
  tab.on('console', (message) => complaints.push(message.text()));
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  await tab.waitForFunction(() => 'inWorker' in window);
});
after(async () => {
  await browser?.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

test('it works where eval is forbidden, in a page and in a module worker', async () => {
  const inPage = await tab.evaluate(() => window.figures.basics());
  assert.deepEqual(inPage, { values: [1, 2, 3], evaluated: false });
  assert.deepEqual((await tab.evaluate(() => window.inWorker('basics'))).values, [1, 2, 3]);
  assert.ok(
    complaints.every((text) => text.includes('eval') || text.includes('404')),
    complaints.join('\n'),
  );
});

for (const where of ['page', 'worker']) {
  test(`the annex is loaded when it is asked for, in a ${where}`, async () => {
    const found = await tab.evaluate(
      (inWorker) => (inWorker ? window.inWorker('annex') : window.figures.annex()),
      where === 'worker',
    );
    assert.deepEqual(found, { before: 0, code: 'invalid_state', after: 1, lifecycles: 2, blocks: 2 });
  });
  test(`500 dropped buffers of 16 MiB fit 256 MiB in a ${where}`, async () => {
    const found = await tab.evaluate(
      (inWorker) => (inWorker ? window.inWorker('dropped', 500) : window.figures.dropped(500)),
      where === 'worker',
    );
    assert.equal(found.allocations, 500);
    assert.ok(found.peak <= 256 * 2 ** 20);
    assert.ok(found.finalized >= 500 - 16);
    // Collecting the young generation alone does, and each time for most of what was dropped.
    assert.ok(found.whole <= 16, `${found.whole} pieces for the whole heap`);
    assert.ok(found.rounds <= 100, `${found.rounds} rounds`);
  });
}

test('a clamped view is an image as it is, and a decoded image becomes a tensor', async () => {
  const found = await tab.evaluate(async () => {
    const gc = await window.bufgc.load();
    const frame = gc.alloc({ shape: [2, 2, 4], dtype: 'uint8_clamped' }).fill(255);
    frame.view().set([300, 0, -5, 255]);
    const canvas = new OffscreenCanvas(2, 2);
    const context = canvas.getContext('2d');
    context.putImageData(new ImageData(frame.view(), 2, 2), 0, 0);
    const bitmap = await createImageBitmap(await canvas.convertToBlob());
    const decoded = new OffscreenCanvas(2, 2).getContext('2d');
    decoded.drawImage(bitmap, 0, 0);
    const tensor = window.recipes.toTensor(gc, decoded.getImageData(0, 0, 2, 2));
    return { shape: tensor.shape, values: [...tensor.view()], live: gc.stats().live_buffers };
  });
  assert.deepEqual(found, { shape: [3, 2, 2], values: [1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1], live: 2 });
});

test('a view is uploaded to a GPU as it is', async (t) => {
  const found = await tab.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) return null;
    const device = await adapter.requestDevice();
    const gc = await window.bufgc.load();
    const buffer = gc.alloc({ shape: [5], dtype: 'float32' }).copyFrom([1, 2, 3, 4, 5]);
    const source = window.recipes.upload(device, buffer, GPUBufferUsage.COPY_SRC);
    const target = device.createBuffer({ size: 20, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, target, 0, 20);
    device.queue.submit([encoder.finish()]);
    await target.mapAsync(GPUMapMode.READ);
    return [...new Float32Array(target.getMappedRange())];
  });
  if (found === null) return t.skip('this Chromium has no WebGPU adapter');
  assert.deepEqual(found, [1, 2, 3, 4, 5]);
});
