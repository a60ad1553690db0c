// A worker that is ended in the middle of what it does takes nobody along: not the others, not the main thread, and
// not what it had handed over. BUFGC_TERMINATIONS and BUFGC_SEED: a longer run.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { KiB, MiB, open, packageUrl, random } from './package.mjs';

const terminations = Number(process.env.BUFGC_TERMINATIONS ?? 6);
const seed = Number(process.env.BUFGC_SEED ?? 1);

/** Makes, fills, moves, records, hands over and drops buffers until it is told to end, or ended. */
const program = `
  import { parentPort } from 'node:worker_threads';
  import { load, OutOfMemoryError } from ${JSON.stringify(packageUrl)};
  const gc = await load({ budgetBytes: ${MiB}, visualizer: true, visualizerEvents: 2000 });
  let asked = false;
  parentPort.on('message', () => { asked = true; });
  const held = [];
  for (let round = 1; !asked; round += 1) {
    for (let step = 0; step < 40; step += 1) {
      try {
        const buffer = gc.alloc({ nbytes: 1 + ((round * 7919 + step * 104729) % ${60 * KiB}), label: String(round) });
        buffer.fill(round & 255);
        gc.finalize(buffer, null, () => {});
        held.push({ buffer, fill: round & 255 });
      } catch (error) {
        if (!(error instanceof OutOfMemoryError)) throw error;
        for (const { buffer } of held.splice(0, 5)) buffer.dispose();
      }
    }
    for (const { buffer, fill } of held)
      if (!buffer.view().every((byte) => byte === fill)) throw new Error('a buffer lost its bytes');
    gc.visualizer.export('bufgc');
    const packed = held.at(-1).buffer.pack();
    parentPort.postMessage({ round, packed, fill: held.at(-1).fill }, [packed.bytes]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const { buffer } of held) buffer.dispose();
  parentPort.postMessage({ live: gc.stats().live_bytes });
  parentPort.close();
`;
const start = () => new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));

test(`${terminations} workers are ended in the middle: the rest goes on undisturbed`, {
  timeout: 600_000,
}, async (t) => {
  const gc = await open(t, { budgetBytes: 16 * MiB });
  const next = random(seed);
  const steady = start();
  t.after(() => steady.terminate());
  const failed = once(steady, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  let rounds = 0;
  let live = null;
  steady.on('message', (message) => {
    if ('live' in message) live = message.live;
    else rounds = message.round;
  });
  const own = Array.from({ length: 8 }, (_, index) => gc.alloc(100 * KiB).fill(index));
  let handedOver = 0;
  for (let ended = 0; ended < terminations; ended += 1) {
    const victim = start();
    const received = [];
    victim.on('message', ({ packed, fill }) => received.push({ packed, fill }));
    // Sometimes while it loads the package still.
    if (next() < 0.8) await Promise.race([once(victim, 'message'), failed]);
    await new Promise((resolve) => setTimeout(resolve, next() * 20));
    await victim.terminate();
    for (const { packed, fill } of received) {
      const buffer = gc.unpack(packed);
      assert.ok(
        buffer.view().every((byte) => byte === fill),
        'what was handed over is whole',
      );
      buffer.dispose();
      handedOver += 1;
    }
    for (const [index, buffer] of own.entries()) assert.ok(buffer.view().every((byte) => byte === index));
    gc.alloc(4 * MiB).dispose();
    const before = rounds;
    while (rounds === before) await Promise.race([once(steady, 'message'), failed]);
  }
  assert.ok(handedOver >= terminations / 2);
  steady.postMessage('end');
  await Promise.race([once(steady, 'exit'), failed]);
  assert.equal(live, 0);
  for (const buffer of own) buffer.dispose();
  assert.equal(gc.stats().live_bytes, 0);
  t.diagnostic(
    `seed ${seed}: ${terminations} ended, ${handedOver} buffers of theirs received, ${rounds} rounds beside`,
  );
});
