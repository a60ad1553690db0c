// Lists of the handlers that a user adds, and the one place where what they throw arrives.
import { callback } from './validate.js';

/** Handlers in order of registration. A handler may add and remove handlers while they run. */
export class Handlers<A extends unknown[]> {
  #handlers: readonly ((...args: A) => void)[] = [];

  get size(): number {
    return this.#handlers.length;
  }

  /** Returns the unsubscriber. Adding one function twice calls it twice. */
  add(handler: (...args: A) => void): () => void {
    callback(handler, 'handler');
    const own = (...args: A): void => handler(...args);
    this.#handlers = [...this.#handlers, own];
    return () => {
      this.#handlers = this.#handlers.filter((other) => other !== own);
    };
  }

  /** Calls each; what one throws goes to `onError` and stops no other. */
  call(onError: (error: unknown) => void, ...args: A): void {
    for (const handler of this.#handlers) {
      try {
        handler(...args);
      } catch (error) {
        onError(error);
      }
    }
  }
}

/** Where errors go that have no caller to reach: to the handlers, else to the console. */
export class ErrorSink {
  readonly #handlers = new Handlers<[unknown]>();

  add(handler: (error: unknown) => void): () => void {
    return this.#handlers.add(handler);
  }

  readonly report = (error: unknown): void => {
    if (this.#handlers.size === 0) console.error(error);
    else this.#handlers.call((secondary) => console.error(secondary), error);
  };
}
