// The front door: a manager owns one WebAssembly instance, so that closing and dropping it gives all of its memory back.
import { BufferHandle, type Grip } from './buffer.js';
import { dispose } from './disposable.js';
import { type DTypeInfo, uint8 } from './dtype.js';
import { type BufgcError, ClosedError, InvalidArgumentError, OutOfMemoryError, Status } from './errors.js';
import { Finalizers, refuseOwnTarget } from './finalizer.js';
import { ErrorSink, Handlers } from './handlers.js';
import { openIteration } from './iteration.js';
import { Mail, type Native, NativeCause, NativeEvent, type NativeModule } from './native.js';
import { Nursery } from './nursery.js';
import { Pressure, settle } from './pressure.js';
import { Scopes } from './scope.js';
import { captureSite, noSite, type Site } from './sites.js';
import type {
  AllocAsyncOptions,
  AllocSpec,
  Buffer,
  CollectReport,
  DType,
  Finalizer,
  Iteration,
  IterationOptions,
  LeakReport,
  Manager,
  SizeClassCount,
  StatisticInfo,
  Stats,
  WeakHandle,
} from './types.js';
import {
  budget,
  callback as checkCallback,
  flag,
  milliseconds,
  optionsBag,
  type ResolvedSpec,
  resolveAlloc,
  wholeNumber,
} from './validate.js';
import { VisualizerImpl } from './visualizer.js';
import { WeakHandleImpl } from './weak.js';

const defaultTimeoutMs = 5_000;

export interface ManagerSettings {
  readonly budgetBytes: number;
  readonly visualizer: boolean;
  readonly visualizerEvents: number;
  readonly cache: boolean;
  readonly compact: boolean;
  readonly sites: boolean;
}

type CollectHandlers = { start?: () => void; stop?: (report: CollectReport) => void };

export class ManagerImpl implements Manager {
  readonly native: Native;
  readonly errors = new ErrorSink();
  readonly visualizer: VisualizerImpl;
  readonly #nursery = new Nursery();
  readonly #scopes = new Scopes();
  readonly #finalizers: Finalizers;
  readonly #pressure: Pressure;
  readonly #leaks = new Handlers<[LeakReport]>();
  readonly #collectStart = new Handlers<[]>();
  readonly #collectStop = new Handlers<[CollectReport]>();
  readonly #files = new Map<string, number>();
  readonly #statistics: readonly StatisticInfo[];
  #budgetBytes: number;
  #cacheEnabled: boolean;
  #sitesEnabled: boolean;
  #closed = false;

  constructor(native: Native, module: NativeModule, settings: ManagerSettings) {
    this.native = native;
    this.#budgetBytes = settings.budgetBytes;
    this.#cacheEnabled = settings.cache;
    this.#sitesEnabled = settings.sites;
    this.#finalizers = new Finalizers(native, this.errors.report);
    this.#pressure = new Pressure(() => this.#nursery.flush());
    module.bufgcEvent = (event, key) => this.#nativeEvent(event, key);
    native.cold.open(
      settings.budgetBytes,
      settings.visualizer,
      settings.visualizerEvents,
      settings.cache,
      settings.compact,
    );
    native.cold.setSitesEnabled(settings.sites);
    this.visualizer = new VisualizerImpl(this, settings.visualizer);
    this.#statistics = Object.freeze(native.cold.statistics().map((info) => Object.freeze(info)));
  }

  alloc(nbytes: number): Buffer<'uint8'>;
  alloc<D extends DType = 'uint8'>(spec: AllocSpec<D>): Buffer<D>;
  alloc(spec: number | AllocSpec): Buffer {
    if (typeof spec === 'number' && spec >>> 0 === spec && !this.#sitesEnabled && !this.#closed) {
      const handle = this.native.alloc(spec);
      if (handle === 0) throw this.#failure(this.native.words[Mail.status] as number, spec, 'alloc()', '');
      return this.#adopt(handle, spec, uint8, null, '', false, '');
    }
    const resolved = resolveAlloc(spec);
    return this.#alloc(resolved, this.#sitesEnabled ? captureSite(this.alloc) : noSite, 'alloc()', '');
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
    const site = this.#sitesEnabled ? captureSite(this.allocAsync) : noSite;
    return this.#pressure.retry((effort) => this.#alloc(resolved, site, 'allocAsync()', effort), { timeoutMs, signal });
  }

