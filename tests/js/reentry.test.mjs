// What a finalizer may do in the midst of its buffer's end: each thing, in each way to end, in both cores. The C++ twin
// is tests/native/buffer/reentry_test.cpp; src/bufgc/README.md and wasm/README.md say what is defined.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClosedError, collectUntil, KiB, load, MiB, UseAfterDisposeError } from './package.mjs';

const atClose = ({ way }) => way === 'close';

/** At close nothing is made or changed any more: `call` is refused. In any other way it answers. */
function unlessClosing(scene, call) {
  if (!atClose(scene)) return call();
  assert.throws(call, ClosedError);
  return null;
}

/** What a handle on the buffer that ended answers; at close it lives until its finalizers have run. */
function refusedByTheDead(scene, call) {
  if (scene.self !== null && !atClose(scene)) assert.throws(() => call(scene.self), UseAfterDisposeError);
}

const points = {
  'throws: the handler is told, the next finalizer runs': {
    inFinalizer() {
      throw new Error('thrown');
    },
    afterwards({ gc, errors }) {
      assert.deepEqual(errors.splice(0), ['thrown']);
      assert.equal(gc.stats().finalizer_errors, 1);
    },
  },
  'allocates: a buffer like any other': {
    inFinalizer(scene) {
      scene.made = unlessClosing(scene, () => scene.alloc({ shape: [3], dtype: 'float32', label: 'made' }).fill(1));
      unlessClosing(scene, () => scene.alloc(100).dispose());
    },
    afterwards({ made }) {
      if (made !== null) assert.deepEqual([...made.view()], [1, 1, 1]);
    },
  },
  'frees itself: it ends once': {
    inFinalizer(scene) {
      if (!atClose(scene)) assert.equal(scene.weak.deref(), undefined);
      scene.self?.dispose();
      scene.self?.destroy();
    },
    afterwards({ weak }) {
      assert.equal(weak.deref(), undefined);
    },
  },
  'frees another: that ends inside, finalizers and all': {
    inFinalizer(scene) {
      const { gc, other } = scene;
      // At close all finalizers run that there are; none is added.
      unlessClosing(scene, () => gc.finalize(other, null, () => (scene.furtherRuns += 1)));
      other.destroy();
      assert.equal(other.disposed, true);
      assert.equal(scene.furtherRuns, atClose(scene) ? 0 : 1);
    },
    afterwards({ other }) {
      assert.throws(() => other.view(), UseAfterDisposeError);
    },
  },
  'collects: other garbage ends inside': {
    inFinalizer(scene) {
      const { gc } = scene;
      unlessClosing(scene, () => {
        const [a, b] = [scene.alloc(10), scene.alloc(10)];
        gc.link(a, b);
        gc.link(b, a);
        a.dispose();
        b.dispose();
      });
      assert.equal(unlessClosing(scene, () => gc.collect())?.buffers, atClose(scene) ? undefined : 2);
    },
    afterwards() {},
  },
  'registers: with the living as ever, with its own buffer never': {
    inFinalizer(scene) {
      const { gc, other } = scene;
      unlessClosing(scene, () => gc.finalize(other, null, () => (scene.furtherRuns += 1)));
      refusedByTheDead(scene, (self) => gc.finalize(self, null, () => (scene.furtherRuns += 10)));
    },
    afterwards(scene) {
      scene.other.dispose();
      assert.equal(scene.furtherRuns, atClose(scene) ? 0 : 1);
    },
  },
  'detaches: an older one then does not run': {
    inFinalizer({ older }) {
      assert.ok(older.detach());
      assert.equal(older.alive, false);
    },
    afterwards({ olderRuns }) {
      assert.equal(olderRuns, 0);
    },
  },
  'trims: all that is cached goes back': {
    inFinalizer(scene) {
      const { gc } = scene;
      unlessClosing(scene, () => scene.alloc(64 * KiB).dispose());
      unlessClosing(scene, () => gc.trim());
      if (!atClose(scene)) assert.equal(gc.stats().cached_bytes, 0);
    },
    afterwards() {},
  },
  'stops the visualizer: the end stays untold': {
    inFinalizer({ gc }) {
      gc.visualizer.stop();
    },
    afterwards({ gc, id }) {
      assert.equal(gc.visualizer.running, false);
      assert.equal(gc.visualizer.snapshot().lifecycles.find((row) => row.id === id).freeEvent, null);
    },
  },
  'closes the manager: around the end, which then goes on': {
    inFinalizer({ gc, other }) {
      gc.close();
      assert.equal(gc.closed, true);
      // Within a close another does nothing; any other has ended what lived.
      assert.equal(other.disposed, gc.stats().closed_buffers > 0);
      assert.throws(() => gc.alloc(8), ClosedError);
    },
    afterwards({ gc, other }) {
      assert.equal(other.disposed, true);
      assert.equal(gc.stats().live_buffers, 0);
    },
  },
  'links: the living as ever, what ended never': {
    inFinalizer(scene) {
      const { gc, other } = scene;
      const held = unlessClosing(scene, () => scene.alloc(100));
      if (held === null) gc.link(other, scene.self);
      else gc.link(other, held);
      scene.linked = held === null ? null : gc.weak(held);
      refusedByTheDead(scene, (self) => gc.link(self, other));
      refusedByTheDead(scene, (self) => gc.link(other, self));
      held?.dispose();
    },
    afterwards({ gc, other, way }) {
      if (way === 'close') return;
      assert.equal(gc.stats().edges, 1);
      const { live_buffers: before } = gc.stats();
      other.dispose();
      assert.equal(gc.stats().live_buffers, before - 2, 'what was linked went with its holder');
    },
  },
  'views: the living as ever, what ended never': {
    inFinalizer(scene) {
      scene.made = unlessClosing(scene, () => scene.subview(scene.other, 8));
      refusedByTheDead(scene, (self) => self.subview(0));
      refusedByTheDead(scene, (self) => self.view());
      if (atClose(scene)) assert.equal(scene.self.view().length, scene.self.nbytes);
    },
    afterwards({ made }) {
      if (made !== null) assert.ok(made.view().every((byte) => byte === 7));
    },
  },
};

