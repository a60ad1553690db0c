// Where new handles spend the turn in which they were made. Registering a handle with the engine's
// FinalizationRegistry costs ten times an allocation, and most handles are disposed before their turn
// ends; so the nursery holds new handles strongly until then, and registers only those still in use.
// Nothing is lost by it: within a turn the engine finalizes nothing, registered or not.
import { BufferHandle, type Grip } from './buffer.js';
import { noSite } from './sites.js';

const smallest = 1024;
/** A stretch without an end keeps at most so many: more are registered before it ends. */
const largest = 65_536;

/**
 * One registry for all managers, alive as long as the module. V8 (seen in Node 20) runs no finalization
 * in the process ever again once a registry dies between the collection that found its targets dead and
 * the task that would tell it; a registry to each manager does just that when manager and buffers are
 * dropped together. No unregister token: dispose clears the grip instead, which costs nothing.
 */
const registry = new FinalizationRegistry<Grip>((grip) => grip.manager.dropped(grip));

export class Nursery {
  readonly #survived: (bytes: number) => void;
  #young: (BufferHandle | undefined)[] = new Array(smallest).fill(undefined);
  #count = 0;
  #flushIsDue = false;
  readonly #endOfTurn = (): void => {
    this.#flushIsDue = false;
    this.flush();
  };

  /** `survived` is told how many bytes are in use at the end of the turn in which they were made. */
  constructor(survived: (bytes: number) => void) {
    this.#survived = survived;
  }

  add(buffer: BufferHandle): void {
    const count = this.#count;
    this.#young[count] = buffer;
    this.#count = count + 1;
    if (!this.#flushIsDue) {
      this.#flushIsDue = true;
      queueMicrotask(this.#endOfTurn);
    }
    if (count + 1 === this.#young.length) this.#makeRoom();
  }

  /** A handle that was disposed. The newest leaves its place to the next; others wait for the flush. */
  leave(buffer: BufferHandle): void {
    const last = this.#count - 1;
    if (last >= 0 && this.#young[last] === buffer) {
      this.#young[last] = undefined;
      this.#count = last;
    }
  }

  /** Registers who is still in use and holds nobody any more. */
  flush(): void {
    const young = this.#young;
    let bytes = 0;
    for (let index = 0; index < this.#count; index += 1) {
      const buffer = young[index] as BufferHandle;
      young[index] = undefined;
      if (BufferHandle.handleOf(buffer) === 0) continue;
      registry.register(buffer, BufferHandle.grip(buffer, noSite));
      bytes += buffer.nbytes;
    }
    this.#count = 0;
    if (young.length > smallest) this.#young = new Array(smallest).fill(undefined);
    if (bytes > 0) this.#survived(bytes);
  }

  /** Holds nobody any more and registers nobody: the manager has closed. */
  clear(): void {
    this.#young.fill(undefined);
    this.#count = 0;
  }

  /** Forgets who was disposed; where that is less than half of them, takes twice as many, or registers all. */
  #makeRoom(): void {
    const inUse = this.#young.filter((buffer) => buffer !== undefined && BufferHandle.handleOf(buffer) !== 0);
    const capacity = this.#young.length;
    this.#count = inUse.length;
    inUse.length = inUse.length > capacity / 2 && capacity < largest ? capacity * 2 : capacity;
    this.#young = inUse.fill(undefined, this.#count);
    if (this.#count > largest / 2) this.flush();
  }
}
