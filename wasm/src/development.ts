// The development mode: says in the console, once for each place in the program, what a program does
// that works by luck. Stacks are as the engine gives them: Node maps them with --enable-source-maps, a
// browser's console maps what is printed there.
import { formatBytes } from './errors.js';
import type { Grip } from './grip.js';
import { captureSite } from './sites.js';

interface Origin {
  readonly what: string;
  readonly stack: string;
}

type Method = (this: ArrayBufferView, ...args: unknown[]) => unknown;

const typedArrays = Object.getPrototypeOf(Uint8Array.prototype) as object;
const byteLength = Object.getOwnPropertyDescriptor(typedArrays, 'byteLength')?.get as (this: ArrayBufferView) => number;
/** Where each guarded view was derived. */
const origins = new WeakMap<ArrayBufferView, Origin>();
/** What guarded views inherit from, for each kind of typed array. */
const guards = new WeakMap<object, object>();
const told = new Set<string>();

function warnOnce(place: string, message: string): void {
  if (told.has(place)) return;
  told.add(place);
  console.warn(`bufgc: ${message}`);
}

/** The engine's collector had to release a buffer. */
export function warnOfLeak({ id, nbytes, label, site }: Grip): void {
  const name = label === '' ? `buffer ${id}` : `buffer ${id} (${label})`;
  warnOnce(
    `leak ${site.text}`,
    `${name} of ${formatBytes(nbytes)} was never disposed: the engine's collector released it. Others made at the ` +
      `same place are not told. It was made\n${site.stack}`,
  );
}

/**
 * Makes a view tell when it is used after growth or compaction detached it: by a method, by iteration, or by asking its
 * length. What remains unseen is a bare index, which the engine answers with `undefined`, or swallows.
 */
export function guardView<V extends ArrayBufferView>(view: V, what: string, above: (...args: never) => unknown): V {
  if (view.byteLength === 0) return view;
  origins.set(view, { what, stack: captureSite(above).stack });
  return Object.setPrototypeOf(view, guardOf(Object.getPrototypeOf(view) as object)) as V;
}

/** `method` is the guarded one that runs now: who called it is told. */
function check(view: ArrayBufferView, method: Method): void {
  const origin = origins.get(view);
  if (origin === undefined || byteLength.call(view) !== 0) return;
  warnOnce(
    `view ${origin.stack}`,
    `a view of ${origin.what} is used after the memory grew or moved, which emptied it: hold the buffer, and ` +
      `call view() again after every allocation. The view was derived\n${origin.stack}\nand is used\n` +
      captureSite(method as (...args: never) => unknown).stack,
  );
}

function guardOf(prototype: object): object {
  let guard = guards.get(prototype);
  if (guard === undefined) {
    guard = Object.create(prototype) as object;
    for (const name of Reflect.ownKeys(typedArrays)) {
      if (name === 'constructor' || name === Symbol.toStringTag || name === 'buffer' || name === 'byteOffset') continue;
      const { value, get } = Object.getOwnPropertyDescriptor(typedArrays, name) as PropertyDescriptor;
      if (typeof value === 'function') {
        Object.defineProperty(guard, name, { value: checked(value as Method), configurable: true, writable: true });
      } else if (get !== undefined) {
        Object.defineProperty(guard, name, { get: checked(get as Method), configurable: true });
      }
    }
    guards.set(prototype, guard);
  }
  return guard;
}

function checked(original: Method): Method {
  const guarded: Method = function (...args) {
    check(this, guarded);
    return original.apply(this, args);
  };
  return guarded;
}
