// The door to one WebAssembly instance: the hot C exports (wasm/bindings/hot.cpp), the cold Embind
// functions (wasm/bindings/cold.cpp), and the memory that both share with JavaScript.
import type { CollectReport, SizeClassCount, StatisticInfo } from './types.js';

/** Handles, finalizers and texts are addresses; 0 means none. `hot.cpp` says what each call does. */
interface HotExports {
  _bufgc_mailbox(): number;
  _bufgc_text(bytes: number): number;
  _bufgc_alloc(nbytes: number): number;
  _bufgc_alloc_spec(nbytes: number, dtype: number, rank: number, textBytes: number, file: number, line: number): number;
  _bufgc_view(
    handle: number,
    byteOffset: number,
    nbytes: number,
    dtype: number,
    rank: number,
    textBytes: number,
    file: number,
    line: number,
  ): number;
  _bufgc_release(handle: number, cause: number): number;
  _bufgc_destroy(handle: number): number;
  _bufgc_data(handle: number): number;
  _bufgc_pin(handle: number): number;
  _bufgc_unpin(pin: number): void;
  _bufgc_root(handle: number): void;
  _bufgc_link(holder: number, held: number): number;
  _bufgc_unlink(holder: number, held: number): number;
  _bufgc_finalize(handle: number, key: number): number;
  _bufgc_finalizer_call(finalizer: number): void;
  _bufgc_finalizer_detach(finalizer: number): void;
  _bufgc_finalizer_set_at_exit(finalizer: number, atExit: number): void;
  _bufgc_finalizer_drop(finalizer: number): void;
  _bufgc_use(access: number, textBytes: number): void;
}

/** Columns of a snapshot, one entry a lifetime; numbers as in src/bufgc/viz/lifecycles.hpp. */
export interface SnapshotColumns {
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
  /** Four numbers a use: event, row, kernel, access. */
  readonly uses: Uint32Array;
  /** Two numbers a mark: event, name. */
  readonly marks: Uint32Array;
  /** Two numbers a move: event, row. */
  readonly moves: Uint32Array;
  /** Two numbers a move: the addresses from and to. */
  readonly movePlaces: Float64Array;
  readonly strings: readonly string[];
  readonly folded: { events: number; buffers: number; bytes: number; maxLiveBytes: number; maxLiveBuffers: number };
  readonly eventCount: number;
}

export interface IterationState {
  readonly open: boolean;
  readonly planned: boolean;
  readonly iterations: number;
  readonly deviatingIterations: number;
  readonly heightBytes: number;
  readonly lowerBoundBytes: number;
  readonly allocations: number;
  readonly blocks: number;
}

export interface ColdExports {
  open(budgetBytes: number, visualizer: boolean, maxEvents: number, cache: boolean, compact: boolean): void;
  stats(): Record<string, number>;
  statistics(): StatisticInfo[];
  histogram(): SizeClassCount[];
  collect(): CollectReport;
  lastCollection(): CollectReport;
  trim(keepBytes: number): number;
  setBudgetBytes(bytes: number): void;
  setCacheEnabled(enabled: boolean): void;
  setSitesEnabled(enabled: boolean): void;
  keepText(text: string): number;
  /** Answers the number that stands for the iteration in the calls below; those that may refuse answer a `Status`. */
  iterationOpen(planMs: number, mostDeviating: number): number;
  iterationDrop(iteration: number): void;
  iterationBegin(iteration: number): number;
  iterationEnd(iteration: number): number;
  iterationAbandon(iteration: number): void;
  iterationImprove(iteration: number, planMs: number): number;
  iterationState(iteration: number): IterationState;
  close(): void;
  visualizerStart(): void;
  visualizerStop(): void;
  visualizerClear(): void;
  visualizerEventCount(): number;
  visualizerLogBytes(): number;
  visualizerWatch(watch: boolean): void;
  visualizerSnapshot(): SnapshotColumns;
  visualizerExport(format: number): Uint8Array;
  visualizerExportSince(from: number): { ndjson: Uint8Array; next: number };
  visualizerMark(name: string): void;
  streamOpen(): number;
  streamStep(stream: number, step: number): { bytes: Uint8Array; lostEvents: number };
}

/** What a trace on its way out is asked to do (`stream_step` in wasm/bindings/cold.cpp). */
export const StreamStep = { pull: 0, flush: 1, close: 2 } as const;

/** What Emscripten's factory resolves to. */
export interface NativeModule extends HotExports, ColdExports {
  HEAPU8: Uint8Array;
  /** Called by the instance: see `NativeEvent`. */
  bufgcEvent?: (event: number, key: number) => void;
}

/** What the instance tells of by itself (`Event` in wasm/bindings/instance.hpp). */
export const NativeEvent = { finalizer: 0, recorded: 1, collectStart: 2, collectStop: 3 } as const;
/** `Cause` in src/bufgc/buffer/buffer_observer.hpp. */
export const NativeCause = { dispose: 0, finalized: 1 } as const;

/** Places in the mailbox, counted in 32-bit words (`Mailbox` in wasm/bindings/instance.hpp). */
export const Mail = { status: 0, slot: 1, generation: 2, capacity: 3, extents: 4 } as const;
const shortText = 64;
const encoder = new TextEncoder();

