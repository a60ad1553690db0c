// Scopes: what a callback allocated and did not return or keep is disposed at its end.
import { BufferHandle } from './buffer.js';
import { InvalidArgumentError } from './errors.js';
import { callback as checkCallback } from './validate.js';

const firstSweep = 1024;
const nobody: ReadonlySet<unknown> = new Set();
const AsyncFunction = (async () => {}).constructor;

/** The buffers made inside one call of `scope()`. */
class Scope {
  #buffers: BufferHandle[] = [];
  #sweepAt = firstSweep;

  add(buffer: BufferHandle): void {
    this.#buffers.push(buffer);
    // A long scope that disposes by hand must not pile up what is gone.
    if (this.#buffers.length >= this.#sweepAt) {
      this.#buffers = this.#buffers.filter((other) => BufferHandle.handleOf(other) !== 0);
      this.#sweepAt = Math.max(firstSweep, this.#buffers.length * 2);
    }
  }

  /** Whether it was here. */
  remove(buffer: BufferHandle): boolean {
    const index = this.#buffers.lastIndexOf(buffer);
    if (index >= 0) this.#buffers.splice(index, 1);
    return index >= 0;
  }

  /** Disposes newest first what is not in `survivors`; survivors move to `outer`. */
  end(survivors: ReadonlySet<unknown>, outer: Scope | null): void {
    if (survivors === nobody) {
      for (let buffer = this.#buffers.pop(); buffer !== undefined; buffer = this.#buffers.pop()) buffer.dispose();
      return;
    }
    const moved: BufferHandle[] = [];
    for (let buffer = this.#buffers.pop(); buffer !== undefined; buffer = this.#buffers.pop()) {
      if (survivors.has(buffer)) moved.push(buffer);
      else buffer.dispose();
    }
    if (outer !== null) for (const buffer of moved.reverse()) outer.add(buffer);
  }
}

/** The scopes open now, innermost last. */
export class Scopes {
  #open: Scope[] = [];
  #current: Scope | null = null;
  #spare: Scope | null = null;

  /** A buffer was made: it belongs to the innermost scope. */
  track(buffer: BufferHandle): void {
    if (this.#current !== null) this.#current.add(buffer);
  }

  run<T>(callback: () => T): T {
    checkCallback(callback, 'callback');
    if (callback instanceof AsyncFunction) refuseAsync(callback);
    const outer = this.#current;
    // An empty one that has ended is as good as new.
    const scope = this.#spare ?? new Scope();
    this.#spare = null;
    this.#open.push(scope);
    this.#current = scope;
    let survivors = nobody;
    try {
      const result = callback();
      if (isThenable(result)) {
        // Its rejection would have nobody to reach: the error thrown here takes its place.
        result.then(undefined, () => undefined);
        refuseAsync(callback);
      }
      if (typeof result === 'object' && result !== null) survivors = buffersIn(result);
      return result;
    } finally {
      this.#open.pop();
      this.#current = outer;
      scope.end(survivors, outer);
      this.#spare = scope;
    }
  }

  /** Takes a buffer out of the innermost scope that holds it. */
  keep(buffer: BufferHandle): void {
    for (let index = this.#open.length - 1; index >= 0; index -= 1) {
      if (this.#open[index]?.remove(buffer) === true) return;
    }
  }

  /** Runs code that no scope answers for: finalizers and handlers that happen to run inside one. */
  outside<T>(callback: () => T): T {
    const current = this.#current;
    this.#current = null;
    try {
      return callback();
    } finally {
      this.#current = current;
    }
  }
}

function refuseAsync(callback: unknown): never {
  const expected = 'a function that is not async: a scope ends when its callback returns, before any await resumes';
  throw new InvalidArgumentError('callback', expected, callback);
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** The buffers in a result: alone, or in arrays and plain objects, however nested. */
export function buffersIn(result: unknown): Set<unknown> {
  const seen = new Set<unknown>();
  const visit: unknown[] = [result];
  while (visit.length > 0) {
    const value = visit.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (BufferHandle.is(value)) continue;
    if (Array.isArray(value) || isPlainObject(value)) for (const part of Object.values(value)) visit.push(part);
  }
  return seen;
}

export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
