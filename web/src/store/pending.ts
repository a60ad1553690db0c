// What is under way: loading, asking, drawing. `idle()` waits for all of it.
import type { Engine } from '../engine/protocol.js';

export class Pending {
  private count = 0;
  private waiters: (() => void)[] = [];

  track<T>(work: Promise<T>): Promise<T> {
    this.count++;
    const done = () => {
      this.count--;
      this.settle();
    };
    work.then(done, done);
    return work;
  }

  idle(): Promise<void> {
    const waiting = new Promise<void>((resolve) => this.waiters.push(resolve));
    this.settle();
    return waiting;
  }

  /** The engine, each of whose answers `idle()` waits for. */
  watched(engine: Engine): Engine {
    return new Proxy(engine, {
      get: (target, name: keyof Engine) => {
        const method = target[name] as ((...args: unknown[]) => unknown) | undefined;
        if (typeof method !== 'function') return method;
        if (name === 'cancelOpen' || name === 'cancelReuse' || name === 'closeSecond' || name === 'ready')
          return method.bind(target);
        return (...args: unknown[]) => this.track(method.apply(target, args) as Promise<unknown>);
      },
    });
  }

  private settle(): void {
    if (this.count > 0 || this.waiters.length === 0) return;
    // Answers may have started more work: look again once the views have drawn.
    requestAnimationFrame(() =>
      setTimeout(() => {
        if (this.count > 0) return;
        for (const resolve of this.waiters.splice(0)) resolve();
      }, 0),
    );
  }
}
