// Makes the package in wasm/dist: index.js with its source map and its types, development.js, which
// `load({ development: true })` imports, recorder.js, which goes with bufgc_annex.wasm, and bufgc.wasm,
// bufgc_hardened.wasm and bufgc_annex.wasm.
// BUFGC_WASM_BUILD names the folder that CMake built in (default: ../.build/wasm).
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

const here = dirname(fileURLToPath(import.meta.url));
const native = resolve(process.env.BUFGC_WASM_BUILD ?? join(here, '../.build/wasm'), 'wasm');
const dist = process.env.BUFGC_PACKAGE_OUT ?? join(here, 'dist');

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const bundles = await build({
  entryPoints: ['index', 'development', 'recorder'].map((name) => join(here, `src/${name}.ts`)),
  outdir: dist,
  bundle: true,
  external: ['./development.js', './recorder.js'],
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
});
// Terser goes on where esbuild stops: 4 % less to load, packed.
for (const { path, text } of bundles.outputFiles.filter((file) => file.path.endsWith('.js'))) {
  const content = bundles.outputFiles.find((file) => file.path === `${path}.map`).text;
  const { code, map } = await minify(text.replace(/\n\/\/# sourceMappingURL=.*\n$/, '\n'), {
    module: true,
    ecma: 2022,
    compress: { passes: 3 },
    sourceMap: { content, includeSources: true, url: `${basename(path)}.map` },
  });
  writeFileSync(path, `${code}\n`);
  writeFileSync(`${path}.map`, map);
}
const modules = ['bufgc.wasm', 'bufgc_hardened.wasm', 'bufgc_annex.wasm'];
for (const file of modules) copyFileSync(join(native, file), join(dist, file));
writeTypes();

const files = ['index.js', ...modules, 'development.js', 'recorder.js'];
const sizes = files.map((file) => `${file} ${gzipSync(readFileSync(join(dist, file)), { level: 9 }).length}`);
console.log(`wasm/dist, bytes gzip: ${sizes.join(', ')}`);

/** The declarations that index.d.ts reaches, and none of what lies behind them. */
function writeTypes() {
  const scratch = mkdtempSync(join(here, 'node_modules/.types-'));
  try {
    const tsc = join(here, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '-p', here, '--declaration', '--emitDeclarationOnly', '--outDir', scratch], {
      stdio: 'inherit',
    });
    const wanted = ['index.d.ts'];
    for (const file of wanted) {
      const text = readFileSync(join(scratch, file), 'utf8');
      copyFileSync(join(scratch, file), join(dist, file));
      for (const [, name] of text.matchAll(/(?:from|import\()\s*'\.\/([\w-]+)\.js'/g)) {
        if (!wanted.includes(`${name}.d.ts`)) wanted.push(`${name}.d.ts`);
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
