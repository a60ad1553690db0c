// Nobody disposes: frames are made, written, and dropped. Only the engine's GC can notice, and it
// sees nothing but tiny handles; `allocAsync` provokes it whenever the budget is reached.
import type { Buffer } from '../package';
import type { NobodyOutput } from '../protocol';
import type { Bench, Workload } from '../workload';

const MIB = 2 ** 20;
const SMALLEST = 1;
const LARGEST = 8; // MiB
const WINDOW = 4; // a player keeps the latest frames to compare them

export class NobodyWorkload implements Workload {
  readonly done = false;
  readonly #bench: Bench;
  readonly #latest: Buffer<'uint8'>[] = [];
  #frames = 0;
  #dropped = 0;
  #droppedBytes = 0;
  #waits = 0;
  #slowestWaitMs = 0;
  #levels: NobodyOutput['levels'] = [];

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  init(): void {
    this.#bench.mark('handles are dropped from here on');
  }

  async step(): Promise<void> {
    const { random, gc } = this.#bench;
    const nbytes = random.integer(SMALLEST * 16, LARGEST * 16 + 1) * (MIB / 16);
    const before = gc.stats().pressure_calls ?? 0;
    const began = performance.now();
    const frame = await this.#bench.allocAsync({ nbytes, dtype: 'uint8', label: 'frame' });
    const waitedMs = performance.now() - began;
    if ((gc.stats().pressure_calls ?? 0) > before || waitedMs > 5) {
      this.#waits++;
      this.#slowestWaitMs = Math.max(this.#slowestWaitMs, waitedMs);
    }
    this.#bench.kernel('decode', [], [frame], () => {
      const bytes = frame.view();
      for (let i = 0; i < bytes.length; i += 4096) bytes[i] = random.uint32() & 0xff;
    });
    this.#compare(frame);
    this.#latest.push(frame);
    if (this.#latest.length > WINDOW) {
      const oldest = this.#latest.shift()!;
      this.#dropped++;
      this.#droppedBytes += oldest.nbytes; // and no dispose: from here nobody holds it
    }
    this.#frames++;
    const { live_bytes: live = 0, reserved_bytes: reserved = 0 } = gc.stats();
    this.#levels.push([this.#frames, live, reserved]);
  }

  /** Reads the frames still held, as a player that detects motion would. */
  #compare(frame: Buffer<'uint8'>): void {
    const previous = this.#latest.at(-1);
    if (!previous) return;
    this.#bench.kernel('difference', [previous, frame], [], () => {
      const a = previous.view();
      const b = frame.view();
      let changed = 0;
      for (let i = 0; i < Math.min(a.length, b.length); i += 4096) if (a[i] !== b[i]) changed++;
      return changed;
    });
  }

  output(): NobodyOutput {
    const stats = this.#bench.gc.stats();
    const levels = this.#levels;
    this.#levels = [];
    return {
      workload: 'nobody',
      levels,
      dropped: this.#dropped,
      droppedBytes: this.#droppedBytes,
      reclaimed: stats.finalized_buffers ?? 0,
      held: this.#latest.length,
      waits: this.#waits,
      slowestWaitMs: this.#slowestWaitMs,
      budgetBytes: this.#bench.gc.budgetBytes,
    };
  }
}
