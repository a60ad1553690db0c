// Waiting for the engine: the macrotasks in which it runs the finalization of what it collected.

declare const setImmediate: ((callback: () => void) => unknown) | undefined;

/** One macrotask later. */
export function macrotask(): Promise<void> {
  // In Node a loop over a MessageChannel starves finalizers, and setImmediate does not.
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(() => resolve()));
  if (typeof MessageChannel === 'function') return messageTurn();
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Macrotasks after a collection until its finalizations have run. */
const turnsAfterCollection = 3;
const never = (): boolean => false;

/** Waits until what the engine has collected is finalized, or for `enough`. */
export async function finalizations(enough: () => boolean = never): Promise<void> {
  for (let turn = 0; turn < turnsAfterCollection && !enough(); turn += 1) await macrotask();
}

/** A pause that lets other work run, of at least `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function messageTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** The engine's own collector where it is exposed (Node's --expose-gc), else nothing. */
export function exposedGc(): (() => void) | undefined {
  const gc: unknown = (globalThis as { gc?: unknown }).gc;
  return typeof gc === 'function' ? () => void gc() : undefined;
}

/** When the host has nothing better to do, but soon. Hosts that do not tell: one macrotask later. */
export function idle(): Promise<void> {
  if (typeof requestIdleCallback !== 'function') return macrotask();
  return new Promise((resolve) => requestIdleCallback(() => resolve(), { timeout: 50 }));
}
