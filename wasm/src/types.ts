/// <reference lib="esnext.disposable" preserve="true" />
// The public types of the package: what `load()` gives and what its parts answer. Buffers' own: buffer_types.ts.
import type { AllocSpec, Buffer, DType, PackedBuffer } from './buffer_types.js';
import type { MisuseError } from './errors.js';

export type * from './buffer_types.js';

export interface LoadOptions {
  /** Bytes that all blocks together may occupy; without it, or Infinity, as much as WebAssembly gives (4 GiB). */
  budgetBytes?: number;
  /** Record lifecycles from the start. */
  visualizer?: boolean;
  /** Keep this many events in detail; older ones are folded into exact totals. Default 1,048,576. */
  visualizerEvents?: number;
  /** Keep freed blocks for reuse. Default true. */
  cache?: boolean;
  /**
   * Where the memory would grow far beyond what is live, or an allocation fail, move live buffers together
   * instead. Views are detached by it as by growth; `pin` holds a buffer's bytes in place. Default true.
   */
  compact?: boolean;
  /**
   * Record where every buffer is made, or with a number n every nth. Default false: a stack costs more than
   * an allocation.
   */
  sites?: boolean | number;
  /**
   * Views stay valid as long as their buffers: the memory takes the whole budget up front (untouched, it costs
   * addresses only), and neither grows nor moves buffers. Needs a finite `budgetBytes`. Default false.
   */
  stableViews?: boolean;
  /**
   * Part of the budget, above 0 and at most 1, beyond which the engine is made to collect what nobody holds,
   * between turns, so that `alloc` rarely finds the budget used up by it. 1: never. Default 0.5.
   */
  highWaterMark?: number;
  /**
   * Warn in the console, once for each place in the program: of buffers that only the engine's collector
   * released, and of uses of a view that growth or compaction had detached. Turns `sites` on. Slow. Default false.
   */
  development?: boolean;
  /**
   * Look for writes before, behind and into released buffers, by way of views or addresses that were kept too long: a
   * strip around every buffer, and released ones filled and held back for a while, are looked at when a buffer is
   * released, its memory used again, at `trim()` and `close()`. `onMisuse` tells. Turns `sites` on. Slow. Default false.
   */
  hardened?: boolean;
  /**
   * The wasm file: its address, or its bytes. Default: `bufgc.wasm` beside the module, with `hardened: true`
   * `bufgc_hardened.wasm`.
   */
  wasm?: string | URL | ArrayBuffer | Uint8Array;
  /**
   * The second wasm file, of what is needed later if at all: snapshots and exports of the visualizer, and the plans
   * of iterations. Loaded beforehand with `visualizer: true`, else when first asked for. Default: `bufgc_annex.wasm`
   * beside the module.
   */
  annex?: string | URL | ArrayBuffer | Uint8Array;
}

