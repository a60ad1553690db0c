// The second module: it plans iterations and is the visualizer. Programs that use neither never load it. Where its bytes are at hand (Node, or bytes given to `load`) it is there when asked for.
import { InvalidStateError } from './errors.js';
import { type Core, startAnnex } from './instance.js';
import type { ModuleSource } from './modules.js';
import type { Recorder } from './recorder.js';

/** `wasm/bindings/annex.cpp`. `visualizer` is an address, as are answers: of pairs of address and count; 0 for want of memory. */
export interface AnnexExports {
  readonly __indirect_function_table: WebAssembly.Table;
  _initialize(): void;
  bufgc_annex_meanings(): number;
  bufgc_annex_plan(request: number): void;
  bufgc_annex_visualizer(maxEvents: number): number;
  bufgc_annex_visualizer_calls(): number;
  bufgc_annex_turn_ended(visualizer: number, handle: number): void;
  bufgc_annex_turn_begun(visualizer: number, handle: number): void;
  bufgc_annex_clear(visualizer: number): void;
  bufgc_annex_event_count(visualizer: number): number;
  bufgc_annex_log_bytes(visualizer: number): number;
  bufgc_annex_watch(visualizer: number, watch: boolean): number;
  /** Texts are addresses with their lengths. */
  bufgc_annex_mark(visualizer: number, name: number, nameBytes: number): void;
  bufgc_annex_gather_use(slot: number, generation: number, access: number): number;
  bufgc_annex_use(visualizer: number, kernel: number, kernelBytes: number): void;
  bufgc_annex_snapshot(visualizer: number): number;
  bufgc_annex_export(visualizer: number, format: number): number;
  bufgc_annex_export_since(visualizer: number, from: number): number;
  bufgc_annex_next_event(): number;
  bufgc_annex_stream_open(visualizer: number): number;
  bufgc_annex_stream_step(stream: number, step: number): number;
  bufgc_annex_stream_lost_events(stream: number): number;
  bufgc_annex_stream_drop(stream: number): void;
  bufgc_annex_drop(): void;
}

export class Annex {
  readonly #core: Core;
  readonly #source: ModuleSource;
  readonly #mostEvents: number;
  #exports: AnnexExports | null = null;
  /** The JavaScript that reads its answers. */
  #reading: typeof import('./recorder.js') | null = null;
  #recorder: Recorder | null = null;
  #ordered: Promise<void> | null = null;
  #failure: unknown = null;

  /** Its visualizer keeps `mostEvents` in full. */
  constructor(core: Core, source: ModuleSource, mostEvents: number) {
    this.#core = core;
    this.#source = source;
    this.#mostEvents = mostEvents;
  }

  /** Where its bytes are at hand, settles when it will be there as soon as it is asked for. */
  async prepare(): Promise<void> {
    if (this.#source.isAtHand) this.#reading = await import('./recorder.js');
  }

  /** Settles when it is there, or cannot be. */
  get ready(): Promise<void> {
    this.#ordered ??= this.#load();
    return this.#ordered;
  }

  /** Begins to load it, for what will be asked later: a failure is told then. */
  order(): void {
    this.ready.catch(() => {});
  }

  /** False where it is not there yet. */
  plan(request: number): boolean {
    const exports = this.#now();
    exports?.bufgc_annex_plan(request);
    return exports !== null;
  }

  /** What each statistic means, in the core's order. */
  async meanings(): Promise<string[]> {
    await this.ready;
    return this.#reading?.readMeanings(this.#core, this.#exports as AnnexExports) ?? [];
  }

  /** Null where it is not there yet: then it is being loaded. */
  recorderNow(): Recorder | null {
    const exports = this.#now();
    if (exports !== null && this.#reading !== null) {
      this.#recorder ??= new this.#reading.Recorder(this.#core, exports, this.#mostEvents);
    }
    return this.#recorder;
  }

  /** Throws where it is not there yet, and names what to await, or why the last try failed. */
  recorder(operation: string, awaited: string): Recorder {
    const recorder = this.recorderNow();
    if (recorder !== null) return recorder;
    if (this.#failure !== null) throw this.#failure;
    throw new InvalidStateError(`${operation}: bufgc_annex.wasm is still loading: await ${awaited} before`);
  }

  #now(): AnnexExports | null {
    try {
      if (this.#exports === null && this.#source.startedNow(this.#start) === undefined) this.order();
    } catch (error) {
      this.#failure = error; // nothing is thrown through the core, which may be asking
    }
    return this.#exports;
  }

  async #load(): Promise<void> {
    try {
      [this.#reading] = await Promise.all([import('./recorder.js'), this.#source.started(this.#start)]);
    } catch (error) {
      this.#failure = error;
      this.#ordered = null;
      throw error;
    }
  }

  readonly #start = (module: WebAssembly.Module): AnnexExports => {
    this.#exports ??= startAnnex(module, this.#core);
    return this.#exports;
  };
}
