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
  return {
    ready: refuse,
    open: refuse,
    cancelOpen: () => undefined,
    openLive: refuse,
    feed: refuse,
    summary: refuse,
    bounds: refuse,
    marks: refuse,
    levels: refuse,
    levelAt: refuse,
    eventAtTime: refuse,
    timeOfEvent: refuse,
    render: refuse,
    rectangles: refuse,
    hitTest: refuse,
    rectsOf: refuse,
    rowOfId: refuse,
    row: refuse,
    tableQuery: refuse,
    tableRows: refuse,
    groups: refuse,
    filterError: refuse,
    moment: refuse,
    growth: refuse,
    flame: refuse,
    area: refuse,
    latency: refuse,
    reuse: refuse,
    cancelReuse: () => undefined,
    fragmentation: refuse,
    openSecond: refuse,
    closeSecond: () => undefined,
    diff: refuse,
    diffLevels: refuse,
    choose: refuse,
    chosenCsv: refuse,
    export: refuse,
  };
}
