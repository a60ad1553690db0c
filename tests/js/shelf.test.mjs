// Buffers that end and are born without a call into the core: nobody can tell, whatever comes between.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  collectUntil,
  KiB,
  load,
  MiB,
  OutOfMemoryError,
  open,
  random,
  turn,
  UseAfterDisposeError,
} from './package.mjs';

const sizes = [1, 64, 100, 256, 256, 256, 4000, 65_536, 65_537, MiB, 0];
const pick = (rng, list) => list[Math.floor(rng() * list.length)];

/** One random step on `gc`; `held` are its live buffers, oldest first. Everything is decided by `rng`. */
function step(gc, rng, held) {
  const one = () => Math.floor(rng() * held.length);
  const what = rng();
  if (what < 0.4 || held.length === 0) held.push(gc.alloc(pick(rng, sizes)));
  else if (what < 0.65) held.pop().dispose();
  else if (what < 0.75) held.splice(one(), 1)[0].dispose();
  else if (what < 0.85) {
    const count = Math.floor(rng() * 40);
    const nbytes = pick(rng, sizes);
    const mixed = rng() < 0.3;
    const kept = gc.scope(() => {
      const made = Array.from({ length: count }, (_, i) => gc.alloc(mixed ? sizes[i % 8] : nbytes));
      return count > 0 && rng() < 0.3 ? made[count >> 1] : undefined;
    });
    if (kept !== undefined) held.push(kept);
  } else if (what < 0.87) {
    held.splice(one(), 1)[0].destroy();
    for (let i = held.length - 1; i >= 0; i -= 1) if (held[i].disposed) held.splice(i, 1)[0].dispose(); // its views
  } else if (what < 0.9) held.push(held[one()].subview(0));
  else if (what < 0.92) gc.link(held[one()], held[one()]);
  else if (what < 0.95) {
    gc.finalize(held[one()], gc.alloc(pick(rng, sizes)), (other) => {
      gc.alloc(256).dispose();
      other.dispose();
    });
  } else if (what < 0.96) {
    const pin = held[one()].pin();
    held.splice(one(), 1)[0].dispose();
    pin.dispose();
  } else if (what < 0.97) gc.trim(64 * KiB);
  else if (what < 0.98) gc.cacheEnabled = rng() < 0.7;
  else if (what < 0.99) gc.alloc({ shape: [64], dtype: 'float32', label: 'named' }).dispose();
  else gc.collect();
}

/** What follows from which buffers came and went, wherever they lie. */
function countsOf(gc) {
  const { live_bytes, live_blocks, live_buffers, live_views, peak_live_bytes, peak_live_blocks, ...rest } = gc.stats();
  const { allocations, frees, hits, misses, total_allocated_bytes, failed_allocations, edges } = rest;
  const { disposed_buffers, finalized_buffers, collected_buffers, closed_buffers, finalizers_run } = rest;
  const live = { live_bytes, live_blocks, live_buffers, live_views, peak_live_bytes, peak_live_blocks };
  const flow = { allocations, frees, hits, misses, total_allocated_bytes, failed_allocations, edges };
  const ends = { disposed_buffers, finalized_buffers, collected_buffers, closed_buffers, finalizers_run };
  return { ...live, ...flow, ...ends, histogram: gc.histogram() };
}

/** Births and ends in the order in which the visualizer heard of them; of an end also whose it is. */
function storyOf(gc) {
  const { lifecycles } = gc.visualizer.snapshot();
  lifecycles.sort((a, b) => a.allocEvent - b.allocEvent);
  const events = lifecycles.flatMap(({ allocEvent, freeEvent, size, kind, cause }, index) => [
    { at: allocEvent, what: `${kind} ${index} of ${size}` },
    { at: freeEvent ?? Infinity, what: `end of ${index}: ${cause}` },
  ]);
  return events.sort((a, b) => a.at - b.at).map(({ what }) => what);
}

/**
 * Runs a program on three managers: with and without a visualizer, and with one and the places of birth, for which
 * nothing is held back: each birth and each end is a call.
 */
async function compared(t, seed, program, figures) {
  const options = [{}, { visualizer: true }, { visualizer: true, sites: true }];
  const runs = [];
  for (const one of options) runs.push({ gc: await open(t, one), rng: random(seed), held: [] });
  const agree = (when) => {
    const [plain, watched, called] = runs.map(({ gc }) => figures(gc));
    assert.deepEqual(plain, called, `seed ${seed}, ${when}`);
    assert.deepEqual(watched, called, `seed ${seed}, ${when}, watched`);
  };
  const asked = random(seed * 7919); // rarely, for things to happen without a look in between
  for (let i = 0; i < 400; i += 1) {
    for (const { gc, rng, held } of runs) program(gc, rng, held);
    if (asked() < 0.05) agree(`step ${i}`);
  }
  agree('the end');
  assert.deepEqual(storyOf(runs[1].gc), storyOf(runs[2].gc), `seed ${seed}`);
  for (const { gc } of runs) gc.close();
  agree('closed');
}

