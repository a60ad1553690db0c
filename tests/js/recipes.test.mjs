// Each recipe of wasm/README.md does what it says. Image, upload and worker run in Chromium too: tests/browser.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { MiB, open, packageUrl } from './package.mjs';
import { compiled, recipeModule, recipes } from './recipes.mjs';

test('there are ten', () => assert.equal(recipes.length, 10));

test('image decode to tensor', async (t) => {
  const { toTensor } = await recipeModule(t, 'toTensor');
  const gc = await open(t);
  const data = new Uint8ClampedArray([255, 0, 51, 255, 0, 255, 102, 255]);
  const tensor = toTensor(gc, { data, width: 2, height: 1 });
  assert.deepEqual(tensor.shape, [3, 1, 2]);
  assert.deepEqual([...tensor.view()], [...new Float32Array([1, 0, 0, 1, 0.2, 0.4])]);
  assert.equal(gc.stats().live_buffers, 1, 'the pixels are gone');
});

test('audio ring buffer', async (t) => {
  const { Ring } = await recipeModule(t, 'Ring');
  const gc = await open(t);
  const ring = new Ring(gc, 8);
  for (let block = 0; block < 5; block += 1) {
    ring.write(Float32Array.from({ length: 3 }, (_, i) => block * 3 + i));
    gc.alloc(32 * MiB); // the memory may grow between two blocks
  }
  assert.deepEqual([...ring.latest(new Float32Array(6))], [9, 10, 11, 12, 13, 14]);
  ring.dispose();
});

test('WebGPU upload hands the queue the very view, and pads the size', async (t) => {
  const { upload } = await recipeModule(t, 'upload');
  globalThis.GPUBufferUsage ??= { COPY_DST: 8 };
  const gc = await open(t);
  const written = [];
  const device = {
    createBuffer: (descriptor) => descriptor,
    queue: { writeBuffer: (...words) => written.push(words) },
  };
  const buffer = gc.alloc({ shape: [3], dtype: 'float32' });
  const target = upload(device, buffer, 4);
  assert.deepEqual(target, { size: 12, usage: 12 });
  assert.equal(written[0][2], buffer.view());
});

test('worker', async (t) => {
  const { ask } = await recipeModule(t, 'ask');
  const gc = await open(t);
  const program = `
    import { parentPort } from 'node:worker_threads';
    import { load } from '${packageUrl}';
    globalThis.self = { postMessage: (...words) => parentPort.postMessage(...words) };
    ${await compiled('serve')}
    serve(await load(), (buffer) => buffer.fill(buffer.view()[0] + 1));
    parentPort.on('message', (data) => self.onmessage({ data }));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
  t.after(() => worker.terminate());
  const asPage = {
    postMessage: (...words) => worker.postMessage(...words),
    set onmessage(handler) {
      worker.once('message', (data) => handler({ data }));
    },
  };
  const answer = await ask(asPage, gc, gc.alloc({ shape: [2], dtype: 'int32' }).fill(41));
  assert.deepEqual([...answer.view()], [42, 42]);
});

test('React effect clean-up', async (t) => {
  const { frameEffect } = await recipeModule(t, 'frameEffect');
  const gc = await open(t);
  const shown = [];
  // As React runs an effect: twice in strict mode, each cleaned up before the next.
  for (let run = 0; run < 2; run += 1) frameEffect(gc, [4, 4, 4], (buffer) => shown.push(buffer))();
  assert.equal(shown.length, 2);
  assert.ok(shown.every((buffer) => buffer.disposed));
});

test('using', async (t) => {
  const { brightness } = await recipeModule(t, 'brightness');
  const gc = await open(t);
  assert.equal(brightness(gc, [1, 2, 6]), 3);
  assert.equal(gc.stats().live_buffers, 0);
});

test('scope', async (t) => {
  const { normalize } = await recipeModule(t, 'normalize');
  const gc = await open(t);
  const result = normalize(gc, gc.alloc({ shape: [3], dtype: 'float32' }).copyFrom([2, 4, 6]));
  assert.deepEqual([...result.view()], [-2, 0, 2]);
  assert.equal(gc.stats().live_buffers, 2, 'the input and the result');
});

test('leak hunt', async (t) => {
  const { leakFree } = await recipeModule(t, 'leakFree');
  await leakFree((gc) => gc.alloc(8).dispose());
  await assert.rejects(
    leakFree((gc) => {
      gc.alloc({ nbytes: 8, label: 'forgotten' });
    }),
    /1 buffer was not disposed:\n1 of 8 bytes \(forgotten\), made\nat /,
  );
});

test('budgeted cache', async (t) => {
  const { Cache } = await recipeModule(t, 'Cache');
  const gc = await open(t, { budgetBytes: 4 * MiB });
  const cache = new Cache(gc);
  let made = 0;
  const get = (key) => {
    const fill = (buffer) => {
      made += 1;
      buffer.fill(key);
    };
    return cache.get(key, MiB - 65_536, fill).view()[5];
  };
  for (const key of [1, 2, 3, 1, 4, 5, 1]) assert.equal(get(key), key);
  assert.ok(made < 7 && made >= 5, `${made}`);
  assert.equal(get(2), 2, 'what was dropped is made again');
  assert.ok(gc.stats().reserved_bytes <= 4 * MiB);
  assert.throws(() => cache.get('large', 8 * MiB, () => {}), { code: 'out_of_memory' });
});

test('Node stream', async (t) => {
  const { readInto } = await recipeModule(t, 'readInto');
  const gc = await open(t);
  const chunks = Array.from({ length: 5 }, (_, i) => Buffer.alloc(1000, i));
  const body = await readInto(gc, Readable.from(chunks), 8000);
  assert.equal(body.nbytes, 5000);
  assert.equal(body.view()[4999], 4);
  body.dispose();
  assert.equal(gc.stats().live_buffers, 0);
  await assert.rejects(readInto(gc, Readable.from(chunks), 4500), RangeError);
  assert.equal(gc.stats().live_buffers, 0);
});
