// The page's engine without the page, for tests: session.ts over the built module.
//   BUFGC_VIEWER_DIR  folder of viewer.mjs and viewer.wasm
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const viewerDir = process.env.BUFGC_VIEWER_DIR;
export const skip = viewerDir ? false : 'skipped: BUFGC_VIEWER_DIR is not set (build web/engine first)';
const web = fileURLToPath(new URL('../../web/', import.meta.url));
export const bytes = (text) => new TextEncoder().encode(text);
export const noProgress = () => {};

async function build() {
  const { build } = await import(pathToFileURL(createRequire(join(web, 'package.json')).resolve('esbuild')).href);
  const entryPoints = [join(web, 'src/engine/session.ts')];
  const built = await build({ entryPoints, bundle: true, format: 'esm', write: false, platform: 'neutral' });
  const source = Buffer.from(built.outputFiles[0].text).toString('base64');
  const { Session } = await import(`data:text/javascript;base64,${source}`);
  const { default: createViewer } = await import(pathToFileURL(join(viewerDir, 'viewer.mjs')).href);
  return { Session, createViewer, wasmBinary: readFileSync(join(viewerDir, 'viewer.wasm')) };
}
let built;

export async function start() {
  built ??= build();
  const { Session, createViewer, wasmBinary } = await built;
  return new Session(await createViewer({ wasmBinary }));
}

/** `files`: names with text or bytes. */
export async function opened(...files) {
  const session = await start();
  const named = files.map(([name, text]) => ({ name, bytes: typeof text === 'string' ? bytes(text) : text }));
  const summary = await session.open(named, noProgress);
  return { session, summary };
}

/** A picture's pixels, drawn some boxes at a time. */
export function picture(session, axis, view, width, height, style, boxes = 2 ** 20) {
  session.begin(axis, view, width, height, style);
  while (session.draw(boxes) !== 1);
  return session.pixels(width, height);
}
