// What JavaScript handles cost, beside an Embind smart pointer and plain bookkeeping: runs in Node and in a page.
// Every case takes turns with its peer, `rounds` times; the median of each is told, in ns.

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const turn = () =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });

const blockBytes = 256;
const alive = 5_000;
/** Stretches of so many: what the engine collects meanwhile falls into one of them, or does not. */
const holds = 5;
const dropped = 50_000;
const temporaries = 10;

/** ns for one of `count` calls, and what has to settle between two measurements. */
async function timed(count, call) {
  await turn();
  const start = performance.now();
  for (let i = 0; i < count; i += 1) call();
  const ns = ((performance.now() - start) * 1e6) / count;
  await turn();
  return ns;
}

/** As TensorFlow.js' tidy does, written plainly: what a callback made is noted in a Set, and freed at its end. */
function plainScopes({ _peer_malloc: malloc, _peer_free: free }) {
  const open = [];
  return {
    make(nbytes) {
      const block = { pointer: malloc(nbytes), nbytes };
      open.at(-1).add(block);
      return block;
    },
    scope(callback) {
      const made = new Set();
      open.push(made);
      const result = callback();
      open.pop();
      for (const block of made) if (block !== result) free(block.pointer);
      return result;
    },
  };
}

/** Makes and drops handles; ns a handle until the last is released. The engine's collector is asked the same way for both. */
async function untilFinalized(make, live) {
  await turn();
  const before = live();
  const start = performance.now();
  for (let i = 0; i < dropped; i += 1) make();
  for (let tries = 0; live() > before; tries += 1) {
    if (tries > 200) throw new Error(`${live() - before} handles are never released`);
    await turn();
    globalThis.gc();
    await turn();
  }
  return ((performance.now() - start) * 1e6) / dropped;
}

export async function measureHandles({ load, wasm, createPeer, rounds, pairs }) {
  const peer = await createPeer();
  peer._peer_free(peer._peer_malloc(1)); // the first call binds both exports
  const off = await load({ wasm });
  const on = await load({ wasm, visualizer: true });
  const plain = plainScopes(peer);
  const hold = (make, end) => () => {
    const held = [];
    for (let i = 0; i < alive; i += 1) held.push(make());
    for (const handle of held) end(handle);
  };
  const makePeer = () => new peer.PeerBuffer(blockBytes);
  const endPeer = (handle) => handle.delete();
  const dispose = (handle) => handle.dispose();
  const fill = (make) => () => {
    for (let i = 0; i < temporaries; i += 1) make(blockBytes);
  };
  const fillOff = fill((nbytes) => off.alloc(nbytes));
  const fillPlain = fill((nbytes) => plain.make(nbytes));
  const cases = {
    pair: {
      bufgc: () => timed(pairs, () => off.alloc(blockBytes).dispose()),
      watched: () => timed(pairs, () => on.alloc(blockBytes).dispose()),
      peer: () => timed(pairs / 10, () => makePeer().delete()),
    },
    alive: {
      bufgc: async () =>
        (await timed(
          4 * holds,
          hold(() => off.alloc(blockBytes), dispose),
        )) / alive,
      watched: async () =>
        (await timed(
          4 * holds,
          hold(() => on.alloc(blockBytes), dispose),
        )) / alive,
      peer: async () => (await timed(holds, hold(makePeer, endPeer))) / alive,
    },
    finalized: {
      bufgc: () =>
        untilFinalized(
          () => off.alloc(blockBytes),
          () => off.stats().live_buffers,
        ),
      peer: () => untilFinalized(makePeer, () => peer.live()),
    },
    scope: {
      bufgc: () => timed(pairs / 10, () => off.scope(fillOff)),
      peer: () => timed(pairs / 10, () => plain.scope(fillPlain)),
    },
  };
  const found = {};
  for (const [name, runs] of Object.entries(cases)) {
    found[name] = {};
    const samples = Object.fromEntries(Object.keys(runs).map((who) => [who, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const [who, run] of Object.entries(runs)) {
        const ns = await run();
        if (round > 0) samples[who].push(ns); // the first warms up
      }
      on.visualizer.clear();
    }
    for (const who of Object.keys(runs)) found[name][who] = median(samples[who]);
  }
  off.close();
  on.close();
  return found;
}