test('counts are those of a program that calls for each birth and end, whatever it does', async (t) => {
  for (let seed = 1; seed <= 30; seed += 1) await compared(t, seed, step, countsOf);
});

test('of small buffers, with the cache on, every figure is, to the byte', async (t) => {
  const small = (gc, rng, held) => {
    if (rng() < 0.5 || held.length === 0) held.push(gc.alloc(pick(rng, [64, 100, 256, 256, 4000])));
    else if (rng() < 0.8) held.pop().dispose();
    else held.splice(Math.floor(rng() * held.length), 1)[0].dispose();
  };
  const all = (gc) => ({ ...gc.stats(), histogram: gc.histogram() });
  for (let seed = 1; seed <= 30; seed += 1) await compared(t, seed, small, all);
});

test('every turn is a lifetime of its own: its id is new, the old handle is of no use', async (t) => {
  const gc = await open(t);
  gc.alloc(256).dispose();
  const ids = new Set();
  for (let i = 0; i < 1000; i += 1) {
    const buffer = gc.alloc(256);
    const weak = gc.weak(buffer);
    ids.add(buffer.id);
    buffer.dispose();
    const next = gc.alloc(256).fill(1);
    assert.throws(() => buffer.view(), UseAfterDisposeError);
    assert.equal(buffer.disposed, true);
    assert.equal(weak.deref(), undefined);
    buffer.dispose();
    buffer.destroy();
    assert.equal(next.view()[255], 1);
    ids.add(next.id);
    next.dispose();
  }
  assert.equal(ids.size, 2000);
  assert.deepEqual([gc.stats().live_buffers, gc.stats().disposed_buffers], [0, 2001]);
});

test('a slot whose generations are spent is used no more', async (t) => {
  const gc = await open(t);
  const first = gc.alloc(8);
  const slot = first.id;
  first.dispose();
  let last = 0;
  for (let i = 0; i < 2 ** 21 + 1; i += 1) {
    const buffer = gc.alloc(8);
    last = buffer.id;
    buffer.dispose();
  }
  assert.equal(Number.isSafeInteger(last), true);
  assert.notEqual(last % 2 ** 32, slot % 2 ** 32);
  const { allocations, disposed_buffers, live_buffers } = gc.stats();
  assert.deepEqual([allocations, disposed_buffers, live_buffers], [2 ** 21 + 2, 2 ** 21 + 2, 0]);
});

test('more bytes than 32 bits can count turn over between two looks', async (t) => {
  const gc = await open(t);
  for (let i = 0; i < 100_000; i += 1) gc.alloc(65_536 - (i & 1)).dispose();
  for (let i = 0; i < 100_000; i += 1) gc.alloc(65_536).dispose();
  const stats = gc.stats();
  assert.deepEqual([stats.allocations, stats.frees, stats.live_bytes], [200_000, 200_000, 0]);
  assert.equal(stats.total_allocated_bytes, 200_000 * 65_536 - 50_000);
});

test('a handle that was registered and disposed leaves alone who took its place', async (t) => {
  const gc = await open(t);
  const taken = await (async () => {
    const old = Array.from({ length: 20 }, () => gc.alloc(512));
    await turn(); // registered with the engine
    for (const buffer of old) buffer.dispose();
    return Array.from({ length: 20 }, (_, i) => gc.alloc(512).fill(i));
  })();
  (() => gc.alloc(4096))();
  assert.equal(await collectUntil(() => gc.stats().finalized_buffers === 1), true);
  assert.equal(gc.stats().live_buffers, 20);
  taken.forEach((buffer, i) => {
    assert.equal(buffer.view()[511], i);
  });
});

test('a visualizer that comes, goes and comes again knows just who lives', async (t) => {
  const gc = await open(t);
  const alive = () =>
    gc.visualizer
      .snapshot()
      .lifecycles.filter(({ freeEvent }) => freeEvent === null)
      .map(({ id }) => id)
      .sort((a, b) => a - b);
  let held = Array.from({ length: 10 }, () => gc.alloc(256));
  for (let round = 0; round < 6; round += 1) {
    for (let i = 0; i < 3; i += 1) {
      for (const buffer of held) buffer.dispose();
      held = Array.from({ length: 8 }, () => gc.alloc(256));
      held.pop().dispose();
    }
    gc.visualizer.start();
    await gc.visualizer.ready;
    assert.deepEqual(
      alive(),
      held.map(({ id }) => id).sort((a, b) => a - b),
    );
    held.pop().dispose();
    held.push(gc.alloc(256));
    assert.deepEqual(
      alive(),
      held.map(({ id }) => id).sort((a, b) => a - b),
    );
    gc.visualizer.stop();
  }
  assert.equal(gc.stats().live_buffers, held.length);
});

