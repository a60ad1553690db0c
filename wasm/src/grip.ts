// What outlives a handle that the engine collects: enough to release its buffer and to report it.
import type { ManagerImpl } from './manager.js';
import { idOf } from './native.js';
import type { Site } from './sites.js';
import type { BufferSpec } from './validate.js';

/** Made for handles whose place of birth is kept; of others when the engine has collected them (tickets.ts). */
export class Grip {
  readonly manager: ManagerImpl;
  private readonly address: number;
  /** Of the id. All its bits turned once the native handle is let go. */
  private generation: number;
  readonly nbytes: number;
  private readonly spec: BufferSpec;
  readonly site: Site;

  /** `handle` is not let go yet. */
  constructor(manager: ManagerImpl, handle: number, spec: BufferSpec, site: Site) {
    this.manager = manager;
    this.address = handle;
    this.generation = manager.shelf.generation(handle);
    this.nbytes = manager.shelf.nbytes(handle);
    this.spec = spec;
    this.site = site;
  }

  /** The native handle, 0 once let go. */
  get handle(): number {
    return this.generation < 0 ? 0 : this.address;
  }

  letGo(): void {
    if (this.generation >= 0) this.generation = ~this.generation;
  }

  get id(): number {
    const { generation } = this;
    return idOf(this.manager.native.slot(this.address) >>> 0, generation < 0 ? ~generation : generation);
  }

  get label(): string {
    return this.spec.label;
  }
}
