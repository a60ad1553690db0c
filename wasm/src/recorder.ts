// What the annex answers, in JavaScript's terms: a file of its own beside it, loaded with it.
import type { AnnexExports } from './annex.js';
import type { Core } from './instance.js';
import type { TextPlace } from './native.js';
import type { TurnWitness } from './shelf.js';
import { TraceStreamImpl } from './trace_stream.js';
import type { Lifecycle, Snapshot, TraceStream } from './types.js';

const none = 0xffffffff;
const kinds = ['owned', 'view', 'external'] as const;
const causes = ['dispose', 'finalized', 'collected', 'closed'] as const;
const places = ['cache', 'arena', 'source'] as const;
const accesses = ['read', 'read', 'write', 'read_write'] as const;

/** Columns of a snapshot, one entry a lifetime; numbers as in src/bufgc/viz/lifecycles.hpp. */
interface SnapshotColumns {
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

/** What each statistic means, in the core's order. */
export function readMeanings(core: Core, exports: AnnexExports): string[] {
  const text = new Columns(core.memory.buffer, exports.bufgc_annex_meanings() >>> 0).bytes(0);
  return decoder.decode(text).split('\n');
}

/** The visualizer, which the core tells what happens. Copies answers out of the shared memory, and lets the annex forget them. */
export class Recorder implements TurnWitness {
  readonly #core: Core;
  readonly #exports: AnnexExports;
  readonly #visualizer: number;
  readonly #turnEnded: AnnexExports['bufgc_annex_turn_ended'];
  readonly #turnBegun: AnnexExports['bufgc_annex_turn_begun'];