  scope<T>(callback: () => T): T {
    return this.#scopes.run(callback);
  }

  iteration(options?: IterationOptions): Iteration {
    return openIteration(this, options);
  }

  keep<D extends DType>(buffer: Buffer<D>): Buffer<D> {
    BufferHandle.liveHandle(buffer, this, 'buffer', 'keep()');
    this.#scopes.keep(buffer as unknown as BufferHandle);
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
    if (status !== Status.ok) throw this.#failure(status, 0, 'link()', '');
  }

  unlink(a: Buffer, b: Buffer): void {
    const holder = BufferHandle.liveHandle(a, this, 'a', 'unlink()');
    const held = BufferHandle.liveHandle(b, this, 'b', 'unlink()');
    const status = this.native.unlink(holder, held);
    if (status === Status.invalidArgument) throw new InvalidArgumentError('b', 'a buffer that `a` links to', b);
    if (status !== Status.ok) throw this.#failure(status, 0, 'unlink()', '');
  }

  collect(): CollectReport {
    this.requireOpen('collect()');
    return this.native.cold.collect();
  }

  onCollect(handler: CollectHandlers): () => void {
    const { start, stop } = optionsBag(handler, 'handler');
    const removers: (() => void)[] = [];
    if (start !== undefined) removers.push(this.#collectStart.add(start));
    if (stop !== undefined) removers.push(this.#collectStop.add(stop));
    return () => {
      for (const remove of removers) remove();
    };
  }

  async drain(): Promise<void> {
    this.#nursery.flush();
    await settle();
  }

  trim(keepBytes = 0): number {
    wholeNumber(keepBytes, 'keepBytes', Number.MAX_SAFE_INTEGER);
    this.requireOpen('trim()');
    return this.native.cold.trim(keepBytes);
  }

  stats(): Stats {
    const stats = this.native.cold.stats();
    // Native code is built without exceptions: only JavaScript sees its callbacks throw.
    stats.finalizer_errors = this.#finalizers.errors;
    stats.budget_bytes = this.#budgetBytes;
    return stats;
  }

  get statistics(): readonly StatisticInfo[] {
    return this.#statistics;
  }

  statisticNames(): readonly string[] {
    return this.#statistics.map(({ name }) => name);
  }

  histogram(): SizeClassCount[] {
    return this.native.cold.histogram();
  }

  onLeak(handler: (leak: LeakReport) => void): () => void {
    return this.#leaks.add(handler);
  }

  onError(handler: (error: unknown) => void): () => void {
    return this.errors.add(handler);
  }

  get budgetBytes(): number {
    return this.#budgetBytes;
  }

  set budgetBytes(bytes: number) {
    budget(bytes, 'budgetBytes');
    this.requireOpen('budgetBytes');
    this.#budgetBytes = bytes;
    this.native.cold.setBudgetBytes(bytes);
  }

  get cacheEnabled(): boolean {
    return this.#cacheEnabled;
  }

  set cacheEnabled(enabled: boolean) {
    flag(enabled, 'cacheEnabled');
    this.requireOpen('cacheEnabled');
    this.#cacheEnabled = enabled;
    this.native.cold.setCacheEnabled(enabled);
  }

  get sitesEnabled(): boolean {
    return this.#sitesEnabled;
  }

  set sitesEnabled(enabled: boolean) {
    flag(enabled, 'sitesEnabled');
    this.requireOpen('sitesEnabled');
    this.#sitesEnabled = enabled;
    this.native.cold.setSitesEnabled(enabled);
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.native.cold.close();
    this.#finalizers.clear();
    this.#nursery.clear();
  }

  [dispose](): void {
    this.close();
  }

  requireOpen(operation: string): void {
    if (this.#closed) throw new ClosedError(operation);
  }

  /** A subview: `handle` is a live buffer, and the spec fits it. */
  adoptView(handle: number, byteOffset: number, spec: ResolvedSpec): BufferHandle {
    this.requireOpen('subview()');
    const { nbytes, dtype, shape, label } = spec;
    const site = this.#sitesEnabled ? captureSite(BufferHandle.prototype.subview) : noSite;
    const file = this.#file(site);
    const rank = this.native.putShape(shape);
    const view = this.native.makeView(
      handle,
      byteOffset,
      nbytes,
      dtype.code,
      rank,
      this.native.putText(label),
      file,
      site.line,
    );
    if (view === 0) throw this.#failure(this.native.words[Mail.status] as number, nbytes, 'subview()', '');
    return this.#adopt(view, nbytes, dtype, shape, label, true, site.text);
  }

  /** The engine collected a handle that nobody disposed. */
  dropped(grip: Grip): void {
    const { handle } = grip;
    if (handle === 0 || this.#closed) return;
    grip.handle = 0;
    const ended = this.native.release(handle, NativeCause.finalized) !== 0;
    if (!ended || this.#leaks.size === 0) return;
    const { id, nbytes, label, site } = grip;
    this.#leaks.call(this.errors.report, { id, nbytes, label, site });
  }

  #alloc(spec: ResolvedSpec, site: Site, operation: string, effort: string): BufferHandle {
    this.requireOpen(operation);
    const { nbytes, dtype, shape, label } = spec;
    const file = this.#file(site);
    const rank = this.native.putShape(shape);
    const handle = this.native.allocSpec(nbytes, dtype.code, rank, this.native.putText(label), file, site.line);
    if (handle === 0) throw this.#failure(this.native.words[Mail.status] as number, nbytes, operation, effort);
    return this.#adopt(handle, nbytes, dtype, shape, label, false, site.text);
  }

  #adopt(
    handle: number,
    nbytes: number,
    dtype: DTypeInfo,
    shape: readonly number[] | null,
    label: string,
    isView: boolean,
    site: string,
  ): BufferHandle {
    const buffer = new BufferHandle(this, handle, nbytes, dtype, shape, label, isView, site);
    this.#nursery.add(buffer);
    this.#scopes.track(buffer);
    return buffer;
  }

  /** Called from inside native code: nothing may be thrown through it. */
  #nativeEvent(event: number, key: number): void {
    if (event === NativeEvent.recorded) {
      this.visualizer.recorded();
      return;
    }
    if (event === NativeEvent.finalizer) {
      this.#scopes.outside(() => this.#finalizers.run(key));
      return;
    }
    this.#scopes.outside(() => {
      if (event === NativeEvent.collectStart) this.#collectStart.call(this.errors.report);
      else if (event === NativeEvent.collectStop)
        this.#collectStop.call(this.errors.report, this.native.cold.lastCollection());
    });
  }

  /** The address of a file's name, kept for ever: sites are places in a program, and those are few. */
  #file(site: Site): number {
    if (site.file === '') return 0;
    let address = this.#files.get(site.file);
    if (address === undefined) {
      address = this.native.cold.keepText(site.file);
      this.#files.set(site.file, address);
    }
    return address;
  }

  #failure(status: number, nbytes: number, operation: string, effort: string): BufgcError {
    if (status === Status.closed || this.#closed) return new ClosedError(operation);
    if (status === Status.outOfMemory) return new OutOfMemoryError(nbytes, this.stats(), effort);
    return new InvalidArgumentError(operation, 'what the native library takes', nbytes);
  }
}
