// What the engine holds for a handle that it may collect: a number, which costs it the least to keep and to hand back.
// What that stands for is in columns here, of all managers.
import type { ManagerImpl } from './manager.js';
import type { BufferSpec } from './validate.js';

/** The native handle, 0 once it was let go; of a free ticket the next free one. There is no ticket 0. */
const handles = [0];
const managers: (ManagerImpl | null)[] = [null];
const specs: (BufferSpec | null)[] = [null];
let firstFree = 0;

/** A ticket for a native handle. It is used again only after `redeem`, so that no late one can be taken for another's. */
export function issue(manager: ManagerImpl, handle: number, spec: BufferSpec): number {
  const ticket = firstFree || handles.length;
  if (ticket === firstFree) firstFree = handles[ticket] as number;
  handles[ticket] = handle;
  managers[ticket] = manager;
  specs[ticket] = spec;
  return ticket;
}

/** The native handle was let go. */
export function voidTicket(ticket: number): void {
  handles[ticket] = 0;
}

/** The engine hands a ticket back: it has collected the handle. */
export function redeem(ticket: number): void {
  const handle = handles[ticket] as number;
  const manager = managers[ticket] as ManagerImpl;
  const spec = specs[ticket] as BufferSpec;
  handles[ticket] = firstFree;
  managers[ticket] = null;
  specs[ticket] = null;
  firstFree = ticket;
  if (handle !== 0) manager.collected(handle, spec);
}
