// How handles come to be: the native call, the handle on what it made, and all that has to know of it.
import { BufferHandle } from './buffer.js';
import type { Grip } from './grip.js';
import type { ManagerImpl } from './manager.js';
import { Mail } from './native.js';
import { noSite, type Site, SiteFiles } from './sites.js';
import { type BufferSpec, flatBytes, type ResolvedSpec } from './validate.js';

export class Births {
  private readonly manager: ManagerImpl;
  readonly #files: SiteFiles;
  /**
   * No buffer's: with the last object of a form V8 forgets the form, and all code that it has optimized for it. A
   * program that drops all its buffers would begin anew after each collection.
   */
  readonly exemplar: BufferHandle;

  constructor(manager: ManagerImpl) {
    this.manager = manager;
    this.exemplar = new BufferHandle(manager, 0, 0, flatBytes);
    this.#files = new SiteFiles((file) => {
      const { native } = manager;
      return native.found(native.cold.bufgc_keep_text(native.putText(file)), 'a text');
    });
  }

  /** A row of bytes without a label: the hot path. */
  ofBytes(nbytes: number): BufferHandle {
    const { manager } = this;
    const handle = manager.shelf.take(nbytes) || manager.native.alloc(nbytes);
    if (handle === 0) this.refuse(nbytes, 'alloc()', '');
    const buffer = new BufferHandle(manager, handle, nbytes, flatBytes);
    manager.nursery.add(buffer);
    return buffer;
  }

  of(spec: ResolvedSpec, site: Site, operation: string, effort: string): BufferHandle {
    this.manager.requireOpen(operation);
    const { native } = this.manager;
    const { nbytes, dtype, label } = spec;
    const file = this.#files.address(site);
    const rank = this.#putShape(spec);
    const handle = native.allocSpec(nbytes, dtype.code, rank, native.putText(label), file, site.line);
    if (handle === 0) this.refuse(nbytes, operation, effort);
    return this.#adopt(handle, nbytes, spec, site);
  }

  /** A subview: `base` is a live buffer, and the spec fits it. */
  ofView(base: number, byteOffset: number, spec: ResolvedSpec, site: Site): BufferHandle {
    this.manager.requireOpen('subview()');
    const { native } = this.manager;
    const { nbytes, dtype, label } = spec;
    const file = this.#files.address(site);
    const rank = this.#putShape(spec);
    const text = native.putText(label);
    const handle = native.makeView(base, byteOffset, nbytes, dtype.code, rank, text, file, site.line);
    if (handle === 0) this.refuse('a subview', 'subview()', '');
    return this.#adopt(handle, nbytes, spec, site);
  }

  #adopt(handle: number, nbytes: number, spec: BufferSpec, site: Site): BufferHandle {
    const { manager } = this;
    const buffer = new BufferHandle(manager, handle, nbytes, spec);
    if (site !== noSite) manager.leaks.born(BufferHandle.grip(buffer, site) as Grip);
    manager.nursery.add(buffer);
    return buffer;
  }

  /** The native call that was just made gave nothing: throws why. */
  private refuse(wanted: number | string, operation: string, effort: string): never {
    const { manager } = this;
    throw manager.failure(manager.native.words[Mail.status] as number, wanted, operation, effort);
  }

  /** Leaves a shape for the next native call, which takes dense ones only; answers its rank. */
  #putShape({ shape, strides }: BufferSpec): number {
    return this.manager.native.putShape(strides === null ? shape : null);
  }
}
