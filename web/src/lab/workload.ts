// What a workload is, and the bench it works on. A workload allocates through the bench, so that
// one switch decides who releases: the workload by hand, a scope, or the engine's GC alone.
import type { ReleaseLedger } from './ledger';
import type { AllocSpec, Buffer, DType, Manager } from './package';
import type { OptionValues, Picture, Release, WorkloadOutput } from './protocol';
import { Random } from './random';

/** How long the engine's GC may take to release something; a busy machine is slow at it. */
const PATIENCE_MS = 20_000;

export interface Workload {
  /** Allocates what lasts. */
  init(): void | Promise<void>;
  /** One step: deterministic from the seed, the options, and the number of the step. */
  step(): void | Promise<void>;
  /** True when there is nothing left to do. */
  readonly done: boolean;
  /** What is new since the last call, for the page to draw. */
  output(): WorkloadOutput;
  /** An option changed while running. */
  setOption?(name: string, value: string): void;
  setPicture?(picture: Picture | null): void;
}

export interface BenchOptions {
  seed: number;
  release: Release;
  ledger?: ReleaseLedger;
}

export class Bench {
  readonly gc: Manager;
  readonly random: Random;
  release: Release;
  readonly #ledger: ReleaseLedger | undefined;

  constructor(gc: Manager, options: BenchOptions) {
    this.gc = gc;
    this.random = new Random(options.seed);
    this.release = options.release;
    this.#ledger = options.ledger;
  }

  alloc<D extends DType>(label: string, dtype: D, shape: readonly number[]): Buffer<D> {
    return this.allocSpec({ label, dtype, shape });
  }

  allocSpec<D extends DType>(spec: AllocSpec<D>): Buffer<D> {
    const buffer = this.gc.alloc(spec);
    this.#ledger?.watch(this.gc, buffer);
    return buffer;
  }

  async allocAsync<D extends DType>(spec: AllocSpec<D>): Promise<Buffer<D>> {
    const buffer = await this.gc.allocAsync(spec, { timeoutMs: PATIENCE_MS });
    this.#ledger?.watch(this.gc, buffer);
    return buffer;
  }

  /** The step needs these no longer: disposed by hand, else left to the scope or to the GC. */
  done(...buffers: Buffer[]): void {
    if (this.release === 'hand') for (const buffer of buffers) buffer.dispose();
  }

  /** Temporaries made inside end with it when scopes release. */
  block(run: () => void): void {
    if (this.release === 'scope') this.gc.scope(run);
    else run();
  }

  /** Made inside a block, and meant to outlast it. */
  keep<D extends DType>(buffer: Buffer<D>): Buffer<D> {
    return this.release === 'scope' ? this.gc.keep(buffer) : buffer;
  }

  /**
   * Before a step whose temporaries only the GC will release: waits until so many bytes fit. A
   * synchronous stretch cannot be given memory back, for no finalizer runs within it.
   */
  async room(nbytes: number): Promise<void> {
    if (this.release !== 'gc') return;
    const { live_bytes: live = 0, rounding_bytes: rounding = 0 } = this.gc.stats();
    if (live + rounding + nbytes <= this.gc.budgetBytes * 0.75) return;
    (await this.gc.allocAsync({ nbytes, label: 'headroom' }, { timeoutMs: PATIENCE_MS })).dispose();
  }

  /** Runs a kernel and tells the visualizer what it read and wrote. */
  kernel(name: string, read: readonly Buffer[], write: readonly Buffer[], run: () => void): void {
    run();
    if (this.gc.visualizer.running) this.gc.visualizer.use(name, { read, write });
  }

  /** A phase begins. */
  mark(name: string): void {
    if (this.gc.visualizer.running) this.gc.visualizer.mark(name);
  }
}

export type WorkloadSource = (bench: Bench, options: OptionValues) => Workload;
