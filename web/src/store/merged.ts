// Work that is asked for faster than it is done: calls that come meanwhile are merged into one more run.
export class Merged {
  private running: Promise<void> | null = null;
  private again = false;

  constructor(private readonly work: () => Promise<void>) {}

  /** Resolves when a run that began after this call has ended. */
  run(): Promise<void> {
    this.again = true;
    this.running ??= this.runAll().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async runAll(): Promise<void> {
    while (this.again) {
      this.again = false;
      await this.work();
    }
  }
}
