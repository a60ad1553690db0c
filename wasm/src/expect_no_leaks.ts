// The leak hunt of test suites.
import { BufferHandle } from './buffer.js';
import { InvalidArgumentError, LeakError } from './errors.js';
import type { Grip } from './grip.js';
import { grouped } from './leaks.js';
import { ManagerImpl } from './manager.js';
import { buffersIn } from './scope.js';
import type { Manager } from './types.js';
import { callback } from './validate.js';

/**
 * For test suites: runs `body`, and rejects with a `LeakError` when buffers that were made meanwhile are not
 * disposed at its end, whether they are still held or the engine's collector had to release them. Buffers that
 * it returns (alone, in arrays, in plain objects) are the caller's. Answers what `body` answers.
 */
export async function expectNoLeaks<T>(manager: Manager, body: () => T | PromiseLike<T>): Promise<T> {
  if (!(manager instanceof ManagerImpl)) {
    throw new InvalidArgumentError('manager', 'a manager that load() gave', manager);
  }
  callback(body, 'body');
  const watch = manager.leaks.watch();
  let result: T;
  try {
    result = await body();
  } catch (error) {
    watch.stop();
    throw error;
  }
  const returned = new Set<Grip | number>();
  for (const value of buffersIn(result)) if (BufferHandle.is(value)) returned.add(BufferHandle.gripOf(value));
  const leaked = watch.stop().filter((grip) => !returned.has(grip));
  if (leaked.length > 0) throw new LeakError(grouped(leaked));
  return result;
}
