// The lab's TypeScript, bundled for Node on the fly: the tests run the very files that the page carries.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const web = resolve(dirname(fileURLToPath(import.meta.url)), '../../web');
const require = createRequire(join(web, 'package.json'));

/** Imports a file of web/src/lab, given without its ending. */
export async function labModule(name) {
  const { build } = require('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(web, 'src/lab', `${name}.ts`)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    logLevel: 'silent',
    tsconfig: join(web, 'tsconfig.json'),
  });
  const folder = mkdtempSync(join(tmpdir(), 'bufgc-lab-'));
  try {
    const file = join(folder, 'module.mjs');
    writeFileSync(file, outputFiles[0].contents);
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const webFolder = web;