/** How a buffer may end, and the cause that is told of it. `make` makes it where it is not to be made at once. */
const ways = {
  dispose: { cause: 'dispose', end: ({ self }) => self.dispose() },
  destroy: { cause: 'dispose', end: ({ self }) => self.destroy() },
  'the end of a scope': { cause: 'dispose', scoped: true, end() {} },
  collect: {
    cause: 'collected',
    end(scene) {
      leaveCycle(scene);
      scene.gc.collect();
    },
  },
  'an allocation at the budget': {
    cause: 'collected',
    end(scene) {
      leaveCycle(scene);
      // Only a close in its midst refuses it.
      const room = () => scene.alloc(768 * KiB);
      if (scene.point.startsWith('closes')) assert.throws(room, ClosedError);
      else room().dispose();
    },
  },
  close: { cause: 'closed', end: ({ gc }) => gc.close() },
};
/** The one that cannot be asked for at once. */
const engine = { cause: 'finalized', end: (scene) => (scene.self = null) };

function leaveCycle({ gc, self }) {
  gc.link(self, self);
  self.dispose();
}

/** A buffer that will end, with an older finalizer beside the one under test, and another that lives on. */
async function stage(point, way, hardened) {
  const gc = await load({ budgetBytes: MiB, visualizer: true, hardened, sites: false });
  const scene = { gc, point, way, born: 0, runs: 0, olderRuns: 0, furtherRuns: 0, errors: [], wrong: [], made: null };
  gc.onError((error) => scene.errors.push(error.message));
  gc.onMisuse((misuse) => scene.wrong.push(misuse));
  const counted = (buffer) => {
    scene.born += 1;
    return buffer;
  };
  scene.alloc = (spec) => counted(gc.alloc(spec));
  scene.subview = (base, byteOffset) => counted(base.subview(byteOffset));
  scene.other = scene.alloc({ nbytes: 200, label: 'other' }).fill(7);
  return scene;
}

