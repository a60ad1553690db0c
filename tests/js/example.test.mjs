import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { here, packageDir, packageUrl } from './package.mjs';

/** A folder in which the package is installed under its own name, as a user has it. */
function installed(t) {
  const folder = mkdtempSync(join(tmpdir(), 'bufgc-user-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const root = join(folder, 'node_modules/bufgc');
  mkdirSync(root, { recursive: true });
  copyFileSync(fileURLToPath(new URL('../../wasm/package.json', import.meta.url)), join(root, 'package.json'));
  symlinkSync(packageDir, join(root, 'dist'));
  return folder;
}

test("the README's example runs from an installed package and prints what it says", (t) => {
  const folder = installed(t);
  copyFileSync(join(here, 'example.mjs'), join(folder, 'example.mjs'));
  const run = spawnSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
  assert.equal(run.stderr, '');
  assert.equal(run.status, 0);
  assert.deepEqual(run.stdout.trim().split('\n'), [
    'frame is released',
    'brightest 128, reserved at most the budget',
    '1002 lifecycles recorded',
  ]);
});

test('the types accept what is meant and refuse what is not', (t) => {
  const tsc = fileURLToPath(new URL('../../wasm/node_modules/typescript/bin/tsc', import.meta.url));
  const folder = installed(t);
  copyFileSync(join(here, 'consumer.ts'), join(folder, 'consumer.ts'));
  const options = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2023', 'dom'],
    types: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['consumer.ts'] }));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const run = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  assert.equal(run.stdout + run.stderr, '');
  assert.equal(run.status, 0);
});

test('the package tells its version, its types and its wasm files', (t) => {
  const folder = installed(t);
  const facts = JSON.parse(readFileSync(join(folder, 'node_modules/bufgc/package.json'), 'utf8'));
  assert.equal(facts.name, 'bufgc');
  for (const path of [
    facts.types,
    facts.exports['.'].default,
    facts.exports['./bufgc.wasm'],
    facts.exports['./bufgc_hardened.wasm'],
    facts.exports['./bufgc_annex.wasm'],
  ]) {
    assert.ok(readFileSync(join(folder, 'node_modules/bufgc', path)).length > 0, path);
  }
});

test('where the engine has no Symbol.dispose, the package brings one', () => {
  const program = `
    const real = globalThis.Symbol;
    const old = Object.assign((text) => real(text), { prototype: real.prototype });
    for (const name of Object.getOwnPropertyNames(real)) {
      if (!['dispose', 'asyncDispose', 'length', 'name', 'prototype'].includes(name)) old[name] = real[name];
    }
    globalThis.Symbol = old;
    const { load } = await import(${JSON.stringify(packageUrl)});
    const gc = await load();
    const buffer = gc.alloc(8);
    buffer[old.dispose]();
    gc[old.dispose]();
    console.log(typeof old.dispose, old.dispose === real.dispose, buffer.disposed, gc.closed);
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.equal(run.stderr, '');
  assert.equal(run.stdout.trim(), 'symbol false true true');
});
