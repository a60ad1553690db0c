// Of questions that come faster than answers, only the newest matters: one is under way, one waits.
export class Latest<T> {
  private running = false;
  private waiting: { ask: () => Promise<T>; resolve: (answer: T | undefined) => void } | null = null;
  private epoch = 0;

  /** The answer, or `undefined` when a newer question took its place. */
  ask(ask: () => Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      this.waiting?.resolve(undefined);
      this.waiting = { ask, resolve };
      if (!this.running) void this.run();
    });
  }

  /** What is under way will answer `undefined`. */
  forget(): void {
    this.epoch++;
    this.waiting?.resolve(undefined);
    this.waiting = null;
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting) {
      const { ask, resolve } = this.waiting;
      this.waiting = null;
      const { epoch } = this;
      const answer = await ask().catch(() => undefined);
      resolve(epoch === this.epoch ? answer : undefined);
    }
    this.running = false;
  }
}
