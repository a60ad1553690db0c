// The engine's worker: starts the module from the bytes it is handed (so that `file://` works) and
// answers requests in order. Opening a file gives way to other requests in between.
import createViewer from '#viewer-glue';
import { gunzip } from '../gunzip.js';
import type { Reply, Request } from './messages.js';
import type { Axis, LoadProgress, PictureStyle, TimeRange, View } from './protocol.js';
import { Session, type TraceFile } from './session.js';

interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply, transfer?: Transferable[]): void;
}
const scope = globalThis as unknown as WorkerScope;

type PictureArguments = [axis: Axis, view: View, width: number, height: number, style: PictureStyle];

let session: Promise<Session> | null = null;

async function start(wasm: Uint8Array): Promise<Session> {
  return new Session(await createViewer({ wasmBinary: await gunzip(wasm) }));
}

/** So long at a time is a picture drawn; another question waits for it. */
const STRETCH_MS = 4;
/** Boxes that are drawn in a small part of that. */
const BOXES_AT_ONCE = 2 ** 14;
/** For so long, while one range follows the other, only a picture of the last will do. */
const PATIENCE_MS = 300;
/** When the first of the pictures was begun that were given up one after the other; null: the last one was not. */
let waiting: number | null = null;
/** Counts the pictures asked for; the last one is wanted. */
let wanted = 0;
/** Ends with the picture asked for last. */
let drawn: Promise<unknown> = Promise.resolve();

/** Lets messages that wait be taken up first. Only one picture at a time asks. */
const { port1, port2 } = new MessageChannel();
port1.start();
const others = (): Promise<unknown> =>
  new Promise((resolve) => {
    port1.addEventListener('message', resolve, { once: true });
    port2.postMessage(0);
  });

/** One picture after the other: that before is given up at its next stretch, or nearly done. */
function picture(engine: Session, ...asked: PictureArguments): Promise<ImageBitmap | null> {
  wanted += 1;
  const number = wanted;
  const result = drawn.then(() => (number === wanted ? paint(engine, number, ...asked) : null));
  drawn = result.catch(() => undefined);
  return result;
}

/** Goes on with the picture under way; how much of it is drawn then. */
function stretch(engine: Session): number | null {
  const end = performance.now() + STRETCH_MS;
  let share: number | null;
  do share = engine.draw(BOXES_AT_ONCE);
  while (share !== null && share < 1 && performance.now() < end);
  return share;
}

/** A picture goes to the page as what it can draw at once. */
async function paint(
  engine: Session,
  number: number,
  axis: Axis,
  view: View,
  width: number,
  height: number,
  style: PictureStyle,
): Promise<ImageBitmap | null> {
  const columns = Math.max(1, Math.round(width));
  const rows = Math.max(1, Math.round(height));
  const start = performance.now();
  waiting ??= start;
  engine.begin(axis, view, columns, rows, style);
  for (let share = stretch(engine); share !== 1; share = stretch(engine)) {
    if (share === null) {
      waiting = null;
      return null;
    }
    await others();
    // Another picture is wanted. Where none has come for long, one that comes late is better than none.
    const now = performance.now();
    const waited = now - waiting;
    const left = ((now - start) / share) * (1 - share);
    if (number !== wanted && (waited < PATIENCE_MS || left * 4 > waited)) return null;
  }
  waiting = null;
  return createImageBitmap(new ImageData(engine.pixels(columns, rows), columns, rows));
}

/** Memory that the page may have without a copy. */
function transferable(value: unknown): Transferable[] {
  if (value instanceof ImageBitmap) return [value];
  const arrays = value instanceof Uint8Array ? [value] : Object.values(value ?? {});
  const buffers = arrays.filter(ArrayBuffer.isView).map((array) => array.buffer as ArrayBuffer);
  return [...new Set(buffers)];
}

async function call(engine: Session, request: Request & { kind: 'call' }): Promise<void> {
  const { id, method, args } = request;
  try {
    let value: unknown;
    if (method === 'open' || method === 'openSecond') {
      const [files, range] = args as [TraceFile[], TimeRange?];
      const tell = (progress: LoadProgress): void => scope.postMessage({ kind: 'progress', id, progress });
      value = method === 'open' ? await engine.open(files, tell, range) : await engine.openSecond(files, tell);
    } else if (method === 'reuse') {
      value = await engine.reuse((share) => scope.postMessage({ kind: 'progress', id, progress: share }));
    } else if (method === 'render') {
      value = await picture(engine, ...(args as PictureArguments));
    } else {
      if (method === 'bounds' && args[0] === 'packed') await engine.arrange();
      value = (engine[method] as (...all: unknown[]) => unknown).apply(engine, args);
    }
    scope.postMessage({ kind: 'value', id, value }, transferable(value));
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    scope.postMessage({ kind: 'error', id, name, message });
  }
}

scope.onmessage = ({ data }) => {
  if (data.kind === 'init') {
    session = start(data.wasm);
    session.then(
      () => scope.postMessage({ kind: 'ready' }),
      (error: unknown) => scope.postMessage({ kind: 'broken', message: String(error) }),
    );
    return;
  }
  session?.then((engine) => {
    if (data.kind === 'call') void call(engine, data);
    else engine[data.kind]();
  });
};
