// The built package that the tests prove: BUFGC_PACKAGE_DIR, or wasm/dist.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const packageDir = resolve(process.env.BUFGC_PACKAGE_DIR ?? join(here, '../../wasm/dist'));
export const packageUrl = pathToFileURL(join(packageDir, 'index.js')).href;
export const bufgc = await import(packageUrl);
export const {
  load,
  OutOfMemoryError,
  UseAfterDisposeError,
  InvalidArgumentError,
  InvalidStateError,
  ClosedError,
  MisuseError,
  BufgcError,
} = bufgc;
export const wasmBytes = () => readFileSync(join(packageDir, 'bufgc.wasm'));
export const hardenedBytes = () => readFileSync(join(packageDir, 'bufgc_hardened.wasm'));
export const annexBytes = () => readFileSync(join(packageDir, 'bufgc_annex.wasm'));

export const KiB = 2 ** 10;
export const MiB = 2 ** 20;

/** Opens a manager that closes at the test's end. */
export async function open(t, options) {
  const gc = await load(options);
  t.after(() => gc.close());
  return gc;
}

/** A turn of the event loop later. */
export const turn = () => new Promise((resolveTurn) => setImmediate(resolveTurn));

/**
 * Lets the engine collect until `condition` holds; false when it never did. With --expose-gc the engine is asked,
 * without it sees big arrays come and go.
 */
export async function collectUntil(condition) {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) return false;
    await turn();
    if (globalThis.gc) globalThis.gc();
    else for (let i = 0; i < 8; i += 1) new ArrayBuffer(128 * MiB);
    for (let i = 0; i < 3; i += 1) await turn();
  }
  return true;
}

/** A seeded generator of numbers in [0, 1). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
