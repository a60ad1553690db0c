// Scopes: what a callback allocated and did not return or keep is disposed at its end. Whose that is the nursery knows.
import { BufferHandle } from './buffer.js';
import { InvalidArgumentError } from './errors.js';
import type { Nursery } from './nursery.js';
import { callback as checkCallback } from './validate.js';

const AsyncFunction = (async () => {}).constructor;

export function runScope<T>(nursery: Nursery, callback: () => T): T {
  checkCallback(callback, 'callback');
  if (callback instanceof AsyncFunction) refuseAsync(callback);
  let survivors: ReadonlySet<unknown> | null = null;
  nursery.beginScope();
  try {
    const result = callback();
    if (typeof result === 'object' && result !== null) {
      if (isThenable(result)) refuseAsync(callback);
      survivors = buffersIn(result);
    }
    return result;
  } finally {
    nursery.endScope(survivors);
  }
}

function refuseAsync(callback: unknown): never {
  const expected = 'a function that is not async: a scope ends when its callback returns';
  throw new InvalidArgumentError('callback', expected, callback);
}

/** Whether it is a promise, or like one. Its rejection has nobody to reach: the error that will be thrown takes its place. */
export function isThenable(value: unknown): boolean {
  const thenable = typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
  if (thenable) Promise.resolve(value).catch(() => undefined);
  return thenable;
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
