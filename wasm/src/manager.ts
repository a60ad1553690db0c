// The front door: a manager owns one WebAssembly instance, so that closing and dropping it gives all of its memory back.
import type { Annex } from './annex.js';
import { Births } from './births.js';
import { BufferHandle } from './buffer.js';
import { CollectEvents, type CollectHandlers } from './collect_events.js';
import { dispose } from './disposable.js';
import {
  type BufgcError,
  ClosedError,
  InvalidArgumentError,
  type MisuseError,
  OutOfMemoryError,
  Status,
} from './errors.js';
import { Finalizers, refuseOwnTarget } from './finalizer.js';
import { Grip } from './grip.js';
import { ErrorSink, Handlers } from './handlers.js';
import { openIteration } from './iteration.js';
import { Leaks } from './leaks.js';
import { type Native, NativeEvent, type StatisticUnit } from './native.js';
import { Nursery } from './nursery.js';
import { Pressure, settle } from './pressure.js';
import { Proactive } from './proactive.js';
import { runScope } from './scope.js';
import type { Shelf } from './shelf.js';
import { noSite } from './sites.js';
import type {
  AllocAsyncOptions,
  AllocSpec,
  Buffer,
  CollectReport,
  DType,
  Finalizer,
  HeldReport,
  Iteration,
  IterationOptions,
  LeakReport,
  Manager,
  PackedBuffer,
  SizeClassCount,
  StatisticInfo,
  Stats,
  WeakHandle,
} from './types.js';
import {
  type BufferSpec,
  budget,
  callback as checkCallback,
  flag,
  milliseconds,
  optionsBag,
  type ResolvedSpec,
  resolveAlloc,
  wholeNumber,
} from './validate.js';
import { resolvePacked, unpackBytes } from './views.js';
import { VisualizerImpl } from './visualizer.js';
import { WeakHandleImpl } from './weak.js';

const defaultTimeoutMs = 5_000;

type Development = typeof import('./development.js');

export interface ManagerSettings {
  readonly budgetBytes: number;
  readonly visualizer: boolean;
  readonly cache: boolean;
  readonly compact: boolean;
  /** 0: none; n: of every nth buffer. */
  readonly sites: number;
  readonly stableViews: boolean;
  readonly highWaterMark: number;
  readonly development: Development | null;
}

export class ManagerImpl implements Manager {
  readonly native: Native;
  readonly shelf: Shelf;
  readonly annex: Annex;
  readonly errors = new ErrorSink();
  readonly visualizer: VisualizerImpl;
  readonly nursery: Nursery;
  readonly leaks: Leaks;
  readonly #development: Development | null;
  readonly #finalizers: Finalizers;
  readonly #pressure: Pressure;
  readonly #collectEvents = new CollectEvents();
  readonly #misuses = new Handlers<[MisuseError]>();
  private readonly births: Births;
  readonly #proactive: Proactive;
  readonly #largestBudget: number;
  readonly #statistics: readonly StatisticUnit[];
  #budgetBytes: number;
  #cacheEnabled: boolean;
  #closed = false;

