// The page's end of the engine: turns calls into messages to the worker and answers into promises.
import { assetBytes, assetWorker } from '../assets.js';
import type { Method, Progress, Reply, Request } from './messages.js';
import type { Engine } from './protocol.js';

type Answer<Name extends Method> = Awaited<ReturnType<Engine[Name]>>;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  onProgress?: (progress: never) => void;
}

function errorOf(name: string, message: string): Error {
  if (name === 'AbortError') return new DOMException(message, name);
  const error = new Error(message);
  error.name = name;
  return error;
}

/** The engine in a worker of its own. */
export function createEngine(): Engine {
  const worker = assetWorker('engine-worker.js');
  return connect(worker, assetBytes('viewer.wasm.gz'));
}

/** Speaks with a worker that runs worker.ts; `wasm`, packed, is handed over to it. */
export function connect(worker: Worker, wasm: Uint8Array<ArrayBuffer>): Engine {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let broken: Error | null = null;
  let started: () => void = () => undefined;
  let refused: (error: Error) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    started = resolve;
    refused = reject;
  });
  ready.catch(() => undefined); // each call tells it too

  const breakDown = (message: string): void => {
    broken = new Error(`The engine stopped: ${message}`);
    refused(broken);
    for (const request of waiting.values()) request.reject(broken);
    waiting.clear();
  };
  worker.addEventListener('error', (event) => breakDown(event.message || 'its worker could not be started'));
  worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    if (data.kind === 'ready') return started();
    if (data.kind === 'broken') return breakDown(data.message);
    const request = waiting.get(data.id);
    if (!request) return;
    if (data.kind === 'progress') return request.onProgress?.(data.progress as never);
    waiting.delete(data.id);
    if (data.kind === 'value') request.resolve(data.value);
    else request.reject(errorOf(data.name, data.message));
  });
  const send = (request: Request, transfer: Transferable[] = []): void => worker.postMessage(request, transfer);
  send({ kind: 'init', wasm }, [wasm.buffer]);

  function ask<Name extends Method, Told extends Progress>(
    method: Name,
    args: unknown[],
    onProgress?: (progress: Told) => void,
  ): Promise<Answer<Name>> {
    if (broken) return Promise.reject(broken);
    const id = ++lastId;
    return new Promise<unknown>((resolve, reject) => {
      waiting.set(id, onProgress ? { resolve, reject, onProgress } : { resolve, reject });
      send({ kind: 'call', id, method, args });
    }) as Promise<Answer<Name>>;
  }

  return {
    ready: () => ready,
    open: (files, onProgress, range = null) => ask('open', [files, range], onProgress),
    cancelOpen: () => send({ kind: 'cancelOpen' }),
    openLive: (name) => ask('openLive', [name]),
    feed: (ndjson) => ask('feed', [ndjson]),
    summary: () => ask('summary', []),
    bounds: (layout) => ask('bounds', [layout]),
    marks: () => ask('marks', []),
    levels: (...args) => ask('levels', args),
    levelAt: (event) => ask('levelAt', [event]),
    eventAtTime: (timeNs) => ask('eventAtTime', [timeNs]),
    timeOfEvent: (event) => ask('timeOfEvent', [event]),
    render: (...args) => ask('render', args),
    rectangles: (...args) => ask('rectangles', args),
    hitTest: (...args) => ask('hitTest', args),
    rectsOf: (...args) => ask('rectsOf', args),
    rowOfId: (id) => ask('rowOfId', [id]),
    row: (row) => ask('row', [row]),
    tableQuery: (query) => ask('tableQuery', [query]),
    tableRows: (from, count) => ask('tableRows', [from, count]),
    groups: (by, filter) => ask('groups', [by, filter]),
    filterError: (filter) => ask('filterError', [filter]),
    moment: (...args) => ask('moment', args),
    growth: (by, filter) => ask('growth', [by, filter]),
    flame: (query) => ask('flame', [query]),
    area: (area, filter) => ask('area', [area, filter]),
    latency: (...args) => ask('latency', args),
    reuse: (onProgress) => ask('reuse', [], onProgress),
    cancelReuse: () => send({ kind: 'cancelReuse' }),
    fragmentation: (...args) => ask('fragmentation', args),
    openSecond: (files, onProgress) => ask('openSecond', [files], onProgress),
    closeSecond: () => send({ kind: 'closeSecond' }),
    diff: (align, by) => ask('diff', [align, by]),
    diffLevels: (...args) => ask('diffLevels', args),
    choose: (area, filter) => ask('choose', [area, filter]),
    chosenCsv: (from, count) => ask('chosenCsv', [from, count]),
    export: (format) => ask('export', [format]),
  };
}
