// The package as npm ships it: packed, installed offline into a fresh project, compiled, bundled and run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { freshProject, wasmFolder } from './fresh_project.mjs';
import { here } from './package.mjs';

const tool = (path) => join(wasmFolder, 'node_modules', path);
const program = `
  import { load, OutOfMemoryError } from 'bufgc';
  const gc = await load({ budgetBytes: 2 ** 20 });
  const floats = gc.alloc({ shape: [3], dtype: 'float32' }).copyFrom([1, 2, 3]);
  console.log([...floats.view()].join(), gc.stats().live_bytes);
  try { gc.alloc(2 ** 21); } catch (error) { console.log(error instanceof OutOfMemoryError, error.code); }
`;
const printed = '1,2,3 12\ntrue out_of_memory\n';
let project;
let folder;
let packed;

before(() => {
  project = freshProject();
  ({ folder, packed } = project);
  writeFileSync(join(folder, 'program.mjs'), program);
});
after(() => project.remove());

test('the tarball holds the module, its map and types, the wasm files, and nothing else', () => {
  const files = packed.files.map(({ path }) => path).sort();
  const types = files.filter((path) => path.endsWith('.d.ts'));
  assert.deepEqual(
    files.filter((path) => !types.includes(path)),
    [
      'README.md',
      'dist/bufgc.wasm',
      'dist/bufgc_annex.wasm',
      'dist/bufgc_hardened.wasm',
      'dist/development.js',
      'dist/development.js.map',
      'dist/index.js',
      'dist/index.js.map',
      'dist/recorder.js',
      'dist/recorder.js.map',
      'package.json',
    ],
  );
  assert.ok(types.includes('dist/index.d.ts'));
  assert.ok(types.every((path) => /^dist\/\w+\.d\.ts$/.test(path)));
  const facts = JSON.parse(readFileSync(join(folder, 'node_modules/bufgc/package.json'), 'utf8'));
  assert.equal(facts.sideEffects, false);
  assert.equal(facts.dependencies, undefined);
});

test('the source map leads back to the sources, which it carries', () => {
  const dist = join(folder, 'node_modules/bufgc/dist');
  assert.match(readFileSync(join(dist, 'index.js'), 'utf8'), /\/\/# sourceMappingURL=index\.js\.map\n$/);
  const map = JSON.parse(readFileSync(join(dist, 'index.js.map'), 'utf8'));
  const nursery = map.sources.findIndex((path) => path.endsWith('src/nursery.ts'));
  assert.equal(map.sourcesContent[nursery], readFileSync(join(wasmFolder, 'src/nursery.ts'), 'utf8'));
  const run = spawnSync(
    process.execPath,
    ['--enable-source-maps', '--input-type=module', '-e', "import { load } from 'bufgc'; (await load()).alloc(-1);"],
    { cwd: folder, encoding: 'utf8' },
  );
  assert.match(run.stderr, /wasm\/src\/validate\.ts:\d+|src\/validate\.ts:\d+/);
});

test('nothing in the module makes code from text', () => {
  const text = readFileSync(join(folder, 'node_modules/bufgc/dist/index.js'), 'utf8');
  assert.doesNotMatch(text, /\beval\(|new Function\b|\bFunction\(/);
});

test('Node runs a program that uses it', () => {
  const run = spawnSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
  assert.equal(run.stderr, '');
  assert.equal(run.stdout, printed);
});

for (const [module, moduleResolution] of [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
]) {
  test(`tsc --strict takes its types with module resolution ${moduleResolution}`, () => {
    copyFileSync(join(here, 'consumer.ts'), join(folder, 'consumer.ts'));
    const lib = ['es2023', 'dom'];
    const compilerOptions = { strict: true, noEmit: true, target: 'es2022', module, moduleResolution, lib, types: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    const run = spawnSync(process.execPath, [tool('typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    assert.equal(run.stdout + run.stderr, '');
  });
}

test('esbuild bundles it, and the bundle finds the wasm file that is put beside it', async () => {
  const { build } = await import(
    pathToFileURL(createRequire(join(wasmFolder, 'package.json')).resolve('esbuild')).href
  );
  const bundled = await build({
    entryPoints: [join(folder, 'program.mjs')],
    outfile: join(folder, 'out/bundle.mjs'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  assert.deepEqual(bundled.warnings, []);
  for (const file of ['bufgc.wasm', 'bufgc_annex.wasm']) {
    const resolved = createRequire(join(folder, 'package.json')).resolve(`bufgc/${file}`);
    copyFileSync(resolved, join(folder, 'out', file));
  }
  const run = spawnSync(process.execPath, ['out/bundle.mjs'], { cwd: folder, encoding: 'utf8' });
  assert.equal(run.stdout + run.stderr, printed);
});
