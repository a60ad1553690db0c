// Gets the engine, or one that refuses each request with the reason why there is none.
import { createEngine } from '#engine';
import type { Engine } from './engine/protocol.js';

export function connectEngine(): Engine {
  if (createEngine) {
    try {
      return createEngine();
    } catch (error) {
      return absentEngine(error instanceof Error ? error.message : String(error));
    }
  }
  return absentEngine('This page was built without its engine: build web/engine, then web/build.mjs again.');
}

function absentEngine(reason: string): Engine {
  const refuse = (): Promise<never> => Promise.reject(new Error(reason));
  return new Proxy({} as Engine, {
    get: (_target, name) => {
      if (typeof name !== 'string' || name === 'then' || name.startsWith('_')) return undefined; // asked by promises and by Lit
      return name === 'cancelOpen' ? () => undefined : refuse;
    },
  });
}
