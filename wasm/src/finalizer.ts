// Callbacks tied to a buffer's death, after CPython's weakref.finalize. The native side knows when and
// in what order; it calls back with a key, and what the key stands for is kept here.
import { BufferHandle } from './buffer.js';
import { InvalidArgumentError } from './errors.js';
import type { Native } from './native.js';
import { isPlainObject } from './scope.js';
import type { Finalizer } from './types.js';

interface Entry {
  readonly held: unknown;
  readonly callback: (held: unknown) => unknown;
  /** The native finalizer's address. */
  readonly native: number;
  atExit: boolean;
  /** Set while `call()` runs it: where its result goes. */
  outcome: { result?: unknown; error?: unknown; threw: boolean } | null;
}

export class Finalizers {
  readonly #native: Native;
  readonly #entries = new Map<number, Entry>();
  readonly #onError: (error: unknown) => void;
  #nextKey = 1;
  #errors = 0;

  constructor(native: Native, onError: (error: unknown) => void) {
    this.#native = native;
    this.#onError = onError;
  }

  /** How many callbacks threw. */
  get errors(): number {
    return this.#errors;
  }

  add<T, R>(handle: number, held: T, callback: (held: T) => R): Finalizer<T, R> {
    const key = this.#nextKey;
    this.#nextKey += 1;
    const native = this.#native.found(this.#native.finalize(handle, key), 'a finalizer');
    this.#entries.set(key, {
      held,
      callback: callback as (held: unknown) => unknown,
      native,
      atExit: true,
      outcome: null,
    });
    return new FinalizerHandle<T, R>(this, key);
  }

  entry(key: number): Entry | undefined {
    return this.#entries.get(key);
  }

  /** The native side says that it is this one's time. Never throws: there is native code below. */
  run(key: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    try {
      const result = entry.callback(entry.held);
      if (entry.outcome !== null) entry.outcome.result = result;
    } catch (error) {
      this.#errors += 1;
      if (entry.outcome === null) this.#onError(error);
      else Object.assign(entry.outcome, { error, threw: true });
    }
    // `call()` still needs the native finalizer, and drops it by itself.
    if (entry.outcome === null) this.#native.finalizerDrop(entry.native);
  }

  call(key: number): unknown {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const outcome = { result: undefined as unknown, error: undefined as unknown, threw: false };
    entry.outcome = outcome;
    this.#native.finalizerCall(entry.native);
    this.#native.finalizerDrop(entry.native);
    if (outcome.threw) throw outcome.error;
    return outcome.result;
  }

  detach(key: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#native.finalizerDetach(entry.native);
    this.#native.finalizerDrop(entry.native);
  }

  setAtExit(key: number, atExit: boolean): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.atExit = atExit;
    this.#native.finalizerSetAtExit(entry.native, atExit ? 1 : 0);
  }

  /** After the native close: those that were not to run at exit are gone with their buffers. */
  clear(): void {
    for (const entry of this.#entries.values()) this.#native.finalizerDrop(entry.native);
    this.#entries.clear();
  }
}

class FinalizerHandle<T, R> implements Finalizer<T, R> {
  readonly #finalizers: Finalizers;
  readonly #key: number;

  constructor(finalizers: Finalizers, key: number) {
    this.#finalizers = finalizers;
    this.#key = key;
  }

  get alive(): boolean {
    return this.#finalizers.entry(this.#key) !== undefined;
  }

  peek(): { held: T; callback: (held: T) => R } | undefined {
    const entry = this.#finalizers.entry(this.#key);
    if (entry === undefined) return undefined;
    return { held: entry.held as T, callback: entry.callback as (held: T) => R };
  }

  detach(): { held: T; callback: (held: T) => R } | undefined {
    const facts = this.peek();
    this.#finalizers.detach(this.#key);
    return facts;
  }

  call(): R | undefined {
    return this.#finalizers.call(this.#key) as R | undefined;
  }

  get atExit(): boolean {
    return this.#finalizers.entry(this.#key)?.atExit ?? false;
  }

  set atExit(atExit: boolean) {
    this.#finalizers.setAtExit(this.#key, atExit);
  }
}

/**
 * Refuses a held value that is the target or plainly holds it: it would keep the target alive for
 * ever. What hides deeper, or in the callback's closure, cannot be seen.
 */
export function refuseOwnTarget(target: BufferHandle, held: unknown): void {
  const keepsAlive = (part: unknown): boolean => {
    if (part === target) return true;
    // A subview keeps its base alive, and so would a subview of the target.
    return BufferHandle.is(part) && !part.disposed && part.isView && BufferHandle.rootId(part) === target.id;
  };
  if (!partsOf(held).some(keepsAlive)) return;
  const expected = 'a value that does not hold the buffer itself, which would then never die';
  throw new InvalidArgumentError('held', expected, held);
}

function partsOf(held: unknown): unknown[] {
  if (typeof held !== 'object' || held === null || BufferHandle.is(held)) return [held];
  if (Array.isArray(held)) return held;
  if (held instanceof Set) return [...held];
  if (held instanceof Map) return [...held.keys(), ...held.values()];
  return isPlainObject(held) ? Object.values(held) : [held];
}
