// Waiting for room. At the budget the engine is made to collect until what nobody holds any more has made some.
import { Ladder } from './ballast.js';
import { OutOfMemoryError } from './errors.js';
import { exposedGc, finalizations, macrotask, pause } from './turns.js';

/** Runs the engine's collector where it is exposed, and waits until what it has collected is released, or for `enough`. */
export async function settle(enough?: () => boolean): Promise<void> {
  const collect = exposedGc();
  if (collect !== undefined) {
    // The engine keeps alive what this turn has looked at through weak references: begin a new one.
    await macrotask();
    collect();
  }
  await finalizations(enough);
}

/** So many rounds that release something, but too little, follow each other without a rest. */
const roundsWithoutRest = 8;

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
  readonly #ladder = new Ladder();
  #round: Promise<void> | null = null;
  #releases = 0;
  /** Rounds since the last that released something, or that was followed by an allocation. */
  #fruitless = 0;

  /** `beforeRound` lets go of whatever is only held for convenience (the nursery). */
  constructor(beforeRound: () => void) {
    this.#beforeRound = beforeRound;
  }

  /** A handle that the engine collected has released what it held. */
  released(): void {
    this.#releases += 1;
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
      if (rounds > 0) await this.#rest(rounds, deadline);
      await this.provoke();
      limits.signal?.throwIfAborted();
    }
  }

  /** Takes part in the round that runs now, or begins one. A round ends as soon as it has released something. */
  provoke(): Promise<void> {
    this.#round ??= this.#runRound();
    return this.#round;
  }

  /** Collections that free nothing, or time and again too little, are not worth a whole processor: longer after each. */
  async #rest(rounds: number, deadline: number): Promise<void> {
    const vain = Math.max(this.#fruitless, rounds - roundsWithoutRest);
    if (vain > 0) await pause(Math.max(0, Math.min(2 ** Math.min(vain, 8), deadline - performance.now())));
  }

  async #runRound(): Promise<void> {
    try {
      this.#beforeRound();
      const before = this.#releases;
      const released = () => this.#releases > before;
      await (exposedGc() === undefined ? this.#ladder.climb(released) : settle(released));
      this.#fruitless = released() ? 0 : this.#fruitless + 1;
    } finally {
      this.#round = null;
    }
  }
}
