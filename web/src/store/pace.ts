// A live trace changes many times a second; what costs much to ask again keeps a slower pace.
export class Pace {
  private timer: number | undefined;
  private last = 0;

  constructor(
    private readonly run: () => void,
    private readonly intervalMs = 500,
  ) {}

  /** Runs at once; while the trace is live at most once an interval, the last change included. */
  call(live: boolean): void {
    if (!live) {
      window.clearTimeout(this.timer);
      this.now();
    } else
      this.timer ??= window.setTimeout(() => this.now(), Math.max(0, this.last + this.intervalMs - performance.now()));
  }

  private now(): void {
    this.timer = undefined;
    this.last = performance.now();
    this.run();
  }
}
