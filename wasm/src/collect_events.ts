// Who is told of collections of cycles.
import { Handlers } from './handlers.js';
import type { CollectReport } from './types.js';
import { callback, optionsBag } from './validate.js';

export type CollectHandlers = { start?: () => void; stop?: (report: CollectReport) => void };

export class CollectEvents {
  readonly #start = new Handlers<[]>();
  readonly #stop = new Handlers<[CollectReport]>();

  /** Returns the unsubscriber. */
  add(handler: CollectHandlers): () => void {
    const { start, stop } = optionsBag(handler, 'handler');
    // Both or none.
    for (const one of [start, stop]) if (one !== undefined) callback(one, 'handler');
    const removers: (() => void)[] = [];
    if (start !== undefined) removers.push(this.#start.add(start));
    if (stop !== undefined) removers.push(this.#stop.add(stop));
    return () => {
      for (const remove of removers) remove();
    };
  }

  started(onError: (error: unknown) => void): void {
    this.#start.call(onError);
  }

  stopped(onError: (error: unknown) => void, report: CollectReport): void {
    this.#stop.call(onError, report);
  }
}
