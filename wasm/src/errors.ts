// What the package throws: subclasses of `BufgcError`, each with a `code` and the facts of the case.
import type { HeldGroup, Stats } from './types.js';

/** The numbers that native calls answer with: `Status` in src/bufgc/status.hpp. */
export enum Status {
  ok = 0,
  outOfMemory = 1,
  invalidArgument = 2,
  destroyed = 3,
  closed = 4,
  invalidState = 5,
}

export type ErrorCode =
  | 'out_of_memory'
  | 'invalid_argument'
  | 'use_after_dispose'
  | 'closed'
  | 'invalid_state'
  | 'leak'
  | 'misuse';

/** Base of all that the package throws by itself. Facts are declared, not defined: constructors name them once more. */
export abstract class BufgcError extends Error {
  abstract readonly code: ErrorCode;
}

/** There is no room: not in the budget, or not in WebAssembly memory. */
export class OutOfMemoryError extends BufgcError {
  override readonly name = 'OutOfMemoryError';
  readonly code = 'out_of_memory';
  /** 0: what the library notes beside the buffers had no room. */
  declare readonly requestedBytes: number;
  /** The statistics at the moment of failure. */
  declare readonly stats: Stats;

  /** `requested`: bytes of a buffer, or what else had no room. */
  constructor(requested: number | string, stats: Stats, effort = '') {
    const { live_bytes = 0, reserved_bytes = 0, budget_bytes = Infinity } = stats;
    const bytes = typeof requested === 'number';
    const room =
      bytes && Number.isFinite(budget_bytes) ? `the budget of ${formatBytes(budget_bytes)}` : 'WebAssembly memory';
    super(
      `no room for ${bytes ? formatBytes(requested) : requested} in ${room}: ${formatBytes(live_bytes)} are live, ` +
        `${formatBytes(reserved_bytes)} reserved${effort}. Let go of buffers with dispose(), a \`using\` declaration ` +
        'or scope(); or await allocAsync(), which lets the engine collect the buffers that nobody holds.',
    );
    this.requestedBytes = bytes ? requested : 0;
    this.stats = stats;
  }
}

/** A handle was used after dispose(), destroy(), or its manager's close(). */
export class UseAfterDisposeError extends BufgcError {
  override readonly name = 'UseAfterDisposeError';
  readonly code = 'use_after_dispose';
  declare readonly id: number;
  declare readonly label: string;

  constructor(id: number, label: string, operation: string) {
    super(`buffer ${id}${label === '' ? '' : ` (${label})`} is disposed: ${operation} needs a live one`);
    this.id = id;
    this.label = label;
  }
}

/** An argument that cannot be: which one, what was expected, what came. */
export class InvalidArgumentError extends BufgcError {
  override readonly name = 'InvalidArgumentError';
  readonly code = 'invalid_argument';
  declare readonly argument: string;
  declare readonly expected: string;
  declare readonly received: unknown;

  constructor(argument: string, expected: string, received: unknown, options?: ErrorOptions) {
    super(`${argument}: expected ${expected}, received ${describe(received)}`, options);
    this.argument = argument;
    this.expected = expected;
    this.received = received;
  }
}

/** The manager was closed before this call. */
export class ClosedError extends BufgcError {
  override readonly name = 'ClosedError';
  readonly code = 'closed';

  constructor(operation: string) {
    super(`the manager is closed: ${operation} needs an open one`);
  }
}

/** A call that does not go with what is open: an iteration begun within another, or ended without one. */
export class InvalidStateError extends BufgcError {
  override readonly name = 'InvalidStateError';
  readonly code = 'invalid_state';
}

/** `expectNoLeaks` found buffers that were not disposed. */
export class LeakError extends BufgcError {
  override readonly name = 'LeakError';
  readonly code = 'leak';
  /** By the place where they were made, most bytes first. */
  declare readonly groups: readonly HeldGroup[];

  constructor(groups: readonly HeldGroup[]) {
    const count = groups.reduce((sum, { buffers }) => sum + buffers, 0);
    const lines = groups.map(({ buffers, bytes, labels, site, stack }) => {
      const names = labels.length === 0 ? '' : ` (${labels.join(', ')})`;
      return `\n${buffers} of ${formatBytes(bytes)}${names}, made\n${stack || site || 'at an unknown place'}`;
    });
    super(`${count} ${count === 1 ? 'buffer was' : 'buffers were'} not disposed:${lines.join('')}`);
    this.groups = groups;
  }
}

/** What of memory can be misused: `MisuseKind` in src/bufgc/memory/misuse.hpp says what each means. */
export type MisuseKind =
  | 'double_free'
  | 'foreign_pointer'
  | 'interior_pointer'
  | 'wrong_size'
  | 'wrong_allocator'
  | 'write_before'
  | 'write_after'
  | 'write_after_free'
  | 'double_release'
  | 'stale_id'
  | 'forged_id'
  | 'leaked_edge';

export interface MisuseFacts {
  readonly kind: MisuseKind;
  /** The buffer's; null where it is not known, as is what follows then. */
  readonly id: number | null;
  readonly nbytes: number;
  readonly label: string;
  /** Where it was made, when `sites` is on. */
  readonly site: string;
  /** Of the first byte that was written, from the buffer's first; below 0: in front of it. */
  readonly byteOffset: number;
  /** The byte that should have been there, and the one that was. */
  readonly expected: number;
  readonly found: number;
}

/** With `load({ hardened: true })`: memory was written that was not, or no longer, the writer's. Told, not thrown. */
export class MisuseError extends BufgcError implements MisuseFacts {
  override readonly name = 'MisuseError';
  readonly code = 'misuse';
  declare readonly kind: MisuseKind;
  declare readonly id: number | null;
  declare readonly nbytes: number;
  declare readonly label: string;
  declare readonly site: string;
  declare readonly byteOffset: number;
  declare readonly expected: number;
  declare readonly found: number;

  constructor(message: string, facts: MisuseFacts) {
    super(message);
    Object.assign(this, facts);
  }
}

/** "1.5 MiB (1572864 bytes)": readable, and exact. */
export function formatBytes(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit < 0 ? `${bytes} bytes` : `${Number(value.toFixed(2))} ${units[unit]} (${bytes} bytes)`;
}

/** Arrays in arrays are not looked into: they may be deep, or hold themselves. To look may be the user's code. */
function describe(value: unknown, inside = false): string {
  try {
    if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
    if (typeof value === 'bigint') return `the bigint ${value}`;
    if (typeof value === 'function') return `a function${value.name === '' ? '' : ` "${value.name}"`}`;
    if (Array.isArray(value)) {
      if (inside) return `an array of ${value.length}`;
      const shown = value.slice(0, 8).map((part) => describe(part, true));
      return `an array of ${value.length}: [${shown.join(', ')}]`;
    }
    if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'no prototype'})`;
    return String(value);
  } catch {
    return `some ${typeof value}`;
  }
}
