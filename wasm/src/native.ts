// The door to the core: its hot exports (wasm/bindings/hot.cpp) as plain functions, its cold ones
// (wasm/bindings/cold.cpp) in JavaScript's terms, and the memory that all share.
import { MisuseError, type MisuseKind } from './errors.js';
import type { Core } from './instance.js';
import { Shelf } from './shelf.js';
import type { CollectReport, SizeClassCount, StatisticInfo } from './types.js';

/** Handles, finalizers and texts are addresses; 0 means none. `hot.cpp` says what each call does. */
interface HotExports {
  bufgc_mailbox(): number;
  bufgc_shelf(): number;
  bufgc_text(bytes: number): number;
  bufgc_alloc(nbytes: number): number;
  bufgc_alloc_spec(nbytes: number, dtype: number, rank: number, textBytes: number, file: number, line: number): number;
  bufgc_view(
    handle: number,
    byteOffset: number,
    nbytes: number,
    dtype: number,
    rank: number,
    textBytes: number,
    file: number,
    line: number,
  ): number;
  bufgc_release(handle: number): void;
  bufgc_drop(handle: number): number;
  bufgc_destroy(handle: number): number;
  bufgc_data(handle: number): number;
  bufgc_pin(handle: number): number;
  bufgc_unpin(pin: number): void;
  bufgc_slot(handle: number): number;
  bufgc_capacity(handle: number): number;
  bufgc_root(handle: number): number;
  bufgc_link(holder: number, held: number): number;
  bufgc_unlink(holder: number, held: number): number;
  bufgc_finalize(handle: number, key: number): number;
  bufgc_finalizer_call(finalizer: number): void;
  bufgc_finalizer_detach(finalizer: number): void;
  bufgc_finalizer_set_at_exit(finalizer: number, atExit: number): void;
  bufgc_finalizer_drop(finalizer: number): void;
}

/** Answers of several numbers are addresses of doubles; texts go in through `putText`, as their length. */
interface ColdExports {
  bufgc_open(budgetBytes: number, cache: boolean, compact: boolean): void;
  bufgc_stats(): number;
  bufgc_statistics_text(): number;
  bufgc_histogram(): number;
  bufgc_collect(): number;
  bufgc_last_collection(): number;
  bufgc_trim(keepBytes: number): number;
  bufgc_set_budget_bytes(bytes: number): void;
  bufgc_set_cache_enabled(enabled: boolean): void;
  bufgc_set_sites_enabled(enabled: boolean): void;
  bufgc_keep_text(textBytes: number): number;
  /** Answers the iteration's address; calls that may refuse answer a `Status`. */
  bufgc_iteration_open(planMs: number, mostDeviating: number): number;
  bufgc_iteration_drop(iteration: number): void;
  bufgc_iteration_begin(iteration: number): number;
  bufgc_iteration_end(iteration: number): number;
  bufgc_iteration_abandon(iteration: number): void;
  bufgc_iteration_improve(iteration: number, planMs: number): number;
  bufgc_iteration_state(iteration: number): number;
  /** Of misuse only the hardened core tells. */
  bufgc_misuse_numbers(): number;
  bufgc_misuse_text(which: number): number;
  bufgc_close(): void;
  bufgc_visualizer_connect(visualizer: number, calls: number): void;
  bufgc_visualizer_start(): void;
  bufgc_visualizer_stop(): void;
}

/** What the core exports. */
export interface CoreExports extends HotExports, ColdExports {
  readonly __indirect_function_table: WebAssembly.Table;
  _initialize(): void;
  malloc(bytes: number): number;
  posix_memalign(place: number, alignment: number, bytes: number): number;
  free(block: number): void;
}

/** What the core tells of by itself (`Event` in wasm/bindings/instance.hpp). */
export enum NativeEvent {
  finalizer = 0,
  recorded = 1,
  collectStart = 2,
  collectStop = 3,
  misuse = 4,
}

/** Places in the mailbox, counted in 32-bit words (`Mailbox` in wasm/bindings/instance.hpp). */
export enum Mail {
  status = 0,
  generation = 1,
  extents = 2,
  count = 10,
}

