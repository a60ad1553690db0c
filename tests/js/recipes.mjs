// The recipes of wasm/README.md, as text and as modules.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageUrl } from './package.mjs';

const wasm = new URL('../../wasm/', import.meta.url);
const readme = readFileSync(new URL('README.md', wasm), 'utf8');
const section = readme.slice(readme.indexOf('\n## Recipes'));

/** Every recipe's code. */
export const recipes = [...section.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code);

/** The code of the recipe that exports `name`. */
export function recipe(name) {
  const found = recipes.find((code) => new RegExp(`^export .*\\b${name}\\b`, 'm').test(code));
  if (found === undefined) throw new Error(`no recipe in wasm/README.md exports ${name}`);
  return found;
}

/** A recipe's code for the Node that runs, which may not know newer syntax. */
export async function compiled(name) {
  const esbuild = createRequire(new URL('package.json', wasm)).resolve('esbuild');
  const { transform } = await import(pathToFileURL(esbuild).href);
  return (await transform(recipe(name).replaceAll("'bufgc'", `'${packageUrl}'`), { target: 'es2022' })).code;
}

/** The recipe that exports `name`, as a module. */
export async function recipeModule(t, name) {
  const folder = mkdtempSync(join(tmpdir(), 'bufgc-recipe-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, await compiled(name));
  return import(pathToFileURL(file).href);
}