function enter(scene) {
  const { gc, point } = scene;
  scene.self = scene.alloc({ nbytes: 384 * KiB, label: 'self' });
  scene.id = scene.self.id;
  scene.weak = gc.weak(scene.self);
  scene.older = gc.finalize(scene.self, null, () => (scene.olderRuns += 1));
  gc.finalize(scene.self, null, () => {
    scene.runs += 1;
    try {
      points[point].inFinalizer(scene);
    } catch (error) {
      if (error.message === 'thrown') throw error;
      scene.wrong.push(error);
    }
  });
}

function check(scene, cause) {
  const { gc, other, older, point, id, born } = scene;
  assert.deepEqual(scene.wrong, []);
  assert.equal(scene.runs, 1);
  assert.equal(scene.olderRuns, point.startsWith('detaches') ? 0 : 1);
  assert.equal(older.alive, false);
  points[point].afterwards(scene);
  assert.deepEqual(scene.errors, []);
  if (!other.disposed) assert.ok(other.view().every((byte) => byte === 7));
  if (gc.visualizer.running) {
    const told = gc.visualizer.snapshot().lifecycles;
    assert.equal(told.length, born);
    // At close a finalizer may end it before.
    const itself = point.startsWith('frees itself') && cause === 'closed';
    assert.equal(told.find((row) => row.id === id).cause, itself ? 'dispose' : cause);
  }
  if (!gc.closed) {
    const again = scene.alloc(1000).fill(9);
    assert.ok(again.view().every((byte) => byte === 9));
    again.dispose();
  }
  for (const buffer of [scene.self, scene.made, other]) buffer?.dispose();
  if (!gc.closed) {
    gc.collect();
    gc.trim();
  }
  const stats = gc.stats();
  for (const name of ['live_buffers', 'live_views', 'live_bytes', 'live_blocks', 'edges', 'finalizers_alive'])
    assert.equal(stats[name], 0, name);
  for (const name of ['cached_bytes', 'reserved_bytes']) assert.equal(stats[name], 0, name);
  const ended = ['disposed', 'finalized', 'collected', 'closed'].map((how) => stats[`${how}_buffers`]);
  assert.equal(
    ended.reduce((sum, count) => sum + count),
    scene.born,
  );
  assert.equal(stats.allocations, stats.frees);
  assert.equal(stats.finalizers_run, scene.runs + scene.olderRuns + scene.furtherRuns);
  assert.ok(stats.peak_reserved_bytes <= MiB);
  gc.close();
  assert.deepEqual(scene.wrong, []);
}

for (const hardened of [false, true]) {
  const core = hardened ? 'hardened core' : 'core';
  for (const point of Object.keys(points)) {
    test(`${core}: a finalizer ${point}`, async (t) => {
      for (const [way, { cause, end, scoped }] of Object.entries(ways)) {
        await t.test(way, async () => {
          const scene = await stage(point, way, hardened);
          if (scoped) scene.gc.scope(() => enter(scene));
          else enter(scene);
          end(scene);
          check(scene, cause);
        });
      }
    });
  }
  test(`${core}: each of them, when the engine collects the handle`, async (t) => {
    const scenes = [];
    for (const point of Object.keys(points)) scenes.push(await stage(point, 'engine', hardened));
    // Of a turn of their own, so that no frame of this one holds them.
    await (async () => {
      for (const scene of scenes) enter(scene);
      for (const scene of scenes) engine.end(scene);
    })();
    assert.equal(await collectUntil(() => scenes.every(({ runs }) => runs === 1)), true);
    for (const scene of scenes) await t.test(scene.point, () => check(scene, engine.cause));
  });
}

test('a pin that is let go of once more from within the end that it brings about goes once', async () => {
  const gc = await load({ budgetBytes: MiB });
  const pinned = () => {
    const buffer = gc.alloc(1000);
    const pin = buffer.pin();
    return { buffer, pin };
  };
  const { buffer, pin } = pinned();
  gc.finalize(buffer, null, () => pin.dispose());
  buffer.dispose();
  assert.equal(gc.stats().live_buffers, 1, 'the pin holds it');
  pin.dispose();
  // Let go of twice, its memory would now be two pins at once.
  const pins = Array.from({ length: 8 }, pinned).map(({ buffer, pin }) => {
    buffer.dispose();
    return pin;
  });
  pins.forEach((pin, index) => {
    pin.dispose();
    assert.equal(gc.stats().live_buffers, 7 - index);
  });
});