/** A statistic, as the core lists it. */
export type StatisticUnit = Pick<StatisticInfo, 'name' | 'unit'>;

/** A text that was left for the next call. */
export interface TextPlace {
  readonly place: number;
  readonly bytes: number;
}

const shortText = 64;
/** The core keeps no more of a text, in bytes (`TextTable::keep`): a longer one could use up the memory on its way. */
const mostText = 65_535;
const mailWords = 11;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Slot and generation in one number. */
export function idOf(slot: number, generation: number): number {
  return slot + generation * 2 ** 32;
}

/** The exports, and views of the memory that are made anew after growth. */
export class Native {
  // Declared, not defined: the constructor says their names once more.
  declare readonly core: Core;
  declare readonly cold: ColdExports;
  declare readonly shelf: Shelf;
  declare readonly alloc: HotExports['bufgc_alloc'];
  declare readonly allocSpec: HotExports['bufgc_alloc_spec'];
  declare readonly makeView: HotExports['bufgc_view'];
  declare readonly release: HotExports['bufgc_release'];
  declare readonly drop: HotExports['bufgc_drop'];
  declare readonly destroy: HotExports['bufgc_destroy'];
  declare readonly data: HotExports['bufgc_data'];
  declare readonly pin: HotExports['bufgc_pin'];
  declare readonly unpin: HotExports['bufgc_unpin'];
  declare readonly slot: HotExports['bufgc_slot'];
  declare readonly capacity: HotExports['bufgc_capacity'];
  declare readonly root: HotExports['bufgc_root'];
  declare readonly link: HotExports['bufgc_link'];
  declare readonly unlink: HotExports['bufgc_unlink'];
  declare readonly finalize: HotExports['bufgc_finalize'];
  declare readonly finalizerCall: HotExports['bufgc_finalizer_call'];
  declare readonly finalizerDetach: HotExports['bufgc_finalizer_detach'];
  declare readonly finalizerSetAtExit: HotExports['bufgc_finalizer_set_at_exit'];
  declare readonly finalizerDrop: HotExports['bufgc_finalizer_drop'];
  readonly #text: HotExports['bufgc_text'];
  readonly #mailbox: number;
  #words: Uint32Array;

  constructor(core: Core) {
    const { exports } = core;
    this.core = core;
    this.cold = exports;
    this.shelf = new Shelf(core, exports.bufgc_shelf());
    this.alloc = exports.bufgc_alloc;
    this.allocSpec = exports.bufgc_alloc_spec;
    this.makeView = exports.bufgc_view;
    this.release = exports.bufgc_release;
    this.drop = exports.bufgc_drop;
    this.destroy = exports.bufgc_destroy;
    this.data = exports.bufgc_data;
    this.pin = exports.bufgc_pin;
    this.unpin = exports.bufgc_unpin;
    this.slot = exports.bufgc_slot;
    this.capacity = exports.bufgc_capacity;
    this.root = exports.bufgc_root;
    this.link = exports.bufgc_link;
    this.unlink = exports.bufgc_unlink;
    this.finalize = exports.bufgc_finalize;
    this.finalizerCall = exports.bufgc_finalizer_call;
    this.finalizerDetach = exports.bufgc_finalizer_detach;
    this.finalizerSetAtExit = exports.bufgc_finalizer_set_at_exit;
    this.finalizerDrop = exports.bufgc_finalizer_drop;
    this.#text = exports.bufgc_text;
    this.#mailbox = exports.bufgc_mailbox() >>> 0;
    this.#words = new Uint32Array(core.memory.buffer, this.#mailbox, mailWords);
  }

  /** The memory's present buffer. */
  get buffer(): ArrayBuffer {
    return this.core.memory.buffer;
  }

