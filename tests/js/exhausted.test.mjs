// Where memory is used up: by what the library notes beside the buffers, which no budget bounds. Each call either
// does all that it should or throws the one error that says so, and everything goes on once there is room again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufgcError, load, OutOfMemoryError, open } from './package.mjs';

const pageBytes = 65_536;

/** A manager in a memory of so many pages, which cannot grow. */
async function openIn(t, pages, options) {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor() {
      super({ initial: pages, maximum: pages });
    }
  };
  try {
    return await open(t, { stableViews: true, budgetBytes: pages * pageBytes, ...options });
  } finally {
    WebAssembly.Memory = Memory;
  }
}

/** Pins take the least memory that a note can: after these there is none. */
function useUp(buffer) {
  const pins = [];
  for (;;) {
    try {
      pins.push(buffer.pin());
    } catch (error) {
      assert.ok(error instanceof OutOfMemoryError, String(error));
      return pins;
    }
  }
}

/** What a call that did nothing leaves as it was. */
function figures(gc) {
  const { live_buffers, live_bytes, live_views, finalizers_alive, edges } = gc.stats();
  return { live_buffers, live_bytes, live_views, finalizers_alive, edges };
}

const calls = {
  pin: ({ buffer }) => {
    const pin = buffer.pin();
    return () => pin.dispose();
  },
  finalize: ({ gc, buffer }) => {
    let ran = 0;
    const finalizer = gc.finalize(buffer, 'held', () => {
      ran += 1;
    });
    return () => {
      finalizer.call();
      assert.equal(ran, 1);
    };
  },
  iteration: ({ gc }) => {
    const step = gc.iteration();
    return () => {
      step.run(() => gc.alloc(8).dispose());
      step[Symbol.dispose]();
    };
  },
  'a short label': ({ gc }) => disposed(gc.alloc({ nbytes: 8, label: 'frame' })),
  'a long label': ({ gc }) => disposed(gc.alloc({ nbytes: 8, label: 'frame'.repeat(50) })),
  'a label of a subview': ({ buffer }) => disposed(buffer.subview(8, { label: 'frame'.repeat(50) })),
  'a place of birth': ({ gc }) => {
    gc.sitesEnabled = true;
    try {
      return disposed(gc.alloc(8));
    } finally {
      gc.sitesEnabled = false;
    }
  },
  link: ({ gc, buffer, other }) => {
    gc.link(buffer, other);
    return () => gc.unlink(buffer, other);
  },
};
const disposed = (buffer) => () => buffer.dispose();

for (const [name, call] of Object.entries(calls)) {
  test(`${name}: with any room left it is done or refused, and refused without a trace`, async (t) => {
    const gc = await openIn(t, 24);
    const buffer = gc.alloc(64).fill(3);
    const other = gc.alloc(64).fill(4);
    const pins = useUp(buffer);
    assert.ok(pins.length > 1000, `${pins.length} pins`);
    let refused = 0;
    let done = 0;
    // From nothing left to more than it can want: by 16 bytes, and at last by the doubled.
    for (let room = 0; pins.length > 0; room += 1) {
      const before = figures(gc);
      try {
        call({ gc, buffer, other })();
        done += 1;
      } catch (error) {
        assert.ok(error instanceof OutOfMemoryError, `${room} pins less: ${error.stack}`);
        assert.equal(error.code, 'out_of_memory');
        assert.match(error.message, /^no room for .* in /);
        assert.equal(error.stats.live_buffers, before.live_buffers);
        assert.equal(done, 0, 'what was done once is done with more room');
        refused += 1;
      }
      assert.deepEqual(figures(gc), before);
      for (const pin of pins.splice(room < 64 ? -1 : -room)) pin.dispose();
    }
    assert.ok(refused > 0 && done > 0, `${refused} refused, ${done} done`);
    assert.ok(buffer.view().every((byte) => byte === 3) && other.view().every((byte) => byte === 4));
    gc.close();
    assert.equal(gc.stats().live_bytes, 0);
  });
}

const questions = {
  snapshot: ({ visualizer }) => visualizer.snapshot().lifecycles.length,
  'export ndjson': ({ visualizer }) => visualizer.export('ndjson').length,
  'export csv': ({ visualizer }) => visualizer.export('csv').length,
  'export chrome': ({ visualizer }) => visualizer.export('chrome').length,
  'export bufgc': ({ visualizer }) => visualizer.export('bufgc').length,
  exportSince: ({ visualizer }) => visualizer.exportSince(0).ndjson.length,
};

test('what the visualizer is asked it answers whole, or refuses, with any room left', async (t) => {
  const gc = await openIn(t, 40, { visualizer: true, visualizerEvents: 4096 });
  const buffer = gc.alloc(64);
  for (let i = 0; i < 500; i += 1) gc.alloc({ nbytes: 8, label: `buffer ${i % 50}` }).dispose();
  const answers = Object.fromEntries(Object.entries(questions).map(([name, ask]) => [name, ask(gc)]));
  const pins = useUp(buffer);
  const refused = new Set();
  while (pins.length > 0) {
    for (const [name, ask] of Object.entries(questions)) {
      try {
        assert.equal(ask(gc), answers[name], name);
      } catch (error) {
        assert.ok(error instanceof OutOfMemoryError, `${name}: ${error.stack}`);
        refused.add(name);
      }
    }
    for (const pin of pins.splice(-Math.ceil(pins.length / 8))) pin.dispose();
  }
  assert.deepEqual([...refused].sort(), Object.keys(questions).sort());
  for (const [name, ask] of Object.entries(questions)) assert.equal(ask(gc), answers[name], name);
});

test('a visualizer without room records what it can, and is told what it cannot', async (t) => {
  const gc = await openIn(t, 40, { visualizerEvents: 4096 });
  const buffer = gc.alloc(64);
  const rooms = [0, 1, 4, 16, 64, 256, 1024, 4096, 16_384];
  for (const room of rooms) {
    const pins = useUp(buffer);
    for (const pin of pins.splice(-Math.max(1, Math.min(room, pins.length)))) pin.dispose();
    const does = [
      () => gc.visualizer.start(),
      () => gc.visualizer.subscribe(() => {})(),
      () => gc.visualizer.mark(`mark ${room}`),
      () => gc.visualizer.use('kernel'.repeat(20), { read: [buffer] }),
      () => gc.visualizer.stream(new WritableStream()).close(),
      () => gc.alloc({ nbytes: 8, label: `made ${room}` }).dispose(),
      () => gc.link(buffer, buffer),
      () => gc.visualizer.stop(),
    ];
    for (const act of does) {
      try {
        await act();
      } catch (error) {
        assert.ok(error instanceof BufgcError, `${act}, room ${room}: ${error.stack}`);
      }
    }
    for (const pin of pins) pin.dispose();
  }
  gc.visualizer.start();
  gc.visualizer.clear();
  const last = gc.alloc({ nbytes: 8, label: 'last' });
  const { lifecycles } = gc.visualizer.snapshot();
  // What was made while the log had no room is not in it, and that alone.
  const alive = lifecycles.filter(({ freeEvent, id }) => freeEvent === null && id !== buffer.id);
  assert.deepEqual(
    alive.map(({ label, id }) => [label, id]),
    [['last', last.id]],
  );
});

test('the memory that the engine itself refuses is told as ours is', async () => {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class {
    constructor() {
      throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    }
  };
  try {
    await assert.rejects(load({ stableViews: true, budgetBytes: 2 ** 20 }), {
      code: 'out_of_memory',
      requestedBytes: 2 ** 20 + 2 ** 28,
    });
  } finally {
    WebAssembly.Memory = Memory;
  }
});
