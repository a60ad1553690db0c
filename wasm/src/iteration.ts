// Iterations: a repeating part of the program, recorded once and then served from a plan of its offsets.
import { dispose } from './disposable.js';
import { InvalidArgumentError, InvalidStateError, Status } from './errors.js';
import type { ManagerImpl } from './manager.js';
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
  const limit = planTime(planMs, 'options.planMs');
  if (wholeNumber(mostDeviating, 'options.mostDeviating') === 0) {
    throw new InvalidArgumentError('options.mostDeviating', 'a whole number above 0', mostDeviating);
  }
  return new IterationImpl(manager, limit, mostDeviating);
}

class IterationImpl implements Iteration {
  readonly #manager: ManagerImpl;
  /** 0: disposed. */
  #number: number;

  constructor(manager: ManagerImpl, planMs: number, mostDeviating: number) {
    this.#manager = manager;
    manager.annex.order();
    const { native } = manager;
    this.#number = native.found(native.cold.bufgc_iteration_open(planMs, mostDeviating), 'an iteration');
  }

  run<T>(callback: () => T): T {
    checkCallback(callback, 'callback');
    this.begin();
    try {
      const result = callback();
      if (isThenable(result)) throw new InvalidArgumentError('callback', 'a function that is not async', callback);
      this.end();
      return result;
    } finally {
      if (this.#number !== 0) this.abandon();
    }
  }

  begin(): void {
    this.#manager.requireOpen('begin()');
    const status = this.#manager.native.cold.bufgc_iteration_begin(this.#live('begin()'));
    if (status !== Status.ok) throw new InvalidStateError('begin(): an iteration of this manager is open already');
  }

  end(): void {
    const number = this.#live('end()');
    if (!this.open) throw new InvalidStateError('end(): no iteration is open');
    this.#check(this.#manager.native.cold.bufgc_iteration_end(number));
  }

  abandon(): void {
    this.#manager.native.cold.bufgc_iteration_abandon(this.#live('abandon()'));
  }

  improve(planMs: number): void {
    const limit = planTime(planMs, 'planMs');
    const number = this.#live('improve()');
    if (this.open) throw new InvalidStateError('improve(): the iteration is open');
    this.#check(this.#manager.native.cold.bufgc_iteration_improve(number, limit));
  }

  get ready(): Promise<void> {
    return this.#manager.annex.ready;
  }

  get open(): boolean {
    return this.#facts()[0] === 1;
  }

  get plan(): IterationPlan | null {
    const [, planned, , , heightBytes = 0, lowerBoundBytes = 0, allocations = 0, blocks = 0] = this.#facts();
    return planned === 1 ? { heightBytes, lowerBoundBytes, allocations, blocks } : null;
  }

  get iterations(): number {
    return this.#facts()[2] as number;
  }

  get deviatingIterations(): number {
    return this.#facts()[3] as number;
  }

  [dispose](): void {
    const number = this.#number;
    this.#number = 0;
    if (number !== 0) this.#manager.native.cold.bufgc_iteration_drop(number);
  }

  /** `invalidState`: the planner is still loading, and the next run is recorded too. */
  #check(status: number): void {
    if (status === Status.ok || status === Status.invalidState) return;
    throw this.#manager.native.core.exhausted('a plan');
  }

  /** In the order of `bufgc_iteration_state` in wasm/bindings/cold.cpp; of a disposed one all 0. */
  #facts(): Float64Array {
    const { native } = this.#manager;
    const count = 8;
    return this.#number === 0
      ? new Float64Array(count)
      : native.numbers(native.cold.bufgc_iteration_state(this.#number), count);
  }

  #live(operation: string): number {
    if (this.#number === 0) throw new InvalidStateError(`${operation}: the iteration is disposed`);
    return this.#number;
  }
}
