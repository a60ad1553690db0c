// A handle on a native buffer. It holds the native handle's address and clears it when it lets go, so
// that whatever comes later, another dispose or the engine's finalization, finds nothing left to do.
import { dispose } from './disposable.js';
import type { DTypeInfo } from './dtype.js';
import { InvalidArgumentError, UseAfterDisposeError } from './errors.js';
import type { ManagerImpl } from './manager.js';
import { Mail, NativeCause } from './native.js';
import type { Buffer, DType, Pin, SubviewSpec, ViewOf } from './types.js';
import { resolveView } from './validate.js';

/**
 * What outlives a handle that the engine collects: enough to release and to report it. Made only for
 * handles that outlive the turn in which they were made.
 */
export interface Grip {
  readonly manager: ManagerImpl;
  handle: number;
  readonly id: number;
  readonly nbytes: number;
  readonly label: string;
  readonly site: string;
}

export class BufferHandle<D extends DType = DType> implements Buffer<D> {
  readonly id: number;
  readonly nbytes: number;
  readonly capacity: number;
  readonly label: string;
  readonly isView: boolean;
  readonly #manager: ManagerImpl;
  readonly #dtype: DTypeInfo<D>;
  readonly #site: string;
  #shape: readonly number[] | null;
  #handle: number;
  #grip: Grip | null = null;
  #view: ViewOf[D] | null = null;

  /** Adopts a native handle that was just made: its id and capacity are still in the mailbox. */
  constructor(
    manager: ManagerImpl,
    handle: number,
    nbytes: number,
    dtype: DTypeInfo<D>,
    shape: readonly number[] | null,
    label: string,
    isView: boolean,
    site: string,
  ) {
    const { native } = manager;
    this.id = native.takeId();
    this.nbytes = nbytes;
    this.capacity = native.words[Mail.capacity] as number;
    this.label = label;
    this.isView = isView;
    this.#manager = manager;
    this.#dtype = dtype;
    this.#site = site;
    this.#shape = shape;
    this.#handle = handle;
  }

  get dtype(): D {
    return this.#dtype.name;
  }

  get shape(): readonly number[] {
    this.#shape ??= [Math.floor(this.nbytes / this.#dtype.itemBytes)];
    return this.#shape;
  }

  get disposed(): boolean {
    return this.#handle === 0 || this.#manager.native.data(this.#handle) === 0;
  }

  view(): ViewOf[D] {
    const handle = this.#handle;
    const data = handle === 0 ? 0 : this.#manager.native.data(handle) >>> 0;
    if (data === 0) throw new UseAfterDisposeError(this.id, this.label, 'view()');
    const known = this.#view;
    // Growth detaches views (their length is then 0), compaction may move the bytes besides.
    if (known !== null && known.length !== 0 && known.byteOffset === data) return known;
    const { View, itemBytes } = this.#dtype;
    const view = new View(this.#manager.native.buffer, data, Math.floor(this.nbytes / itemBytes));
    this.#view = view;
    return view;
  }

  pin(): Pin {
    const handle = this.#live('pin()');
    const { native } = this.#manager;
    const byteOffset = native.data(handle) >>> 0;
    let pinned = native.pin(handle);
    const unpin = () => {
      native.unpin(pinned);
      pinned = 0;
    };
    return { byteOffset, dispose: unpin, [dispose]: unpin };
  }

  subview<E extends DType = D>(byteOffset: number, spec?: SubviewSpec<E>): Buffer<E> {
    const handle = this.#live('subview()');
    const resolved = resolveView(byteOffset, spec, { nbytes: this.nbytes, dtype: this.#dtype });
    return this.#manager.adoptView(handle, byteOffset, resolved) as unknown as Buffer<E>;
  }

  dispose(): void {
    const handle = this.#letGo();
    if (handle !== 0) this.#manager.native.release(handle, NativeCause.dispose);
  }

  destroy(): void {
    const handle = this.#letGo();
    if (handle === 0) return;
    this.#manager.native.destroy(handle);
    this.#manager.native.release(handle, NativeCause.dispose);
  }

  [dispose](): void {
    this.dispose();
  }

  /** The native handle, 0 once let go. */
  static handleOf(buffer: BufferHandle): number {
    return buffer.#handle;
  }

  /** The native handle of an argument that must be a live buffer of this manager. */
  static liveHandle(value: unknown, manager: ManagerImpl, argument: string, operation: string): number {
    if (typeof value !== 'object' || value === null || !(#handle in value)) {
      throw new InvalidArgumentError(argument, 'a buffer', value);
    }
    if (value.#manager !== manager) {
      throw new InvalidArgumentError(
        argument,
        'a buffer of this manager, since each manager has its own memory',
        value,
      );
    }
    return value.#live(operation);
  }

  static is(value: unknown): value is BufferHandle {
    return typeof value === 'object' && value !== null && #handle in value;
  }

  /** The id of the buffer whose bytes a live handle shows: its base's, or its own. */
  static rootId(buffer: BufferHandle): number {
    const { native } = buffer.#manager;
    native.root(buffer.#handle);
    return native.takeId();
  }

  /** The record that is kept for this handle after the engine collects it. */
  static grip(buffer: BufferHandle): Grip {
    buffer.#grip ??= {
      manager: buffer.#manager,
      handle: buffer.#handle,
      id: buffer.id,
      nbytes: buffer.nbytes,
      label: buffer.label,
      site: buffer.#site,
    };
    return buffer.#grip;
  }

  #live(operation: string): number {
    if (this.disposed) throw new UseAfterDisposeError(this.id, this.label, operation);
    return this.#handle;
  }

  #letGo(): number {
    const handle = this.#handle;
    if (handle !== 0) {
      this.#handle = 0;
      this.#view = null;
      if (this.#grip !== null) this.#grip.handle = 0;
    }
    return handle;
  }
}