  constructor(native: Native, annex: Annex, settings: ManagerSettings) {
    this.native = native;
    this.shelf = native.shelf;
    this.annex = annex;
    this.#budgetBytes = settings.budgetBytes;
    this.#cacheEnabled = settings.cache;
    this.#largestBudget = settings.stableViews ? settings.budgetBytes : Infinity;
    this.#development = settings.development;
    this.leaks = new Leaks(settings.sites);
    this.births = new Births(this);
    this.#finalizers = new Finalizers(native, this.errors.report);
    this.#pressure = new Pressure(() => this.nursery.flush());
    this.#proactive = new Proactive(this, settings.highWaterMark);
    this.nursery = new Nursery((bytes) => this.#proactive.survived(bytes));
    native.core.exhausted = (what) => new OutOfMemoryError(what, this.stats());
    native.core.listener = {
      event: (event, key) => this.#nativeEvent(event, key),
      plan: (request) => annex.plan(request),
    };
    native.cold.bufgc_open(settings.budgetBytes, settings.cache, settings.compact);
    native.cold.bufgc_set_sites_enabled(settings.sites > 0);
    this.visualizer = new VisualizerImpl(this);
    if (settings.visualizer) this.visualizer.start();
    this.#statistics = native.statistics();
  }

  alloc(nbytes: number): Buffer<'uint8'>;
  alloc<D extends DType = 'uint8'>(spec: AllocSpec<D>): Buffer<D>;
  alloc(spec: number | AllocSpec): Buffer {
    if (typeof spec === 'number' && spec >>> 0 === spec && !this.leaks.recording && !this.#closed)
      return this.births.ofBytes(spec >>> 0); // -0 becomes 0
    return this.#allocSpec(spec);
  }

  #allocSpec(spec: number | AllocSpec): Buffer {
    return this.births.of(resolveAlloc(spec), this.leaks.site(this.alloc), 'alloc()', '');
  }

  allocAsync(nbytes: number, options?: AllocAsyncOptions): Promise<Buffer<'uint8'>>;
  allocAsync<D extends DType = 'uint8'>(spec: AllocSpec<D>, options?: AllocAsyncOptions): Promise<Buffer<D>>;
  async allocAsync(spec: number | AllocSpec, options?: AllocAsyncOptions): Promise<Buffer> {
    const { timeoutMs = defaultTimeoutMs, signal } = optionsBag(options, 'options');
    milliseconds(timeoutMs, 'options.timeoutMs');
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw new InvalidArgumentError('options.signal', 'an AbortSignal', signal);
    }
    const resolved = resolveAlloc(spec);
    const site = this.leaks.site(this.allocAsync);
    this.#proactive.waitedFor(resolved.nbytes);
    return this.#pressure.retry((effort) => this.births.of(resolved, site, 'allocAsync()', effort), {
      timeoutMs,
      signal,
    });
  }

  unpack<D extends DType>(packed: PackedBuffer<D>): Buffer<D> {
    const { spec, bytes } = resolvePacked(packed);
    const buffer = this.births.of(spec, this.leaks.site(this.unpack), 'unpack()', '');
    unpackBytes(buffer, bytes);
    return buffer as unknown as Buffer<D>;
  }

  scope<T>(callback: () => T): T {
    return runScope(this.nursery, callback);
  }

  iteration(options?: IterationOptions): Iteration {
    return openIteration(this, options);
  }

  keep<D extends DType>(buffer: Buffer<D>): Buffer<D> {
    BufferHandle.liveHandle(buffer, this, 'buffer', 'keep()');
    this.nursery.keep(buffer as unknown as BufferHandle);
    return buffer;
  }

  finalize<T, R>(buffer: Buffer, held: T, callback: (held: T) => R): Finalizer<T, R> {
    this.requireOpen('finalize()');
    const handle = BufferHandle.liveHandle(buffer, this, 'buffer', 'finalize()');
    checkCallback(callback, 'callback');
    refuseOwnTarget(buffer as unknown as BufferHandle, held);
    return this.#finalizers.add(handle, held, callback);
  }

  weak<D extends DType>(buffer: Buffer<D>): WeakHandle<D> {
    BufferHandle.liveHandle(buffer, this, 'buffer', 'weak()');
    return new WeakHandleImpl(buffer);
  }

  link(a: Buffer, b: Buffer): void {
    const holder = BufferHandle.liveHandle(a, this, 'a', 'link()');
    const held = BufferHandle.liveHandle(b, this, 'b', 'link()');
    const status = this.native.link(holder, held);
    if (status !== Status.ok) throw this.failure(status, 'a link', 'link()', '');
  }

  unlink(a: Buffer, b: Buffer): void {
    const holder = BufferHandle.liveHandle(a, this, 'a', 'unlink()');
    const held = BufferHandle.liveHandle(b, this, 'b', 'unlink()');
    const status = this.native.unlink(holder, held);
    if (status === Status.invalidArgument) throw new InvalidArgumentError('b', 'a buffer that `a` links to', b);
    if (status !== Status.ok) throw this.failure(status, 0, 'unlink()', '');
  }

  collect(): CollectReport {
    this.requireOpen('collect()');
    return this.native.collect();
  }

  onCollect(handler: CollectHandlers): () => void {
    return this.#collectEvents.add(handler);
  }

  async drain(): Promise<void> {
    this.nursery.flush();
    await settle();
  }

  trim(keepBytes = 0): number {
    wholeNumber(keepBytes, 'keepBytes', Number.MAX_SAFE_INTEGER);
    this.requireOpen('trim()');
    return this.native.cold.bufgc_trim(keepBytes);
  }

  stats(): Stats {
    const stats = this.native.stats(this.#statistics);
    // Native code is built without exceptions: only JavaScript sees its callbacks throw.
    stats.finalizer_errors = this.#finalizers.errors;
    stats.budget_bytes = this.#budgetBytes;
    return stats;
  }

  async statistics(): Promise<StatisticInfo[]> {
    const meanings = await this.annex.meanings();
    return this.#statistics.map((info, index) => ({ ...info, meaning: meanings[index] as string }));
  }

  statisticNames(): readonly string[] {
    return this.#statistics.map(({ name }) => name);
  }

  histogram(): SizeClassCount[] {
    return this.native.histogram();
  }

  held(): HeldReport {
    const { live_buffers = 0, live_bytes = 0 } = this.stats();
    return { buffers: live_buffers, bytes: live_bytes, groups: this.leaks.held() };
  }

  onLeak(handler: (leak: LeakReport) => void): () => void {
    return this.leaks.onLeak(handler);
  }

  onMisuse(handler: (misuse: MisuseError) => void): () => void {
    return this.#misuses.add(handler);
  }

  onError(handler: (error: unknown) => void): () => void {
    return this.errors.add(handler);
  }

  get budgetBytes(): number {
    return this.#budgetBytes;
  }

  set budgetBytes(bytes: number) {
    budget(bytes, 'budgetBytes');
    if (bytes > this.#largestBudget) {
      const expected = `at most the ${this.#largestBudget} bytes that options.stableViews took up front`;
      throw new InvalidArgumentError('budgetBytes', expected, bytes);
    }
    this.requireOpen('budgetBytes');
    this.#budgetBytes = bytes;
    this.native.cold.bufgc_set_budget_bytes(bytes);
  }

  get cacheEnabled(): boolean {
    return this.#cacheEnabled;
  }

  set cacheEnabled(enabled: boolean) {
    flag(enabled, 'cacheEnabled');
    this.requireOpen('cacheEnabled');
    this.#cacheEnabled = enabled;
    this.native.cold.bufgc_set_cache_enabled(enabled);
  }

  get sitesEnabled(): boolean {
    return this.leaks.every > 0;
  }

  set sitesEnabled(enabled: boolean) {
    flag(enabled, 'sitesEnabled');
    this.requireOpen('sitesEnabled');
    this.leaks.every = enabled ? 1 : 0;
    this.native.cold.bufgc_set_sites_enabled(enabled);
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.native.cold.bufgc_close();
    this.#finalizers.clear();
    this.nursery.clear();
  }

  [dispose](): void {
    this.close();
  }

  requireOpen(operation: string): void {
    if (this.#closed) throw new ClosedError(operation);
  }

  /** A subview: `handle` is a live buffer, and the spec fits it. */
  adoptView(handle: number, byteOffset: number, spec: ResolvedSpec): BufferHandle {
    return this.births.ofView(handle, byteOffset, spec, this.leaks.site(BufferHandle.prototype.subview));
  }

  /** What live buffers take of the budget. */
  occupiedBytes(): number {
    const { live_bytes = 0, rounding_bytes = 0 } = this.native.stats(this.#statistics);
    return live_bytes + rounding_bytes;
  }

  /** Makes the engine collect, and waits until that has released something, or cannot. */
  provoke(): Promise<void> {
    return this.#pressure.provoke();
  }

  /** In development, a view that tells of its use after it was detached. */
  guard<V extends ArrayBufferView>(view: V, buffer: BufferHandle): V {
    if (this.#development === null) return view;
    const { id, label } = buffer;
    return this.#development.guardView(
      view,
      `buffer ${id}${label === '' ? '' : ` (${label})`}`,
      BufferHandle.prototype.view,
    );
  }

  /** The engine collected a handle that nobody disposed. */
  dropped(grip: Grip): void {
    const { handle } = grip;
    if (handle === 0 || this.#closed) return;
    grip.letGo();
    const ended = this.native.drop(handle) !== 0;
    if (ended) this.#pressure.released();
    if (ended) this.#development?.warnOfLeak(grip);
    this.leaks.reclaimed(grip, ended, this.errors.report);
  }

  /** The same, of a handle whose place of birth is not kept. */
  collected(handle: number, spec: BufferSpec): void {
    if (this.#development !== null || this.leaks.told) this.dropped(new Grip(this, handle, spec, noSite));
    else if (!this.#closed && this.native.drop(handle) !== 0) this.#pressure.released();
  }

  /** Called from inside native code: nothing may be thrown through it. */
  #nativeEvent(event: number, key: number): void {
    if (event === NativeEvent.recorded) {
      this.visualizer.recorded();
      return;
    }
    if (event === NativeEvent.finalizer) {
      this.nursery.outside(() => this.#finalizers.run(key));
      return;
    }
    this.nursery.outside(() => {
      const { report } = this.errors;
      if (event === NativeEvent.collectStart) this.#collectEvents.started(report);
      else if (event === NativeEvent.misuse) this.#misused(this.native.misuse());
      else if (event === NativeEvent.collectStop) this.#collectEvents.stopped(report, this.native.lastCollection());
    });
  }

  #misused(misuse: MisuseError): void {
    if (this.#misuses.size === 0) this.errors.report(misuse);
    else this.#misuses.call(this.errors.report, misuse);
  }

  failure(status: number, wanted: number | string, operation: string, effort: string): BufgcError {
    if (status === Status.closed || this.#closed) return new ClosedError(operation);
    if (status === Status.outOfMemory) return new OutOfMemoryError(wanted, this.stats(), effort);
    return new InvalidArgumentError(operation, 'what the library takes', wanted);
  }
}