/** The hot exports as plain functions, and views of the memory that are made anew after growth. */
export class Native {
  readonly cold: ColdExports;
  readonly alloc: HotExports['_bufgc_alloc'];
  readonly allocSpec: HotExports['_bufgc_alloc_spec'];
  readonly makeView: HotExports['_bufgc_view'];
  readonly release: HotExports['_bufgc_release'];
  readonly destroy: HotExports['_bufgc_destroy'];
  readonly data: HotExports['_bufgc_data'];
  readonly pin: HotExports['_bufgc_pin'];
  readonly unpin: HotExports['_bufgc_unpin'];
  readonly root: HotExports['_bufgc_root'];
  readonly link: HotExports['_bufgc_link'];
  readonly unlink: HotExports['_bufgc_unlink'];
  readonly finalize: HotExports['_bufgc_finalize'];
  readonly finalizerCall: HotExports['_bufgc_finalizer_call'];
  readonly finalizerDetach: HotExports['_bufgc_finalizer_detach'];
  readonly finalizerSetAtExit: HotExports['_bufgc_finalizer_set_at_exit'];
  readonly finalizerDrop: HotExports['_bufgc_finalizer_drop'];
  readonly recordUse: HotExports['_bufgc_use'];
  readonly #module: NativeModule;
  readonly #text: HotExports['_bufgc_text'];
  readonly #mailbox: number;
  #words: Uint32Array;

  constructor(module: NativeModule) {
    // Emscripten's first-call stubs replace themselves: call each once while there is no manager yet,
    // which does nothing, and then keep the function that is there afterwards.
    module._bufgc_mailbox();
    module._bufgc_text(0);
    module._bufgc_alloc_spec(0, 0, 0, 0, 0, 0);
    module._bufgc_view(0, 0, 0, 0, 0, 0, 0, 0);
    module._bufgc_release(0, 0);
    module._bufgc_destroy(0);
    module._bufgc_data(0);
    module._bufgc_pin(0);
    module._bufgc_unpin(0);
    module._bufgc_root(0);
    module._bufgc_link(0, 0);
    module._bufgc_unlink(0, 0);
    module._bufgc_finalize(0, 0);
    module._bufgc_finalizer_call(0);
    module._bufgc_finalizer_detach(0);
    module._bufgc_finalizer_set_at_exit(0, 0);
    module._bufgc_finalizer_drop(0);
    module._bufgc_use(0, 0);
    module._bufgc_alloc(0);
    this.#module = module;
    this.cold = module;
    this.alloc = module._bufgc_alloc;
    this.allocSpec = module._bufgc_alloc_spec;
    this.makeView = module._bufgc_view;
    this.release = module._bufgc_release;
    this.destroy = module._bufgc_destroy;
    this.data = module._bufgc_data;
    this.pin = module._bufgc_pin;
    this.unpin = module._bufgc_unpin;
    this.root = module._bufgc_root;
    this.link = module._bufgc_link;
    this.unlink = module._bufgc_unlink;
    this.finalize = module._bufgc_finalize;
    this.finalizerCall = module._bufgc_finalizer_call;
    this.finalizerDetach = module._bufgc_finalizer_detach;
    this.finalizerSetAtExit = module._bufgc_finalizer_set_at_exit;
    this.finalizerDrop = module._bufgc_finalizer_drop;
    this.recordUse = module._bufgc_use;
    this.#text = module._bufgc_text;
    const mailbox = module._bufgc_mailbox() >>> 0;
    this.#mailbox = mailbox;
    this.#words = new Uint32Array(module.HEAPU8.buffer, mailbox, 32);
  }

  /** The memory's present buffer. */
  get buffer(): ArrayBufferLike {
    return this.#module.HEAPU8.buffer;
  }

  /** The mailbox. Growth detaches it: a detached array has no length. */
  get words(): Uint32Array {
    if (this.#words.length === 0) this.#words = new Uint32Array(this.buffer, this.#mailbox, 32);
    return this.#words;
  }

  /** The id that the last call left in the mailbox. */
  takeId(): number {
    const words = this.words;
    return (words[Mail.slot] as number) + (words[Mail.generation] as number) * 2 ** 32;
  }

  /** Leaves extents for the next call; answers the rank. */
  putShape(shape: readonly number[] | null): number {
    if (shape === null) return 0;
    const words = this.words;
    for (let axis = 0; axis < shape.length; axis += 1) words[Mail.extents + axis] = shape[axis] as number;
    return shape.length;
  }

  /** Leaves a text for the next call; answers its length in bytes. */
  putText(text: string): number {
    const length = text.length;
    if (length === 0) return 0;
    const place = this.#text(length * 3) >>> 0;
    const bytes = this.#module.HEAPU8;
    if (length <= shortText) {
      let index = 0;
      for (; index < length; index += 1) {
        const unit = text.charCodeAt(index);
        if (unit > 127) break;
        bytes[place + index] = unit;
      }
      if (index === length) return length;
    }
    return encoder.encodeInto(text, bytes.subarray(place, place + length * 3)).written;
  }
}
