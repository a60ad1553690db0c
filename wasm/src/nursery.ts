// Where new handles spend the turn in which they were made. Registering a handle with the engine's
// FinalizationRegistry costs ten times an allocation, and most handles are disposed before their turn
// ends; so the nursery holds new handles strongly until then, and registers only those still in use.
import { BufferHandle, type Grip } from './buffer.js';

const capacity = 1024;

/**
 * One registry for all managers, alive as long as the module. V8 (seen in Node 20) runs no finalization
 * in the process ever again once a registry dies between the collection that found its targets dead and
 * the task that would tell it; a registry to each manager does just that when manager and buffers are
 * dropped together. No unregister token: dispose clears the grip instead, which costs nothing.
 */
const registry = new FinalizationRegistry<Grip>((grip) => grip.manager.dropped(grip));

export class Nursery {
  readonly #young: (BufferHandle | undefined)[] = new Array(capacity).fill(undefined);
  #count = 0;
  #flushIsDue = false;
  readonly #endOfTurn = (): void => {
    this.#flushIsDue = false;
    this.flush();
  };

  add(buffer: BufferHandle): void {
    this.#young[this.#count] = buffer;
    this.#count += 1;
    if (!this.#flushIsDue) {
      this.#flushIsDue = true;
      queueMicrotask(this.#endOfTurn);
    }
    // A synchronous stretch without an end must not keep its handles: the overflow registers.
    if (this.#count === capacity) this.flush();
  }

  /** Registers who is still in use and holds nobody any more. */
  flush(): void {
    const young = this.#young;
    for (let index = 0; index < this.#count; index += 1) {
      const buffer = young[index] as BufferHandle;
      young[index] = undefined;
      if (BufferHandle.handleOf(buffer) !== 0) registry.register(buffer, BufferHandle.grip(buffer));
    }
    this.#count = 0;
  }

  /** Holds nobody any more and registers nobody: the manager has closed. */
  clear(): void {
    this.#young.fill(undefined);
    this.#count = 0;
  }
}
