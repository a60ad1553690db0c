// A budget that holds while everything is dropped and nothing disposed: runs in Node, in a page and in a worker,
// without an exposed collector.
const MiB = 2 ** 20;
const turn = () =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });

async function untilReleased(gc) {
  const deadline = performance.now() + 30_000;
  while (gc.stats().live_buffers > 0 && performance.now() < deadline) {
    Array.from({ length: 4 }, () => new ArrayBuffer(1024 * MiB));
    await gc.drain();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const facts = (gc, us) => {
  const { allocations, live_buffers, peak_reserved_bytes, finalized_buffers } = gc.stats();
  return { us, allocations, live: live_buffers, peakReserved: peak_reserved_bytes, finalized: finalized_buffers };
};

/** `count` buffers of `nbytes`, each dropped at once, with `allocAsync`. `us` is the time of one. */
export async function dropWaiting({ load, wasm, count, nbytes, budgetBytes }) {
  const gc = await load({ wasm, budgetBytes });
  const start = performance.now();
  // In functions of their own: one that is suspended by an await keeps what it last had at hand.
  const drop = async (i) => {
    (await gc.allocAsync(nbytes, { timeoutMs: 60_000 })).view()[0] = i;
  };
  for (let i = 0; i < count; i += 1) await drop(i);
  const us = ((performance.now() - start) * 1000) / count;
  await untilReleased(gc);
  const found = facts(gc, us);
  gc.close();
  return found;
}

/** What the engine takes for as many plain arrays of that size. */
export async function dropPlain({ count, nbytes }) {
  const start = performance.now();
  for (let i = 0; i < count; i += 1) {
    new Float32Array(nbytes / 4)[0] = i;
    await null;
  }
  return ((performance.now() - start) * 1000) / count;
}

/** An event loop whose every turn drops a buffer made by plain `alloc`. */
export async function dropInTurns({ load, wasm, count, nbytes, budgetBytes }) {
  const gc = await load({ wasm, budgetBytes });
  const start = performance.now();
  let thrown = 0;
  const drop = (i) => {
    try {
      gc.alloc(nbytes).view()[0] = i;
    } catch {
      thrown += 1;
    }
  };
  for (let i = 0; i < count; i += 1) {
    drop(i);
    await turn();
  }
  const us = ((performance.now() - start) * 1000) / count;
  await untilReleased(gc);
  const found = { ...facts(gc, us), thrown };
  gc.close();
  return found;
}