export interface AllocAsyncOptions {
  /** Give up after this many milliseconds. Default 5,000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** A callback tied to a buffer's death, after CPython's weakref.finalize. */
export interface Finalizer<T, R> {
  readonly alive: boolean;
  /** The held value and callback while alive. */
  peek(): { held: T; callback: (held: T) => R } | undefined;
  /** Takes it off: it never runs. Answers as `peek` would have. */
  detach(): { held: T; callback: (held: T) => R } | undefined;
  /** Runs it now, once, and returns its result; `undefined` when no longer alive. */
  call(): R | undefined;
  /** Whether it runs at `close()` with the buffer alive. Default true. */
  atExit: boolean;
}

export interface WeakHandle<D extends DType = DType> {
  readonly id: number;
  /** The handle, if it still exists and is not disposed. */
  deref(): Buffer<D> | undefined;
}

export interface CollectReport {
  buffers: number;
  bytes: number;
  examined: number;
  timeNs: number;
}

/** A buffer that the engine's GC reclaimed because nobody disposed it. */
export interface LeakReport {
  id: number;
  nbytes: number;
  label: string;
  /** Where it was made, when `sites` is on: "file:line". */
  site: string;
  /** The calls that led there, innermost first, one a line. */
  stack: string;
}

/** What is in use now. Groups tell of the buffers whose place of birth was recorded, largest first. */
export interface HeldReport {
  buffers: number;
  bytes: number;
  groups: HeldGroup[];
}

/** Buffers made at one place that nobody disposed and the engine has not released. */
export interface HeldGroup {
  site: string;
  stack: string;
  buffers: number;
  bytes: number;
  /** Labels, without repetition; at most ten. */
  labels: string[];
}

/** Statistics by name; the list is the C++ core's own (`statisticNames`). */
export type Stats = { readonly [name: string]: number };
export interface StatisticInfo {
  readonly name: string;
  readonly unit: 'bytes' | 'count' | 'ratio';
  readonly meaning: string;
}
export interface SizeClassCount {
  lowerBytes: number;
  allocations: number;
  liveBlocks: number;
  liveBytes: number;
}

export type Cause = 'dispose' | 'finalized' | 'collected' | 'closed';
export type ExportFormat = 'ndjson' | 'csv' | 'chrome' | 'bufgc';

/** One lifetime, as `snapshot()` lists it. Event numbers are the run's: what was folded away counts. */
export interface Lifecycle {
  id: number;
  kind: 'owned' | 'view' | 'external';
  base: number | null;
  size: number;
  capacity: number;
  /** Of its first byte at birth; where it went from there, `Snapshot.moves` tells. */
  address: number | null;
  dtype: string;
  shape: string;
  label: string;
  site: string;
  thread: string;
  allocEvent: number;
  allocTimeNs: number;
  /** null: alive. */
  freeEvent: number | null;
  freeTimeNs: number | null;
  cause: Cause | null;
  servedBy: 'cache' | 'arena' | 'source' | null;
  freedTo: 'cache' | 'arena' | 'source' | null;
}

export interface Snapshot {
  lifecycles: Lifecycle[];
  uses: { event: number; id: number; kernel: string; access: 'read' | 'write' | 'read_write' }[];
  marks: { event: number; name: string }[];
  /** Compaction moved a buffer, or a subview along with its base, from one address to another: until its next move, it stands there. */
  moves: { event: number; id: number; from: number; to: number }[];
  /** Detail older than the log's bound, as exact totals. */
  folded: { events: number; buffers: number; bytes: number; maxLiveBytes: number; maxLiveBuffers: number };
  eventCount: number;
}

/** What happens, on its way into a file of the binary form. */
export interface TraceStream {
  /** Events that the log had folded away before the sink took them; they are among the trace's skipped events. */
  readonly lostEvents: number;
  /** Hands over all that was recorded, and resolves when the sink has taken it: so far a crash loses nothing. */
  flush(): Promise<void>;
  /** Hands over the rest, and closes the sink. Rejects with what the sink failed with. */
  close(): Promise<void>;
}

export interface Visualizer {
  /** Whether it records: from `start()` on where it is `ready`, else from when it is. */
  readonly running: boolean;
  /** Events ever recorded: the next event's number. */
  readonly eventCount: number;
  readonly logBytes: number;
  start(): void;
  stop(): void;
  clear(): void;
  /**
   * When it records and can be asked: at once in Node (20.16) and after `load({ visualizer: true })`; elsewhere a second
   * file is loaded at `start()`. What lives when it is there is recorded; to ask before throws `InvalidStateError`.
   */
  readonly ready: Promise<void>;
  snapshot(): Snapshot;
  /** Called once a turn in which something happened, with the range of event numbers [from, to). Returns the unsubscriber. */
  subscribe(callback: (from: number, to: number) => void): () => void;
  export(format: ExportFormat): Uint8Array;
  /** The events from number `from` on, as NDJSON: what a live viewer is fed with. `next` is the `from` of the next call. */
  exportSince(from: number): { ndjson: Uint8Array; next: number };
  /**
   * Writes what is known and what happens from here on into `sink`, as a `.bufgc` file, for as long as it takes: each turn hands over
   * what fills a block (8,192 events), unless the sink is behind. The log (`visualizerEvents`) holds what comes meanwhile.
   */
  stream(sink: WritableStream<Uint8Array>): TraceStream;
  /** A kernel ran over these buffers. */
  use(kernel: string, uses: { read?: readonly Buffer[]; write?: readonly Buffer[] }): void;
  /** A phase begins. */
  mark(name: string): void;
}

export interface IterationOptions {
  /** How long a plan may be looked for, at the end of a recorded iteration; the thread waits. Default 100. */
  planMs?: number;
  /** After so many deviating iterations in a row another is recorded; doubled while that does not help. Default 3. */
  mostDeviating?: number;
}

/** Where an iteration's buffers lie, found by looking at all of it beforehand. */
export interface IterationPlan {
  /** Of the one region that holds them. */
  readonly heightBytes: number;
  /** The most of them that is live at once: no plan is lower. */
  readonly lowerBoundBytes: number;
  /** What the iteration allocates. */
  readonly allocations: number;
  /** Of those, the ones that it also releases, and that have a place for it. */
  readonly blocks: number;
}

/**
 * A part of the program that repeats itself and allocates alike each time: a training step, a frame. The first
 * `run` is recorded and planned, later ones are served from the plan. What deviates is allocated as ever.
 */
export interface Iteration extends Disposable {
  /** Calls `callback` as one iteration. It must not be async. One that throws is not counted, nor learned from. */
  run<T>(callback: () => T): T;
  /** The same in two calls, for what cannot be one function. */
  begin(): void;
  end(): void;
  /** Ends an iteration that was cut short. */
  abandon(): void;
  readonly open: boolean;
  /** When plans can be made: at once in Node (20.16); elsewhere runs are recorded until a second file is loaded. */
  readonly ready: Promise<void>;
  /** null: the next one is recorded. */
  readonly plan: IterationPlan | null;
  /** Looks for a lower plan when there is time. */
  improve(planMs: number): void;
  /** Ended so far; and those that went otherwise than planned. */
  readonly iterations: number;
  readonly deviatingIterations: number;
  /** Abandons one that is open and forgets the plan. */
  [Symbol.dispose](): void;
}

export interface Manager extends Disposable {
  alloc(nbytes: number): Buffer<'uint8'>;
  alloc<D extends DType = 'uint8'>(spec: AllocSpec<D>): Buffer<D>;
  /** As `alloc`, and at the budget: lets the engine's GC drop what nobody holds, and tries again until the deadline. */
  allocAsync(nbytes: number, options?: AllocAsyncOptions): Promise<Buffer<'uint8'>>;
  allocAsync<D extends DType = 'uint8'>(spec: AllocSpec<D>, options?: AllocAsyncOptions): Promise<Buffer<D>>;
  /** A buffer of this manager with the elements of one that another thread packed. */
  unpack<D extends DType>(packed: PackedBuffer<D>): Buffer<D>;
  /**
   * Disposes what the callback allocated and did not return (alone, or in an array or a plain object)
   * or `keep()`. The callback must not be async.
   */
  scope<T>(callback: () => T): T;
  /** Plans what a repeating part of the program allocates: see `Iteration`. */
  iteration(options?: IterationOptions): Iteration;
  /** Takes a buffer out of the scope that it belongs to, and so of all: it lives until something else ends it. */
  keep<D extends DType>(buffer: Buffer<D>): Buffer<D>;
  /** `held` is kept strongly: it must not be, or hold, the buffer itself. */
  finalize<T, R>(buffer: Buffer, held: T, callback: (held: T) => R): Finalizer<T, R>;
  weak<D extends DType>(buffer: Buffer<D>): WeakHandle<D>;
  /** `b` lives at least as long as `a`. Links count. Cycles are freed by `collect()`. */
  link(a: Buffer, b: Buffer): void;
  unlink(a: Buffer, b: Buffer): void;
  /** Frees cycles that nobody holds. */
  collect(): CollectReport;
  /** Called before and after each collection. Returns the unsubscriber. */
  onCollect(handler: { start?: () => void; stop?: (report: CollectReport) => void }): () => void;
  /**
   * Runs the release of what the engine's GC has dropped so far: waits the macrotasks that finalizers
   * need. Where the engine exposes its collector (Node's --expose-gc), runs that first.
   */
  drain(): Promise<void>;
  /** Gives memory back until at most `keepBytes` are cached. Returns the bytes released. */
  trim(keepBytes?: number): number;
  stats(): Stats;
  /** What each name in `stats()` means, in the order of the core's list. */
  statistics(): Promise<StatisticInfo[]>;
  statisticNames(): readonly string[];
  histogram(): SizeClassCount[];
  /** What is in use now, grouped by where it was made: all of it when `sites` is on. */
  held(): HeldReport;
  /** Called for each buffer that only the engine's GC released. Returns the unsubscriber. */
  onLeak(handler: (leak: LeakReport) => void): () => void;
  /**
   * Called for each misuse that `load({ hardened: true })` finds. Without a handler it arrives where errors do.
   * Returns the unsubscriber.
   */
  onMisuse(handler: (misuse: MisuseError) => void): () => void;
  /** Where what finalizers and handlers throw arrives. Default: `console.error`. */
  onError(handler: (error: unknown) => void): () => void;
  readonly visualizer: Visualizer;
  /** Infinity: none. May be changed at any time. */
  budgetBytes: number;
  cacheEnabled: boolean;
  sitesEnabled: boolean;
  readonly closed: boolean;
  /** Ends every buffer (cause `closed`), after the finalizers that are `atExit`. A second call does nothing. */
  close(): void;
  [Symbol.dispose](): void;
}
