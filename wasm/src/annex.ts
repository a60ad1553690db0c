// The second module: it plans iterations and reads what the visualizer recorded. Programs that do neither
// never load it. Where its bytes are at hand (Node, or bytes given to `load`) it is there when asked for.
import { InvalidStateError } from './errors.js';
import { type Core, startAnnex } from './instance.js';
import type { ModuleSource } from './modules.js';

/** `wasm/bindings/annex.cpp`. `visualizer` is an address, as are answers: of pairs of address and count. */
export interface AnnexExports {
  _initialize(): void;
  bufgc_annex_plan(request: number): void;
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

/** Columns of a snapshot, one entry a lifetime; numbers as in src/bufgc/viz/lifecycles.hpp. */
export interface SnapshotColumns {
  /** 64 bits as JavaScript's numbers; what stands for "none" is -1. */
  readonly id: Float64Array;
  readonly size: Float64Array;
  readonly capacity: Float64Array;
  readonly address: Float64Array;
  readonly allocTimeNs: Float64Array;
  readonly freeTimeNs: Float64Array;
  readonly allocEvent: Uint32Array;
  readonly freeEvent: Uint32Array;
  readonly label: Uint32Array;
  readonly dtype: Uint32Array;
  readonly shape: Uint32Array;
  readonly site: Uint32Array;
  readonly thread: Uint32Array;
  readonly base: Uint32Array;
  readonly kind: Uint8Array;
  readonly cause: Uint8Array;
  readonly servedBy: Uint8Array;
  readonly freedTo: Uint8Array;
  /** Four numbers a use: event, row, kernel, access (in its lowest byte). */
  readonly uses: Uint32Array;
  /** Two numbers a mark: event, name. */
  readonly marks: Uint32Array;
  /** Six numbers a move: event, row, and low and high half of the addresses from and to. */
  readonly moves: Uint32Array;
  readonly strings: readonly string[];
  readonly folded: { events: number; buffers: number; bytes: number; maxLiveBytes: number; maxLiveBuffers: number };
}

const decoder = new TextDecoder();

export class Annex {
  readonly #core: Core;
  readonly #source: ModuleSource;
  #exports: AnnexExports | null = null;
  #ordered: Promise<void> | null = null;
  #failure: unknown = null;

  constructor(core: Core, source: ModuleSource) {
    this.#core = core;
    this.#source = source;
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

  /** Throws where it is not there yet, and names what to await, or why the last try failed. */
  reader(operation: string, awaited: string): AnnexReader {
    const exports = this.#now();
    if (exports !== null) return new AnnexReader(this.#core, exports);
    if (this.#failure !== null) throw this.#failure;
    throw new InvalidStateError(`${operation}: bufgc_annex.wasm is still loading: await ${awaited} before`);
  }

  #now(): AnnexExports | null {
    if (this.#exports !== null) return this.#exports;
    const module = this.#source.compiledNow();
    if (module !== undefined) this.#start(module);
    else this.order();
    return this.#exports;
  }

  async #load(): Promise<void> {
    try {
      this.#start(await this.#source.compiled());
    } catch (error) {
      this.#failure = error;
      this.#ordered = null;
      throw error;
    }
  }

  #start(module: WebAssembly.Module): void {
    this.#exports ??= startAnnex(module, this.#core);
  }
}

/** Copies answers out of the shared memory, and lets the annex forget them. */
export class AnnexReader {
  readonly #core: Core;
  readonly #exports: AnnexExports;

  constructor(core: Core, exports: AnnexExports) {
    this.#core = core;
    this.#exports = exports;
  }

  snapshot(visualizer: number): SnapshotColumns {
    const columns = this.#columns(this.#exports.bufgc_annex_snapshot(visualizer));
    const [events = 0, buffers = 0, bytes = 0, maxLiveBytes = 0, maxLiveBuffers = 0] = columns.numbers(23, 5);
    const snapshot = {
      id: columns.numbers(0),
      size: columns.numbers(1),
      capacity: columns.numbers(2),
      address: columns.numbers(3),
      allocTimeNs: columns.numbers(4),
      freeTimeNs: columns.numbers(5),
      allocEvent: columns.words(6),
      freeEvent: columns.words(7),
      label: columns.words(8),
      dtype: columns.words(9),
      shape: columns.words(10),
      site: columns.words(11),
      thread: columns.words(12),
      base: columns.words(13),
      kind: columns.bytes(14),
      cause: columns.bytes(15),
      servedBy: columns.bytes(16),
      freedTo: columns.bytes(17),
      uses: columns.words(18, 4),
      marks: columns.words(19, 2),
      moves: columns.words(20, 6),
      strings: columns.strings(21, 22),
      folded: { events, buffers, bytes, maxLiveBytes, maxLiveBuffers },
    };
    this.#exports.bufgc_annex_drop();
    return snapshot;
  }

