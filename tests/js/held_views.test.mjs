// Views that a program holds while the memory grows and buffers move: an old one reads and writes nothing, every
// buffer keeps its bytes, and what is pinned its place. BUFGC_GROWTHS, BUFGC_COMPACTIONS and BUFGC_SEED: longer runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KiB, load, MiB, OutOfMemoryError, random } from './package.mjs';

const growths = Number(process.env.BUFGC_GROWTHS ?? 40);
const compactions = Number(process.env.BUFGC_COMPACTIONS ?? 200);
const seed = Number(process.env.BUFGC_SEED ?? 1);
const viewsOfEach = 4;

/** A buffer, what its bytes are, and the latest of the views that were derived of it. */
class Held {
  #expected;
  #views = [];
  pin = null;

  constructor(buffer, mark) {
    this.buffer = buffer;
    this.#expected = Buffer.alloc(buffer.nbytes, `${mark} `);
    buffer.view().set(this.#expected);
    this.#views.push(buffer.view());
  }

  /** All bytes are as they were written, and a pin's place as it was. */
  check() {
    const view = this.buffer.view();
    assert.equal(Buffer.compare(view, this.#expected), 0, `the bytes of ${this.buffer.label}`);
    if (this.pin !== null) assert.equal(view.byteOffset, this.pin.byteOffset);
  }

  /** The memory was detached: nothing of it is in the old views, and nothing that they are told goes there. */
  useOldViews() {
    for (const view of this.#views) {
      assert.equal(view.length, 0);
      assert.equal(view[0], undefined);
      view[0] = 255;
      view[this.buffer.nbytes - 1] = 255;
    }
    assert.ok(!fills(this.#views.at(-1)));
    this.#views.push(this.buffer.view());
    if (this.#views.length > viewsOfEach) this.#views.shift();
  }

  unpin() {
    this.pin?.dispose();
    this.pin = null;
  }
}

/** Whether the view takes it, told without the stack that an assertion would make of it each time. */
function fills(view) {
  try {
    view.fill(255);
    return true;
  } catch {
    return false;
  }
}

test(`views held across ${growths} growths of the memory`, async (t) => {
  const mostBytes = 1024 * MiB;
  let grown = 0;
  let managers = 0;
  while (grown < growths) {
    const gc = await load({ compact: false });
    managers += 1;
    const held = Array.from(
      { length: 16 },
      (_, index) => new Held(gc.alloc({ nbytes: 4 * KiB, label: `${index}` }), index),
    );
    const pinned = held[3];
    pinned.pin = pinned.buffer.pin();
    const filler = [];
    for (let memory = null; grown < growths && gc.stats().reserved_bytes < mostBytes; ) {
      memory = held[0].buffer.view().buffer;
      filler.push(gc.alloc(MiB));
      if (memory.byteLength > 0) continue;
      grown += 1;
      for (const one of held) one.useOldViews();
      for (const one of held) one.check();
      held.push(new Held(gc.alloc({ nbytes: 1 + (grown % 5000), label: `after ${grown}` }), grown));
    }
    for (const one of held) one.check();
    for (const { buffer } of held) buffer.dispose();
    for (const buffer of filler) buffer.dispose();
    pinned.unpin();
    assert.equal(gc.stats().live_bytes, 0);
    gc.close();
  }
  t.diagnostic(`${grown} growths in ${managers} managers`);
});

test(`views held, pinned and not, across ${compactions} compactions`, async (t) => {
  const budgetBytes = MiB;
  const gc = await load({ budgetBytes, highWaterMark: 1 });
  const next = random(seed);
  const below = (most) => Math.floor(next() * most);
  const held = [];
  const take = () => held.splice(below(held.length), 1)[0];
  let seen = 0;
  let whilePinned = 0;
  let steps = 0;
  for (; seen < compactions; steps += 1) {
    let made = null;
    try {
      made = gc.alloc({ nbytes: 1 + below(next() < 0.2 ? 200 * KiB : 30 * KiB), label: `${steps}` });
    } catch (error) {
      assert.ok(error instanceof OutOfMemoryError, String(error));
    }
    const { compactions: now, peak_reserved_bytes } = gc.stats();
    assert.ok(peak_reserved_bytes <= budgetBytes);
    if (now > seen) {
      seen = now;
      if (held.some(({ pin }) => pin !== null)) whilePinned += 1;
      for (const one of held) one.useOldViews();
      for (const one of held) one.check();
    }
    if (made !== null) held.push(new Held(made, steps));
    if (made === null || next() < 0.5) {
      for (let count = made === null ? 3 : 1; count > 0 && held.length > 0; count -= 1) {
        const one = take();
        one.check();
        one.unpin();
        one.buffer.dispose();
      }
    }
    const pinned = held.find(({ pin }) => pin !== null);
    if (pinned !== undefined && next() < 0.3) pinned.unpin();
    else if (held.length > 0 && next() < 0.1) {
      const one = held[below(held.length)];
      one.pin ??= one.buffer.pin();
    }
  }
  for (const one of held) {
    one.check();
    one.unpin();
    one.buffer.dispose();
  }
  assert.equal(gc.stats().live_bytes, 0);
  assert.ok(whilePinned > seen / 10 && whilePinned < seen, `${whilePinned} of ${seen} with something pinned`);
  gc.close();
  t.diagnostic(`seed ${seed}: ${seen} compactions in ${steps} steps, ${whilePinned} with something pinned`);
});
