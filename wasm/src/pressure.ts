// Memory pressure that the engine can feel. It sees only tiny handles and no reason to collect them, so
// at the budget we show it one: phantom ballast, huge array buffers that are never touched (so they cost
// no memory) and dropped at once, which its accounting answers with a collection.
import { OutOfMemoryError } from './errors.js';
import { exposedGc, macrotask, pause } from './turns.js';

const gibibyte = 2 ** 30;
/**
 * What one round shows the engine, in pieces of at most 1 GiB that are held together for a moment:
 * more after each round that freed nothing. Many small pieces would not do: V8 collects at once only
 * when the memory outside its heap jumps beyond half of what the heap may become, and between small
 * pieces it throws the earlier ones away.
 */
export const mostPieces = 4;
const smallestPiece = gibibyte / 16;
/** Macrotasks after a collection until its finalizations have run. */
const turnsAfterCollection = 3;

/** Waits until what the engine has collected is released; where its collector is exposed, runs that first. */
export async function settle(): Promise<void> {
  const collect = exposedGc();
  if (collect !== undefined) {
    // The engine keeps alive what this turn has looked at through weak references: begin a new one.
    await macrotask();
    collect();
  }
  for (let turn = 0; turn < turnsAfterCollection; turn += 1) await macrotask();
}

function showBallast(pieces: number): void {
  const ballast: ArrayBuffer[] = [];
  let bytes = gibibyte;
  while (ballast.length < pieces && bytes >= smallestPiece) {
    try {
      ballast.push(new ArrayBuffer(bytes));
    } catch {
      bytes /= 2; // The machine does not grant so much at once.
    }
  }
}

export interface RetryLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Retries allocations that did not fit. All callers of one manager share the rounds, so that ten
 * waiting allocations do not provoke ten collections.
 */
export class Pressure {
  readonly #beforeRound: () => void;
  #round: Promise<void> | null = null;
  #fruitless = 0;

  /** `beforeRound` lets go of whatever is only held for convenience (the nursery). */
  constructor(beforeRound: () => void) {
    this.#beforeRound = beforeRound;
  }

  /** Runs `attempt` until it throws no `OutOfMemoryError`, or until a limit. */
  async retry<T>(attempt: (effort: string) => T, limits: RetryLimits): Promise<T> {
    limits.signal?.throwIfAborted();
    const start = performance.now();
    const deadline = start + limits.timeoutMs;
    for (let rounds = 0; ; rounds += 1) {
      try {
        const elapsed = Math.round(performance.now() - start);
        const result = attempt(
          rounds === 0 ? '' : `; ${rounds} provoked collections in ${elapsed} ms freed too little`,
        );
        this.#fruitless = 0;
        return result;
      } catch (error) {
        if (!(error instanceof OutOfMemoryError) || performance.now() >= deadline) throw error;
      }
      await this.#wait(rounds, deadline);
      limits.signal?.throwIfAborted();
    }
  }

  /** Takes part in the round that runs now, or begins one that shows at least `pieces` of ballast. */
  provoke(pieces = 1): Promise<void> {
    this.#round ??= this.#runRound(pieces);
    return this.#round;
  }

  async #wait(rounds: number, deadline: number): Promise<void> {
    // Collections that free nothing are not worth a whole processor: pause longer after each.
    if (rounds > 0) await pause(Math.max(0, Math.min(2 ** Math.min(rounds, 8), deadline - performance.now())));
    await this.provoke();
  }

  async #runRound(pieces: number): Promise<void> {
    try {
      this.#beforeRound();
      if (exposedGc() === undefined) showBallast(Math.min(this.#fruitless + pieces, mostPieces));
      await settle();
      this.#fruitless += 1;
    } finally {
      this.#round = null;
    }
  }
}