  export(visualizer: number, format: number): Uint8Array {
    return this.text(this.#exports.bufgc_annex_export(visualizer, format));
  }

  exportSince(visualizer: number, from: number): { ndjson: Uint8Array; next: number } {
    const place = this.#exports.bufgc_annex_export_since(visualizer, from);
    const next = this.#exports.bufgc_annex_next_event();
    return { ndjson: this.text(place), next };
  }

  stream(visualizer: number): OutgoingTrace {
    return new OutgoingTrace(this, this.#exports, visualizer);
  }

  /** What the last call answered with, which the annex then forgets. */
  text(place: number): Uint8Array {
    const bytes = this.#columns(place).bytes(0);
    this.#exports.bufgc_annex_drop();
    return bytes;
  }

  #columns(place: number): Columns {
    return new Columns(this.#core.memory.buffer, place >>> 0);
  }
}

/** What a trace on its way out is asked to do (`bufgc_annex_stream_step` in wasm/bindings/annex.cpp). */
export const StreamStep = { pull: 0, flush: 1, close: 2 } as const;

/** A trace on its way out: each step hands over the bytes that it wrote. Gone once it was closed. */
export class OutgoingTrace {
  readonly #reader: AnnexReader;
  readonly #exports: AnnexExports;
  readonly #stream: number;

  constructor(reader: AnnexReader, exports: AnnexExports, visualizer: number) {
    this.#reader = reader;
    this.#exports = exports;
    this.#stream = exports.bufgc_annex_stream_open(visualizer);
  }

  step(step: number): { bytes: Uint8Array; lostEvents: number } {
    const bytes = this.#reader.text(this.#exports.bufgc_annex_stream_step(this.#stream, step));
    const lostEvents = this.#exports.bufgc_annex_stream_lost_events(this.#stream);
    if (step === StreamStep.close) this.#exports.bufgc_annex_stream_drop(this.#stream);
    return { bytes, lostEvents };
  }
}

/** `Column`s of wasm/bindings/annex.cpp, as copies. An item may have several numbers. */
class Columns {
  readonly #buffer: ArrayBuffer;
  readonly #places: Uint32Array;

  constructor(buffer: ArrayBuffer, place: number) {
    this.#buffer = buffer;
    this.#places = new Uint32Array(buffer, place);
  }

  bytes(column: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#place(column), this.#count(column)).slice();
  }

  words(column: number, each = 1): Uint32Array {
    return new Uint32Array(this.#buffer, this.#place(column), this.#count(column) * each).slice();
  }

  /** 64-bit numbers, as near as doubles come; all bits set is -1. */
  numbers(column: number, each = 1): Float64Array {
    const count = this.#count(column) * each;
    const words = new Uint32Array(this.#buffer, this.#place(column), count * 2);
    const numbers = new Float64Array(count);
    for (let index = 0; index < count; index += 1) {
      const low = words[2 * index] as number;
      const high = words[2 * index + 1] as number;
      numbers[index] = (low & high) === -1 ? -1 : high * 2 ** 32 + low;
    }
    return numbers;
  }

  /** One text and where each string ends in it. */
  strings(text: number, ends: number): string[] {
    const bytes = new Uint8Array(this.#buffer, this.#place(text), this.#count(text));
    let begin = 0;
    return Array.from(this.words(ends), (end) => {
      const string = decoder.decode(bytes.subarray(begin, end));
      begin = end;
      return string;
    });
  }

  /** An empty column may have no address. */
  #place(column: number): number {
    return this.#places[column * 2] as number;
  }

  #count(column: number): number {
    return this.#places[column * 2 + 1] as number;
  }
}