test('what was disposed makes room at the budget, to the byte', async (t) => {
  const gc = await open(t, { budgetBytes: 64 * KiB });
  for (let round = 0; round < 5; round += 1) {
    const all = Array.from({ length: 16 }, () => gc.alloc(4 * KiB));
    assert.throws(() => gc.alloc(1), OutOfMemoryError);
    for (const buffer of all) buffer.dispose();
    const whole = gc.alloc(64 * KiB);
    assert.equal(gc.stats().reserved_bytes, 64 * KiB);
    whole.dispose();
  }
  assert.equal(gc.stats().live_buffers, 0);
});

test('what a handler disposes while an allocation is in need makes room for it', async (t) => {
  const gc = await open(t, { budgetBytes: 64 * KiB });
  const keep = Array.from({ length: 14 }, () => gc.alloc(4 * KiB));
  (() => {
    const [a, b] = [gc.alloc(64), gc.alloc(64)];
    gc.link(a, b);
    gc.link(b, a);
    a.dispose();
    b.dispose();
  })();
  const off = gc.onCollect({
    start: () => {
      gc.alloc(4 * KiB).dispose();
      for (const buffer of keep.splice(0)) buffer.dispose();
    },
  });
  const large = gc.alloc(60 * KiB);
  off();
  assert.deepEqual([large.disposed, gc.stats().live_buffers], [false, 1]);
});

test('growth and compaction in between change nothing', async (t) => {
  const gc = await open(t, { budgetBytes: 64 * MiB });
  const rng = random(11);
  const held = [];
  for (let i = 0; i < 3000; i += 1) {
    if (held.length > 0 && rng() < 0.5) {
      const { buffer, mark } = held.splice(Math.floor(rng() * held.length), 1)[0];
      assert.deepEqual([...buffer.view().subarray(-1)], [mark]);
      buffer.dispose();
    } else {
      const nbytes = rng() < 0.9 ? 256 : Math.floor(rng() * 6 * MiB) + 1;
      try {
        held.push({ buffer: gc.alloc(nbytes).fill(i & 255), mark: i & 255 });
      } catch (error) {
        assert.equal(error.code, 'out_of_memory');
      }
    }
  }
  assert.equal(gc.stats().live_buffers, held.length);
  assert.equal(
    gc.stats().live_bytes,
    held.reduce((sum, { buffer }) => sum + buffer.nbytes, 0),
  );
});

test('what finalizers dispose as the manager closes is counted as disposed', async () => {
  const gc = await load();
  const held = Array.from({ length: 4 }, () => gc.alloc(256));
  const owner = gc.alloc(256);
  gc.finalize(owner, held, (others) => {
    for (const other of others) other.dispose();
  });
  gc.close();
  const { disposed_buffers, closed_buffers, live_buffers } = gc.stats();
  assert.deepEqual([disposed_buffers, closed_buffers, live_buffers], [4, 1, 0]);
});

test('the visualizer is told of each turn as it happens, with its own id, from and to the cache', async (t) => {
  const gc = await open(t, { visualizer: true });
  gc.alloc(256).dispose();
  const told = [];
  const off = gc.visualizer.subscribe((from, to) => told.push([from, to]));
  const ids = [];
  for (let i = 0; i < 10; i += 1) {
    const before = gc.visualizer.eventCount;
    const buffer = gc.alloc(256);
    ids.push(buffer.id);
    assert.equal(gc.visualizer.eventCount, before + 1);
    buffer.dispose();
    assert.equal(gc.visualizer.eventCount, before + 2);
  }
  const end = gc.visualizer.eventCount;
  await turn();
  assert.deepEqual(told, [[end - 20, end]]);
  off();
  gc.stats(); // releases what was held back: its end is not told again
  assert.equal(gc.visualizer.eventCount, end);
  const last = gc.visualizer.snapshot().lifecycles.slice(-10);
  const facts = last.map(({ id, size, cause, servedBy, freedTo }) => [id, size, cause, servedBy, freedTo]);
  assert.deepEqual(
    facts,
    ids.map((id) => [id, 256, 'dispose', 'cache', 'cache']),
  );
});

test('a turn whose record makes the memory grow goes on', async (t) => {
  const gc = await open(t, { visualizer: true });
  const first = gc.alloc(8).fill(7);
  const view = first.view();
  let turns = 0;
  // The log takes the memory that grows.
  for (; view.byteLength > 0 && turns < 2 ** 20; turns += 1) gc.alloc(256).dispose();
  assert.equal(view.byteLength, 0);
  for (let i = 0; i < 100; i += 1) gc.alloc(256).dispose();
  assert.deepEqual([gc.stats().live_buffers, gc.stats().disposed_buffers], [1, turns + 100]);
  assert.equal(first.view()[7], 7);
});

test('an iteration sees every buffer of its steps', async (t) => {
  const gc = await open(t);
  const body = () => {
    for (let i = 0; i < 20; i += 1) {
      const [a, b] = [gc.alloc(4096), gc.alloc(4096)];
      a.dispose();
      gc.alloc(4096).dispose();
      b.dispose();
    }
  };
  body();
  const iteration = gc.iteration();
  iteration.run(body);
  assert.equal(iteration.plan.allocations, 60);
  iteration.run(body);
  assert.equal(gc.stats().planned_allocations, 60);
});
