// A program of the package whose buffers compaction moves, recorded: what the page is to draw.
import { load } from '../../wasm/dist/index.js';

/** The trace as NDJSON. Buffers of many sizes come and go under a budget that is only just enough. */
export async function recordMoves() {
  const gc = await load({ budgetBytes: 12 * 2 ** 20, visualizer: true });
  try {
    let state = 20;
    const below = (most) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >>> 8) % most;
    };
    const held = [];
    for (let step = 0; step < 160; step += 1) {
      const nbytes = (1 + below(step % 9 === 0 ? 48 : 12)) * 64 * 1024;
      while (held.reduce((sum, buffer) => sum + buffer.nbytes, nbytes) > 12 * 2 ** 20) {
        held.splice(below(held.length), 1)[0].dispose();
      }
      held.push(gc.alloc({ nbytes, label: ['weights', 'activations', 'gradients'][step % 3] }));
    }
    return new TextDecoder().decode(gc.visualizer.export('ndjson'));
  } finally {
    gc.close();
  }
}
