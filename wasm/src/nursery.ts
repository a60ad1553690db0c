// Where new handles spend the turn in which they were made. Registering a handle with the engine's
// FinalizationRegistry costs ten times an allocation, and most handles are disposed before their turn
// ends; so the nursery holds new handles strongly until then, and registers only those still in use.
// Nothing is lost by it: within a turn the engine finalizes nothing, registered or not.
// A scope ends within its turn too: while one is open, what is made is held by it alone. Each handle holds the
// one made before it, so that neither needs a list.
import { BufferHandle } from './buffer.js';
import type { Grip } from './grip.js';
import { redeem } from './tickets.js';

/** A brood is looked through for disposed handles when it has so many, and whenever it has doubled since. */
const leastSweep = 1024;
/** A stretch without an end keeps at most so many: more are registered before it ends. */
const largest = 32_768;

/**
 * One registry for all managers, alive as long as the module. V8 (seen in Node 20) runs no finalization
 * in the process ever again once a registry dies between the collection that found its targets dead and
 * the task that would tell it; a registry to each manager does just that when manager and buffers are
 * dropped together. No unregister token: dispose voids the grip or its ticket instead, which costs nothing.
 */
const registry = new FinalizationRegistry<Grip | number>((held) => {
  if (typeof held === 'number') redeem(held);
  else held.manager.dropped(held);
});

/** The handles of a turn or of a scope, newest first, each with the next in its `older`. */
class Brood {
  /** Where the survivors of a scope go. Of the turn's handles null. */
  readonly outer: Brood | null;
  newest: BufferHandle | null = null;
  count = 0;
  sweepAt = leastSweep;

  constructor(outer: Brood | null) {
    this.outer = outer;
  }

  /** Takes out whom `leaves` says so, and who was disposed. */
  sweep(leaves: (buffer: BufferHandle) => boolean): void {
    let last: BufferHandle | null = null;
    let buffer = this.newest;
    this.newest = null;
    this.count = 0;
    while (buffer !== null) {
      const next: BufferHandle | null = buffer.older;
      buffer.older = null;
      if (BufferHandle.handleOf(buffer) !== 0 && !leaves(buffer)) {
        if (last === null) this.newest = buffer;
        else last.older = buffer;
        last = buffer;
        this.count += 1;
      }
      buffer = next;
    }
    this.sweepAt = Math.max(leastSweep, this.count * 2);
  }
}

const nobody = (): boolean => false;

export class Nursery {
  readonly #survived: (bytes: number) => void;
  private readonly turn = new Brood(null);
  /** The innermost open scope's, or the turn's. */
  private current = this.turn;
  private flushIsDue = false;
  private readonly endOfTurn = (): void => {
    this.flushIsDue = false;
    this.flush();
  };

  /** `survived` is told how many bytes are in use at the end of the turn in which they were made. */
  constructor(survived: (bytes: number) => void) {
    this.#survived = survived;
  }

  add(buffer: BufferHandle): void {
    const brood = this.current;
    buffer.older = brood.newest;
    brood.newest = buffer;
    brood.count += 1;
    if (!this.flushIsDue) this.awaitEnd();
    if (brood.count === brood.sweepAt) this.makeRoom(brood);
  }

  /** A handle that was disposed. Where it is the newest it goes at once; others wait for the end. */
  leave(buffer: BufferHandle): void {
    const brood = this.current;
    if (brood.newest !== buffer) return;
    brood.newest = buffer.older;
    brood.count -= 1;
    buffer.older = null;
  }

  beginScope(): void {
    this.current = new Brood(this.current);
  }

  /** Disposes, newest first, what was made in the innermost scope and is not in `survivors`: those go to the outer one. */
  endScope(survivors: ReadonlySet<unknown> | null): void {
    const scope = this.current;
    this.current = scope.outer ?? this.turn;
    // Oldest first again, by way of `older`.
    let staying: BufferHandle | null = null;
    let buffer = scope.newest;
    while (buffer !== null) {
      const next: BufferHandle | null = buffer.older;
      if (survivors?.has(buffer)) {
        buffer.older = staying;
        staying = buffer;
      } else {
        buffer.older = null;
        // Finalizers run here. What they make is of the turn.
        buffer.dispose();
      }
      buffer = next;
    }
    while (staying !== null) {
      const next: BufferHandle | null = staying.older;
      this.add(staying);
      staying = next;
    }
  }

  /** Takes a handle out of the scope that holds it: no scope disposes it any more. */
  keep(buffer: BufferHandle): void {
    for (let brood = this.current; brood.outer !== null; brood = brood.outer) {
      let found = false;
      brood.sweep((other) => {
        if (other !== buffer) return false;
        found = true;
        return true;
      });
      if (!found) continue;
      this.outside(() => this.add(buffer));
      return;
    }
  }

  /** Runs code that no scope answers for: finalizers and handlers that happen to run inside one. */
  outside(callback: () => void): void {
    const current = this.current;
    this.current = this.turn;
    try {
      callback();
    } finally {
      this.current = current;
    }
  }

  /** Registers who is still in use and holds nobody any more, but what belongs to scopes. */
  flush(): void {
    let bytes = 0;
    this.turn.sweep((buffer) => {
      registry.register(buffer, BufferHandle.grip(buffer, null));
      bytes += buffer.nbytes;
      return true;
    });
    if (bytes > 0) this.#survived(bytes);
  }

  /** Holds nobody any more and registers nobody, but what belongs to scopes: the manager has closed. */
  clear(): void {
    this.turn.sweep(() => true);
  }

  private awaitEnd(): void {
    this.flushIsDue = true;
    queueMicrotask(this.endOfTurn);
  }

  private makeRoom(brood: Brood): void {
    brood.sweep(nobody);
    if (brood === this.turn && brood.count > largest) this.flush();
  }
}
