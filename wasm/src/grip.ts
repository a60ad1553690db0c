// What outlives a handle that the engine collects: enough to release its buffer and to report it.
import type { ManagerImpl } from './manager.js';
import { idOf } from './native.js';
import type { Site } from './sites.js';
import type { BufferSpec } from './validate.js';

/**
 * Made only for handles that outlive the turn in which they were made, and for those whose place of birth is kept.
 * Like a handle it has only small numbers, and keeps no fact that it can tell from others.
 */
export class Grip {
  readonly manager: ManagerImpl;
  private readonly address: number;
  /** Of the id. All its bits turned once the native handle is let go. */
  private generation: number;
  readonly nbytes: number;
  private readonly spec: BufferSpec;
  readonly site: Site;

  constructor(manager: ManagerImpl, handle: number, generation: number, nbytes: number, spec: BufferSpec, site: Site) {
    this.manager = manager;
    this.address = handle;
    this.generation = generation;
    this.nbytes = nbytes;
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
