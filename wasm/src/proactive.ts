// Collecting before it is needed. `alloc` cannot wait, and the engine sees no reason to collect the tiny
// handles of dropped buffers; so beyond a mark below the budget it is given one, between turns.
import { idle } from './turns.js';

export interface ProactiveHost {
  /** Infinity: none. */
  readonly budgetBytes: number;
  /** What live buffers occupy of it. It costs some microseconds. */
  occupiedBytes(): number;
  /** Makes the engine collect, and waits until that has released something, or cannot. */
  provoke(): Promise<void>;
}

/** The next collection waits so many times as long as the last took, unless the budget is nearly used up. */
const rest = 4;

export class Proactive {
  readonly #host: ProactiveHost;
  readonly #mark: number;
  /** Bytes that survived their turn since the last look, and how many may before the next. */
  #survived = 0;
  #waitedFor = 0;
  #patience = 0;
  /** Raised above the mark when a collection found that what is there is in use. */
  #threshold = 0;
  #notBefore = 0;
  #fruitless = 0;
  #round: Promise<void> | null = null;
  #hurry: (() => void) | null = null;

  /** `mark` is a part of the budget; 1: never. */
  constructor(host: ProactiveHost, mark: number) {
    this.#host = host;
    this.#mark = mark;
  }

  /** At the end of a turn: `bytes` that it made are in use. */
  survived(bytes: number): void {
    this.#survived += Math.max(0, bytes - this.#waitedFor);
    this.#waitedFor = 0;
    if (this.#survived > this.#patience) this.#look();
  }

  /** `bytes` of this turn are made by somebody who waits for room when there is none. */
  waitedFor(bytes: number): void {
    this.#waitedFor += bytes;
  }

  #look(): void {
    const { budgetBytes } = this.#host;
    if (this.#mark === 1 || !Number.isFinite(budgetBytes)) return;
    const occupied = this.#host.occupiedBytes();
    const mark = budgetBytes * this.#mark;
    if (occupied < mark) this.#threshold = mark;
    const threshold = Math.min(Math.max(mark, this.#threshold), budgetBytes);
    this.#survived = 0;
    if (occupied < threshold) {
      this.#patience = threshold - occupied;
      return;
    }
    this.#patience = (budgetBytes - occupied) / 16;
    const urgent = occupied > threshold + (budgetBytes - threshold) / 4;
    if (this.#round !== null) {
      if (urgent) this.#hurry?.();
    } else if (urgent || performance.now() >= this.#notBefore) {
      this.#round = this.#run(occupied, urgent);
    }
  }

  async #run(before: number, urgent: boolean): Promise<void> {
    try {
      if (!urgent) {
        await Promise.race([
          idle(),
          new Promise<void>((resolve) => {
            this.#hurry = resolve;
          }),
        ]);
        this.#hurry = null;
      }
      const start = performance.now();
      await this.#host.provoke();
      const now = performance.now();
      const occupied = this.#host.occupiedBytes();
      this.#fruitless = occupied < before ? 0 : this.#fruitless + 1;
      this.#notBefore = now + (now - start) * rest * (1 + this.#fruitless);
      this.#threshold = occupied + (this.#host.budgetBytes - occupied) / 2;
      this.#survived = 0;
      this.#patience = 0;
    } finally {
      this.#round = null;
    }
  }
}
