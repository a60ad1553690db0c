// Replays a recorded run through this allocator: the same sizes, in the same order, released at
// the same events. A step is one sixtieth of a second of the recording's clock, times the speed.
import type { Buffer } from '../package';
import type { ReplayOutput } from '../protocol';
import { shapeOf, type TraceEvent } from '../trace-events';
import type { Bench, Workload } from '../workload';

const FRAME_NS = 1e9 / 60;
const MOST_EVENTS = 2000; // in one step, so that a burst does not stall the page

export class ReplayWorkload implements Workload {
  readonly #bench: Bench;
  readonly #events: readonly TraceEvent[];
  readonly #sample: string;
  readonly #alive = new Map<number, Buffer>();
  readonly #firstNs: number;
  readonly #lastNs: number;
  #speed: number;
  #next = 0;
  #clockNs: number;
  #kernel = '';
  #aliveBytes = 0;
  #recordedHits = 0;
  #allocations = 0;
  #recordedHeldBytes = 0;
  #levels: ReplayOutput['levels'] = [];

  constructor(bench: Bench, sample: string, events: readonly TraceEvent[], speed: number) {
    this.#bench = bench;
    this.#sample = sample;
    this.#events = events;
    this.#speed = speed;
    this.#firstNs = events[0]?.t ?? 0;
    this.#lastNs = events.at(-1)?.t ?? 0;
    this.#clockNs = this.#firstNs;
  }

  init(): void {
    this.#bench.mark(`replay ${this.#sample}`);
  }

  get done(): boolean {
    return this.#next >= this.#events.length;
  }

  setOption(name: string, value: string): void {
    if (name === 'speed') this.#speed = Number(value);
  }

  step(): void | Promise<void> {
    return this.#bench.release === 'gc' ? this.#bench.room(16 * 2 ** 20).then(() => this.#advance()) : this.#advance();
  }

  #advance(): void {
    // A stretch in which nothing happened is skipped, not waited for.
    const upcoming = this.#events[this.#next]?.t ?? this.#lastNs;
    this.#clockNs = Math.max(this.#clockNs + FRAME_NS * this.#speed, upcoming);
    for (let taken = 0; taken < MOST_EVENTS; taken++) {
      const event = this.#events[this.#next];
      if (!event || event.t > this.#clockNs) break;
      this.#apply(event);
      this.#next++;
    }
    const reserved = this.#bench.gc.stats().reserved_bytes ?? 0;
    this.#levels.push([this.#next, this.#aliveBytes, this.#recordedHeldBytes, reserved]);
  }

  #apply(event: TraceEvent): void {
    if (event.op === 'alloc') this.#allocate(event);
    else if (event.op === 'free') this.#free(event);
    else if (event.op === 'use') this.#use(event);
    else if (event.op === 'mark') this.#bench.mark(event.name ?? event.label ?? 'mark');
  }

  #allocate(event: TraceEvent): void {
    const { dtype, shape } = shapeOf(event);
    const buffer = this.#bench.alloc(event.label ?? 'buffer', dtype, shape);
    this.#alive.set(event.id!, buffer);
    this.#aliveBytes += buffer.nbytes;
    this.#allocations++;
    if (event.src === 'lru_hit') this.#recordedHits++;
    else this.#recordedHeldBytes += buffer.nbytes;
  }

  #free(event: TraceEvent): void {
    const buffer = this.#alive.get(event.id!);
    if (!buffer) return;
    this.#alive.delete(event.id!);
    this.#aliveBytes -= buffer.nbytes;
    if (event.to !== 'lru') this.#recordedHeldBytes -= buffer.nbytes; // else it went into the recorder's cache
    this.#bench.done(buffer);
  }

  #use(event: TraceEvent): void {
    const read: Buffer[] = [];
    const write: Buffer[] = [];
    for (const [id, access] of event.bufs ?? []) {
      const buffer = this.#alive.get(id);
      if (!buffer) continue;
      if (access.includes('r')) read.push(buffer);
      if (access.includes('w')) write.push(buffer);
    }
    this.#kernel = event.kernel ?? '';
    this.#bench.kernel(this.#kernel, read, write, () => {});
  }

  output(): ReplayOutput {
    const levels = this.#levels;
    this.#levels = [];
    return {
      levels,
      workload: 'replay',
      sample: this.#sample,
      events: this.#next,
      totalEvents: this.#events.length,
      recordedNs: Math.min(this.#clockNs, this.#lastNs) - this.#firstNs,
      totalNs: this.#lastNs - this.#firstNs,
      alive: this.#alive.size,
      aliveBytes: this.#aliveBytes,
      kernel: this.#kernel,
      recordedHits: this.#recordedHits,
      recordedAllocations: this.#allocations,
      replayedHits: this.#bench.gc.stats().hits ?? 0,
    };
  }
}
