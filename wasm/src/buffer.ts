// A handle on a native buffer. It notes when it lets go of the native handle, so that whatever comes later,
// another dispose or the engine's finalization, finds nothing left to do.
// Handles are made by the million: what can be told from something else has no field of its own, and
// fields are private to TypeScript only, since engines take longer to make a `#field`.
import { dispose } from './disposable.js';
import type { DTypeInfo } from './dtype.js';
import { InvalidArgumentError, UseAfterDisposeError } from './errors.js';
import { Grip } from './grip.js';
import type { ManagerImpl } from './manager.js';
import { idOf } from './native.js';
import type { Site } from './sites.js';
import { denseStrides } from './strides.js';
import { issue, voidTicket } from './tickets.js';
import type { Buffer, CopySource, CopyTarget, DType, PackedBuffer, Pin, SubviewSpec, ViewOf } from './types.js';
import { type BufferSpec, resolveView } from './validate.js';
import { copyFrom, copyTo, fill, pack, toFloat32Array } from './views.js';

export class BufferHandle<D extends DType = DType> implements Buffer<D> {
  private readonly manager: ManagerImpl;
  private readonly spec: BufferSpec;
  private readonly address: number;
  /** Of the id. All its bits turned, and so below 0, once the native handle is let go. */
  private generation: number;
  /** What is kept for this handle after the engine collects it: a grip, or a ticket for one, or 0. */
  private grip: Grip | number;
  private known: ViewOf[D] | null;
  /** Of the nursery: the handle made before this one. */
  older: BufferHandle | null;
  readonly nbytes: number;

  /** Adopts a native handle that was just made. */
  constructor(manager: ManagerImpl, handle: number, nbytes: number, spec: BufferSpec) {
    this.manager = manager;
    this.spec = spec;
    this.address = handle;
    this.generation = manager.shelf.generation(handle);
    this.grip = 0;
    this.known = null;
    this.older = null;
    this.nbytes = nbytes;
  }

  get id(): number {
    const { generation } = this;
    return idOf(this.manager.native.slot(this.address) >>> 0, generation < 0 ? ~generation : generation);
  }

  get capacity(): number {
    const { handle } = this;
    return handle === 0 ? 0 : this.manager.native.capacity(handle) >>> 0;
  }

  get dtype(): D {
    return this.spec.dtype.name as D;
  }

  get shape(): readonly number[] {
    return this.spec.shape ?? [Math.floor(this.nbytes / this.spec.dtype.itemBytes)];
  }

  get strides(): readonly number[] {
    return this.spec.strides ?? denseStrides(this.shape);
  }

  get label(): string {
    return this.spec.label;
  }

  get isView(): boolean {
    return this.spec.isView;
  }

  get disposed(): boolean {
    const { handle } = this;
    return handle === 0 || this.manager.native.data(handle) === 0;
  }

  view(): ViewOf[D] {
    const { handle, known } = this;
    const data = handle === 0 ? 0 : this.manager.native.data(handle) >>> 0;
    if (data === 0) throw new UseAfterDisposeError(this.id, this.label, 'view()');
    // Growth detaches views (they begin at 0 then, where no buffer is), compaction may move the bytes besides.
    if (known !== null && known.byteOffset === data) return known;
    return this.derive(data);
  }

  fill(value: number | bigint): this {
    fill(this, value);
    return this;
  }

  copyFrom(source: CopySource): this {
    copyFrom(this, source);
    return this;
  }

  copyTo<T extends CopyTarget>(target: T): T {
    copyTo(this, target);
    return target;
  }

  toFloat32Array(): Float32Array<ArrayBuffer> {
    return toFloat32Array(this);
  }

  pack(): PackedBuffer<D> {
    return pack(this);
  }

  pin(): Pin {
    const handle = this.live('pin()');
    const { native } = this.manager;
    const byteOffset = native.data(handle) >>> 0;
    let pinned = native.found(native.pin(handle), 'a pin');
    const unpin = () => {
      const held = pinned;
      pinned = 0; // before the buffer ends, whose finalizers may come here again
      native.unpin(held);
    };
    return { byteOffset, dispose: unpin, [dispose]: unpin };
  }

  subview<E extends DType = D>(byteOffset: number, spec?: SubviewSpec<E>): Buffer<E> {
    const handle = this.live('subview()');
    const resolved = resolveView(byteOffset, spec, { nbytes: this.nbytes, dtype: this.spec.dtype });
    return this.manager.adoptView(handle, byteOffset, resolved) as unknown as Buffer<E>;
  }

  dispose(): void {
    const { manager, address, generation, grip } = this;
    if (generation < 0) return;
    this.generation = ~generation;
    this.known = null;
    if (grip === 0) manager.nursery.leave(this);
    else forget(grip);
    if (!manager.shelf.lay(address, generation, this.nbytes)) manager.native.release(address);
  }

  destroy(): void {
    const { handle } = this;
    if (handle !== 0) this.manager.native.destroy(handle);
    this.dispose();
  }

  [dispose](): void {
    this.dispose();
  }

  /** The native handle, 0 once let go. */
  static handleOf(buffer: BufferHandle): number {
    return buffer.handle;
  }

  static specOf(buffer: BufferHandle): BufferSpec {
    return buffer.spec;
  }

  /** The native handle of an argument that must be a live buffer of this manager. */
  static liveHandle(value: unknown, manager: ManagerImpl, argument: string, operation: string): number {
    if (!BufferHandle.is(value)) throw new InvalidArgumentError(argument, 'a buffer', value);
    if (value.manager !== manager) {
      throw new InvalidArgumentError(
        argument,
        'a buffer of this manager, since each manager has its own memory',
        value,
      );
    }
    return value.live(operation);
  }

  static is(value: unknown): value is BufferHandle {
    return value instanceof BufferHandle;
  }

  static rootId(buffer: BufferHandle): number {
    return buffer.manager.native.rootId(buffer.handle);
  }

  static gripOf(buffer: BufferHandle): Grip | number {
    return buffer.grip;
  }

  /** The same, made where there is none: a grip for who keeps a place of birth, else a ticket. */
  static grip(buffer: BufferHandle, site: Site | null): Grip | number {
    const { manager, address, spec } = buffer;
    buffer.grip ||= site === null ? issue(manager, address, spec) : new Grip(manager, address, spec, site);
    return buffer.grip;
  }

  private derive(data: number): ViewOf[D] {
    const { View, itemBytes } = this.spec.dtype as DTypeInfo<D>;
    const view = new View(this.manager.native.buffer, data, Math.floor(this.nbytes / itemBytes));
    this.known = this.manager.guard(view, this);
    return this.known;
  }

  private live(operation: string): number {
    if (this.disposed) throw new UseAfterDisposeError(this.id, this.label, operation);
    return this.handle;
  }

  /** The native handle, 0 once let go. */
  private get handle(): number {
    return this.generation < 0 ? 0 : this.address;
  }
}

/** Its handle was disposed: when the engine collects that, nothing is left to do. */
function forget(grip: Grip | number): void {
  if (typeof grip === 'number') voidTicket(grip);
  else {
    grip.letGo();
    grip.manager.leaks.forget(grip);
  }
}