  constructor(core: Core, exports: AnnexExports, mostEvents: number) {
    this.#core = core;
    this.#exports = exports;
    this.#turnEnded = exports.bufgc_annex_turn_ended;
    this.#turnBegun = exports.bufgc_annex_turn_begun;
    this.#visualizer = this.#found(exports.bufgc_annex_visualizer(mostEvents));
    // The core calls the annex's functions by itself: they get places in its table.
    const place = new Uint32Array(core.memory.buffer, exports.bufgc_annex_visualizer_calls() >>> 0, 2);
    const calls = new Uint32Array(core.memory.buffer, ...(place as unknown as [number, number]));
    const from = exports.__indirect_function_table;
    const to = core.exports.__indirect_function_table;
    const first = to.grow(calls.length);
    for (const [index, call] of calls.entries()) {
      to.set(first + index, from.get(call));
      calls[index] = first + index;
    }
    core.exports.bufgc_visualizer_connect(this.#visualizer, calls.byteOffset);
  }

  ended(handle: number): void {
    this.#turnEnded(this.#visualizer, handle);
  }

  begun(handle: number): void {
    this.#turnBegun(this.#visualizer, handle);
  }

  get eventCount(): number {
    return this.#exports.bufgc_annex_event_count(this.#visualizer);
  }

  get logBytes(): number {
    return this.#exports.bufgc_annex_log_bytes(this.#visualizer);
  }

  clear(): void {
    this.#exports.bufgc_annex_clear(this.#visualizer);
  }

  /** Has the listener told of the next event, once. */
  watch(watch: boolean): void {
    this.#found(this.#exports.bufgc_annex_watch(this.#visualizer, watch));
  }

  mark({ place, bytes }: TextPlace): void {
    this.#exports.bufgc_annex_mark(this.#visualizer, place, bytes);
  }

  /** `uses`: the id of each buffer and its access as its number. */
  use({ place, bytes }: TextPlace, uses: Iterable<readonly [id: number, access: number]>): void {
    for (const [id, access] of uses) {
      this.#found(this.#exports.bufgc_annex_gather_use(id % 2 ** 32, Math.floor(id / 2 ** 32), access));
    }
    this.#exports.bufgc_annex_use(this.#visualizer, place, bytes);
  }

  snapshot(): Snapshot {
    const columns = this.#columns(this.#exports.bufgc_annex_snapshot(this.#visualizer));
    const [events = 0, buffers = 0, bytes = 0, maxLiveBytes = 0, maxLiveBuffers = 0] = columns.numbers(23, 5);
    const snapshot: SnapshotColumns = {
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
    return readSnapshot(snapshot, this.eventCount);
  }

  export(format: number): Uint8Array {
    return this.text(this.#exports.bufgc_annex_export(this.#visualizer, format));
  }

  exportSince(from: number): { ndjson: Uint8Array; next: number } {
    const place = this.#exports.bufgc_annex_export_since(this.#visualizer, from);
    const next = this.#exports.bufgc_annex_next_event();
    return { ndjson: this.text(place), next };
  }

  /** `everyTurn` calls what it is given while there are events, until what it answers with is called. */
  stream(sink: WritableStream<Uint8Array>, everyTurn: (pull: () => void) => () => void): TraceStream {
    const stream = this.#found(this.#exports.bufgc_annex_stream_open(this.#visualizer));
    return new TraceStreamImpl(new OutgoingTrace(this, this.#exports, stream), sink, everyTurn);
  }

  /** What the last call answered with, which the annex then forgets. */
  text(place: number): Uint8Array {
    const bytes = this.#columns(place).bytes(0);
    this.#exports.bufgc_annex_drop();
    return bytes;
  }

  #columns(place: number): Columns {
    return new Columns(this.#core.memory.buffer, this.#found(place));
  }

  /** What the annex answered: 0 is for want of memory. */
  #found(answer: number): number {
    if (answer === 0) throw this.#core.exhausted('what the visualizer notes or tells');
    return answer >>> 0;
  }
}

/** What a trace on its way out is asked to do (`bufgc_annex_stream_step` in wasm/bindings/annex.cpp). */
export enum StreamStep {
  pull = 0,
  flush = 1,
  close = 2,
}

/** A trace on its way out: each step hands over the bytes that it wrote. Gone once it was closed. */
export class OutgoingTrace {
  readonly #recorder: Recorder;
  readonly #exports: AnnexExports;
  readonly #stream: number;

  constructor(recorder: Recorder, exports: AnnexExports, stream: number) {
    this.#recorder = recorder;
    this.#exports = exports;
    this.#stream = stream;
  }

  step(step: number): { bytes: Uint8Array; lostEvents: number } {
    try {
      const bytes = this.#recorder.text(this.#exports.bufgc_annex_stream_step(this.#stream, step));
      return { bytes, lostEvents: this.#exports.bufgc_annex_stream_lost_events(this.#stream) };
    } finally {
      if (step === StreamStep.close) this.#exports.bufgc_annex_stream_drop(this.#stream);
    }
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

/** Columns to rows. Event numbers become those of the whole run: what was folded counts. */
function readSnapshot(columns: SnapshotColumns, eventCount: number): Snapshot {
  const { strings, folded } = columns;
  const string = (index: number): string => strings[index] as string;
  const lifecycles: Lifecycle[] = [];
  for (let row = 0; row < columns.id.length; row += 1) {
    const at = <T>(column: ArrayLike<T>): T => column[row] as T;
    const base = at(columns.base);
    const address = at(columns.address);
    const freeEvent = at(columns.freeEvent);
    const alive = freeEvent === none;
    lifecycles.push({
      id: at(columns.id),
      kind: kinds[at(columns.kind)] ?? 'owned',
      base: base === none ? null : (columns.id[base] as number),
      size: at(columns.size),
      capacity: at(columns.capacity),
      address: address < 0 ? null : address,
      dtype: string(at(columns.dtype)),
      shape: string(at(columns.shape)),
      label: string(at(columns.label)),
      site: string(at(columns.site)),
      thread: string(at(columns.thread)),
      allocEvent: at(columns.allocEvent) + folded.events,
      allocTimeNs: at(columns.allocTimeNs),
      freeEvent: alive ? null : freeEvent + folded.events,
      freeTimeNs: alive ? null : at(columns.freeTimeNs),
      cause: alive ? null : (causes[at(columns.cause)] ?? null),
      servedBy: places[at(columns.servedBy)] ?? null,
      freedTo: alive ? null : (places[at(columns.freedTo)] ?? null),
    });
  }
  const uses: Snapshot['uses'] = [];
  for (let index = 0; index < columns.uses.length; index += 4) {
    const [event = 0, row = 0, kernel = 0, access = 0] = columns.uses.subarray(index, index + 4);
    uses.push({
      event: event + folded.events,
      id: columns.id[row] as number,
      kernel: string(kernel),
      access: accesses[access & 0xff] ?? 'read', // a byte, and three that mean nothing
    });
  }
  const marks: Snapshot['marks'] = [];
  for (let index = 0; index < columns.marks.length; index += 2) {
    const [event = 0, name = 0] = columns.marks.subarray(index, index + 2);
    marks.push({ event: event + folded.events, name: string(name) });
  }
  const moves: Snapshot['moves'] = [];
  for (let index = 0; index < columns.moves.length; index += 6) {
    const [event = 0, row = 0, from = 0, fromHigh = 0, to = 0, toHigh = 0] = columns.moves.subarray(index, index + 6);
    moves.push({
      event: event + folded.events,
      id: columns.id[row] as number,
      from: from + fromHigh * 2 ** 32,
      to: to + toHigh * 2 ** 32,
    });
  }
  return { lifecycles, uses, marks, moves, folded, eventCount };
}
