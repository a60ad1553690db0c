// A weak handle: the id, and the engine's weak reference to the handle it was made from.
import type { Buffer, DType, WeakHandle } from './types.js';

export class WeakHandleImpl<D extends DType> implements WeakHandle<D> {
  readonly id: number;
  readonly #target: WeakRef<Buffer<D>>;

  constructor(buffer: Buffer<D>) {
    this.id = buffer.id;
    this.#target = new WeakRef(buffer);
  }

  deref(): Buffer<D> | undefined {
    const buffer = this.#target.deref();
    return buffer === undefined || buffer.disposed ? undefined : buffer;
  }
}
