// Iterations: a repeating part of the program, recorded once and then served from a plan of its offsets.
import { dispose } from './disposable.js';
import { InvalidArgumentError, InvalidStateError, OutOfMemoryError, Status } from './errors.js';
import type { ManagerImpl } from './manager.js';
import type { IterationState } from './native.js';
import { isThenable } from './scope.js';
import type { Iteration, IterationOptions, IterationPlan } from './types.js';
import { callback as checkCallback, milliseconds, optionsBag, wholeNumber } from './validate.js';

const mostPlanMs = 24 * 3_600_000;

function planTime(value: unknown, argument: string): number {
  return Math.min(milliseconds(value, argument), mostPlanMs);
}

export function openIteration(manager: ManagerImpl, options?: IterationOptions): Iteration {
  manager.requireOpen('iteration()');
  const { planMs = 100, mostDeviating = 3 } = optionsBag(options, 'options');
  planTime(planMs, 'options.planMs');
  if (wholeNumber(mostDeviating, 'options.mostDeviating') === 0) {
    throw new InvalidArgumentError('options.mostDeviating', 'a whole number, 1 or more', mostDeviating);
  }
  return new IterationImpl(manager, planTime(planMs, 'options.planMs'), mostDeviating);
}

class IterationImpl implements Iteration {
  readonly #manager: ManagerImpl;
  /** 0: disposed. */
  #number: number;

  constructor(manager: ManagerImpl, planMs: number, mostDeviating: number) {
    this.#manager = manager;
    this.#number = manager.native.cold.iterationOpen(planMs, mostDeviating);
  }

  run<T>(callback: () => T): T {
    checkCallback(callback, 'callback');
    this.begin();
    try {
      const result = callback();
      if (isThenable(result)) {
        // Its rejection would have nobody to reach: the error thrown here takes its place.
        result.then(undefined, () => undefined);
        throw new InvalidArgumentError('callback', 'a function that is not async', callback);
      }
      this.end();
      return result;
    } finally {
      if (this.#number !== 0) this.abandon();
    }
  }

  begin(): void {
    this.#manager.requireOpen('begin()');
    const status = this.#manager.native.cold.iterationBegin(this.#live('begin()'));
    if (status !== Status.ok) throw new InvalidStateError('begin(): an iteration of this manager is open already');
  }

  end(): void {
    const number = this.#live('end()');
    const status = this.#manager.native.cold.iterationEnd(number);
    if (status === Status.invalidState) throw new InvalidStateError('end(): no iteration is open');
    if (status !== Status.ok) throw new OutOfMemoryError(0, this.#manager.stats(), ' while an iteration was planned');
  }

  abandon(): void {
    this.#manager.native.cold.iterationAbandon(this.#live('abandon()'));
  }

  improve(planMs: number): void {
    const limit = planTime(planMs, 'planMs');
    const status = this.#manager.native.cold.iterationImprove(this.#live('improve()'), limit);
    if (status === Status.invalidState) throw new InvalidStateError('improve(): the iteration is open');
    if (status !== Status.ok) throw new OutOfMemoryError(0, this.#manager.stats(), ' while an iteration was planned');
  }

  get open(): boolean {
    return this.#number !== 0 && this.#state().open;
  }

  get plan(): IterationPlan | null {
    if (this.#number === 0) return null;
    const { planned, heightBytes, lowerBoundBytes, allocations, blocks } = this.#state();
    return planned ? { heightBytes, lowerBoundBytes, allocations, blocks } : null;
  }

  get iterations(): number {
    return this.#number === 0 ? 0 : this.#state().iterations;
  }

  get deviatingIterations(): number {
    return this.#number === 0 ? 0 : this.#state().deviatingIterations;
  }

  [dispose](): void {
    const number = this.#number;
    this.#number = 0;
    if (number !== 0) this.#manager.native.cold.iterationDrop(number);
  }

  #state(): IterationState {
    return this.#manager.native.cold.iterationState(this.#number);
  }

  #live(operation: string): number {
    if (this.#number === 0) throw new InvalidStateError(`${operation}: the iteration is disposed`);
    return this.#number;
  }
}