  /** The mailbox. Growth detaches it: a detached array has no length. */
  get words(): Uint32Array {
    if (this.#words.length === 0) this.#words = new Uint32Array(this.buffer, this.#mailbox, mailWords);
    return this.#words;
  }

  /** The id of the buffer whose bytes a live handle shows: its base's, or its own. */
  rootId(handle: number): number {
    return idOf(this.root(handle) >>> 0, this.words[Mail.generation] as number);
  }

  /** An address that a call answered with: none, for want of memory for `what`, is thrown. */
  found(address: number, what: string): number {
    if (address === 0) throw this.core.exhausted(what);
    return address >>> 0;
  }

  /** Leaves extents for the next call; answers the rank. */
  putShape(shape: readonly number[] | null): number {
    if (shape === null) return 0;
    const words = this.words;
    for (let axis = 0; axis < shape.length; axis += 1) words[Mail.extents + axis] = shape[axis] as number;
    return shape.length;
  }

  /** Leaves a text for the next call; answers its length in bytes. */
  putText(whole: string): number {
    const text = whole.slice(0, mostText);
    const length = text.length;
    if (length === 0) return 0;
    const place = this.found(this.#text(length * 3), 'a text');
    const bytes = new Uint8Array(this.buffer);
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

  /** The same for a call of the annex, which is told where it lies. */
  placeText(text: string): TextPlace {
    const bytes = this.putText(text);
    return { place: this.#text(0), bytes };
  }

  /** Numbers that a cold call answered with the address of. */
  numbers(place: number, count: number): Float64Array {
    return new Float64Array(this.buffer, place >>> 0, count);
  }

  /** Whole numbers of 64 bits, as near as doubles come. */
  #wholeNumbers(place: number, count: number): Float64Array {
    const words = new Uint32Array(this.buffer, place >>> 0, 2 * count);
    return Float64Array.from(
      { length: count },
      (_, i) => (words[2 * i] as number) + (words[2 * i + 1] as number) * 2 ** 32,
    );
  }

  stats(statistics: readonly StatisticUnit[]): Record<string, number> {
    const place = this.cold.bufgc_stats();
    const whole = this.#wholeNumbers(place, statistics.length);
    const numbers = this.numbers(place, statistics.length);
    const stats: Record<string, number> = {};
    statistics.forEach(({ name, unit }, index) => {
      stats[name] = (unit === 'ratio' ? numbers : whole)[index] as number;
    });
    return stats;
  }

  statistics(): StatisticUnit[] {
    const place = this.cold.bufgc_statistics_text() >>> 0;
    const lines = decoder
      .decode(new Uint8Array(this.buffer, place, this.words[Mail.count]))
      .trimEnd()
      .split('\n');
    return lines.map((line) => {
      const [name = '', unit] = line.split('\t');
      return { name, unit } as StatisticUnit;
    });
  }

  histogram(): SizeClassCount[] {
    const place = this.cold.bufgc_histogram();
    const numbers = this.#wholeNumbers(place, this.words[Mail.count] as number);
    return Array.from({ length: numbers.length / 4 }, (_, index) => {
      const [lowerBytes = 0, allocations = 0, liveBlocks = 0, liveBytes = 0] = numbers.subarray(index * 4);
      return { lowerBytes, allocations, liveBlocks, liveBytes };
    });
  }

  collect(): CollectReport {
    return this.#report(this.cold.bufgc_collect());
  }

  lastCollection(): CollectReport {
    return this.#report(this.cold.bufgc_last_collection());
  }

  /** The misuse that is being told, inside `NativeEvent.misuse`. */
  misuse(): MisuseError {
    const [id = 0, nbytes = 0, byteOffset = 0, expected = 0, found = 0] = this.numbers(
      this.cold.bufgc_misuse_numbers(),
      5,
    );
    const [kind = '', label = '', site = '', message = ''] = [0, 1, 2, 3].map((which) => {
      const place = this.cold.bufgc_misuse_text(which) >>> 0;
      return decoder.decode(new Uint8Array(this.buffer, place, this.words[Mail.count]));
    });
    return new MisuseError(message, {
      kind: kind as MisuseKind,
      id: id < 2 ** 53 ? id : null,
      nbytes,
      byteOffset,
      expected,
      found,
      label,
      site,
    });
  }

  #report(place: number): CollectReport {
    const [buffers = 0, bytes = 0, examined = 0, timeNs = 0] = this.numbers(place, 4);
    return { buffers, bytes, examined, timeNs };
  }
}
