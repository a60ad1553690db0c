// Where new handles spend the turn in which they were made. Registering a handle with the engine's
// FinalizationRegistry costs ten times an allocation, and most handles are disposed before their turn
// ends; so the nursery holds new handles strongly until then, and registers only those still in use.
// Nothing is lost by it: within a turn the engine finalizes nothing, registered or not.
// A scope ends within its turn too: while one is open, what is made is held by it alone.
import { BufferHandle, type Grip } from './buffer.js';
import { noSite } from './sites.js';

const smallest = 1024;
const smallestScope = 16;
/** A stretch without an end keeps at most so many: more are registered before it ends. */
const largest = 65_536;

/**
 * One registry for all managers, alive as long as the module. V8 (seen in Node 20) runs no finalization
 * in the process ever again once a registry dies between the collection that found its targets dead and
 * the task that would tell it; a registry to each manager does just that when manager and buffers are
 * dropped together. No unregister token: dispose clears the grip instead, which costs nothing.
 */
const registry = new FinalizationRegistry<Grip>((grip) => grip.manager.dropped(grip));

/** Handles in the order of their birth: those of the turn, or those of a scope. */
class Brood {
  /** Where the survivors of a scope go. Of the turn's handles null. */
  readonly outer: Brood | null;
  items: (BufferHandle | undefined)[];
  count = 0;

  constructor(outer: Brood | null, capacity: number) {
    this.outer = outer;
    this.items = new Array(capacity);
  }

  /** Forgets who was disposed; where that is less than half of them, takes twice as many. */
  makeRoom(): void {
    const capacity = this.items.length;
    const inUse = this.items.filter((buffer) => buffer !== undefined && BufferHandle.handleOf(buffer) !== 0);
    this.count = inUse.length;
    inUse.length = inUse.length > capacity / 2 ? capacity * 2 : capacity;
    this.items = inUse;
  }
}

export class Nursery {
  readonly #survived: (bytes: number) => void;
  readonly #turn = new Brood(null, smallest);
  /** The innermost open scope's, or the turn's. */
  #current = this.#turn;
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
    const brood = this.#current;
    const { count } = brood;
    brood.items[count] = buffer;
    brood.count = count + 1;
    if (!this.#flushIsDue) {
      this.#flushIsDue = true;
      queueMicrotask(this.#endOfTurn);
    }
    if (count + 1 === brood.items.length) this.#makeRoom(brood);
  }

  /** A handle that was disposed. The newest leaves its place to the next; others wait for the end. */
  leave(buffer: BufferHandle): void {
    const brood = this.#current;
    const last = brood.count - 1;
    if (last >= 0 && brood.items[last] === buffer) {
      brood.items[last] = undefined;
      brood.count = last;
    }
  }

  beginScope(): void {
    this.#current = new Brood(this.#current, smallestScope);
  }

  /** Disposes, newest first, what was made in the innermost scope and is not in `survivors`: those go to the outer one. */
  endScope(survivors: ReadonlySet<unknown> | null): void {
    const scope = this.#current;
    const { items } = scope;
    let staying = 0;
    this.#current = scope.outer ?? this.#turn;
    for (let index = scope.count - 1; index >= 0; index -= 1) {
      const buffer = items[index] as BufferHandle;
      if (survivors === null || !survivors.has(buffer)) buffer.dispose();
      else staying += 1;
    }
    if (staying === 0) return;
    for (let index = 0; index < scope.count; index += 1) {
      const buffer = items[index] as BufferHandle;
      if (BufferHandle.handleOf(buffer) !== 0) this.add(buffer);
    }
  }

  /** Takes a handle out of the scope that holds it: no scope disposes it any more. */
  keep(buffer: BufferHandle): void {
    for (let brood = this.#current; brood.outer !== null; brood = brood.outer) {
      const index = brood.items.lastIndexOf(buffer, brood.count - 1);
      if (index < 0) continue;
      brood.items.splice(index, 1);
      brood.count -= 1;
      this.outside(() => this.add(buffer));
      return;
    }
  }

  /** Runs code that no scope answers for: finalizers and handlers that happen to run inside one. */
  outside(callback: () => void): void {
    const current = this.#current;
    this.#current = this.#turn;
    try {
      callback();
    } finally {
      this.#current = current;
    }
  }

  /** Registers who is still in use and holds nobody any more, but what belongs to scopes. */
  flush(): void {
    const { items, count } = this.#turn;
    let bytes = 0;
    for (let index = 0; index < count; index += 1) {
      const buffer = items[index] as BufferHandle;
      items[index] = undefined;
      if (BufferHandle.handleOf(buffer) === 0) continue;
      registry.register(buffer, BufferHandle.grip(buffer, noSite));
      bytes += buffer.nbytes;
    }
    this.#turn.count = 0;
    if (items.length > smallest) this.#turn.items = new Array(smallest);
    if (bytes > 0) this.#survived(bytes);
  }

  /** Holds nobody any more and registers nobody, but what belongs to scopes: the manager has closed. */
  clear(): void {
    this.#turn.items.fill(undefined);
    this.#turn.count = 0;
  }

  #makeRoom(brood: Brood): void {
    brood.makeRoom();
    if (brood === this.#turn && brood.count > largest / 2) this.flush();
  }
}
