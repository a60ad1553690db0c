// Makes the package in wasm/dist: index.js (one ES module) with its source map and its types, bufgc.wasm.
// BUFGC_WASM_BUILD names the folder that CMake built in (default: ../.build/wasm).
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const native = resolve(process.env.BUFGC_WASM_BUILD ?? join(here, '../.build/wasm'), 'wasm');
const dist = process.env.BUFGC_PACKAGE_OUT ?? join(here, 'dist');

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
await build({
  entryPoints: [join(here, 'src/index.ts')],
  outfile: join(dist, 'index.js'),
  alias: { 'bufgc-native': join(native, 'bufgc.mjs') },
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
});
copyFileSync(join(native, 'bufgc.wasm'), join(dist, 'bufgc.wasm'));
writeTypes();

const sizes = ['index.js', 'bufgc.wasm'].map((file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length);
const total = sizes.reduce((sum, size) => sum + size, 0);
console.log(`wasm/dist: index.js ${sizes[0]} + bufgc.wasm ${sizes[1]} = ${total} bytes gzip`);

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
