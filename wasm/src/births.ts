// How handles come to be: the native call, the handle on what it made, and all that has to know of it.
import { BufferHandle } from './buffer.js';
import type { ManagerImpl } from './manager.js';
import { Mail } from './native.js';
import { noSite, type Site, SiteFiles } from './sites.js';
import { type BufferSpec, flatBytes, type ResolvedSpec } from './validate.js';

export class Births {
  readonly #manager: ManagerImpl;
  readonly #files: SiteFiles;

  constructor(manager: ManagerImpl) {
    this.#manager = manager;
    this.#files = new SiteFiles((file) => {
      const { native } = manager;
      return native.found(native.cold.bufgc_keep_text(native.putText(file)), 'a text');
    });
  }

  /** A row of bytes without a label: the hot path. */
  ofBytes(nbytes: number): BufferHandle {
    const { shelf, native } = this.#manager;
    const handle = shelf.take(nbytes) || native.alloc(nbytes);
    if (handle === 0) throw this.#manager.failure(native.words[Mail.status] as number, nbytes, 'alloc()');
    return this.#adopt(handle, nbytes, flatBytes, noSite);
  }

  of(spec: ResolvedSpec, site: Site, operation: string, effort?: string): BufferHandle {
    this.#manager.requireOpen(operation);
    const { native } = this.#manager;
    const { nbytes, dtype, label } = spec;
    const file = this.#files.address(site);
    const rank = this.#putShape(spec);
    const handle = native.allocSpec(nbytes, dtype.code, rank, native.putText(label), file, site.line);
    if (handle === 0) throw this.#manager.failure(native.words[Mail.status] as number, nbytes, operation, effort);
    return this.#adopt(handle, nbytes, spec, site);
  }

  /** A subview: `base` is a live buffer, and the spec fits it. */
  ofView(base: number, byteOffset: number, spec: ResolvedSpec, site: Site): BufferHandle {
    this.#manager.requireOpen('subview()');
    const { native } = this.#manager;
    const { nbytes, dtype, label } = spec;
    const file = this.#files.address(site);
    const rank = this.#putShape(spec);
    const text = native.putText(label);
    const handle = native.makeView(base, byteOffset, nbytes, dtype.code, rank, text, file, site.line);
    if (handle === 0) throw this.#manager.failure(native.words[Mail.status] as number, 'a subview', 'subview()');
    return this.#adopt(handle, nbytes, spec, site);
  }

  #adopt(handle: number, nbytes: number, spec: BufferSpec, site: Site): BufferHandle {
    const manager = this.#manager;
    const generation = manager.shelf.generation(handle);
    const buffer = new BufferHandle(manager, handle, generation, nbytes, spec);
    if (site !== noSite) manager.leaks.born(BufferHandle.grip(buffer, site));
    manager.nursery.add(buffer);
    return buffer;
  }

  /** Leaves a shape for the next native call, which takes dense ones only; answers its rank. */
  #putShape({ shape, strides }: BufferSpec): number {
    return this.#manager.native.putShape(strides === null ? shape : null);
  }
}
