// Measures what is named, or everything, and prints one table: see ./run.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { names as allocationNames, measureAllocation } from './allocation.mjs';
import { collectRows } from './collect.mjs';
import { handleRows } from './handles.mjs';
import { javascriptRows, pageRows, replayRows, sizeRows } from './package.mjs';
import { top } from './paths.mjs';
import { fitRows, peakRows, plannedRows } from './placement.mjs';
import { asMarkdown, asText, count, notRun } from './rows.mjs';
import { hugeViewerRows, viewerRows } from './viewer.mjs';
import { wasmRows } from './wasm.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    markdown: { type: 'boolean' },
    quick: { type: 'boolean' },
    viewer: { type: 'boolean' },
  },
});
const log = (text) => console.error(`bench: ${text}`);

// What is measured: what has to be built for it, and what gives its rows.
const parts = new Map([
  ...allocationNames.map((name) => [name, { build: ['bench'], rows: (context) => measureAllocation([name], context) }]),
  ['wasm', { build: ['bench-wasm'], rows: wasmRows }],
  ['collect', { build: ['bench'], rows: collectRows }],
  ['fits', { build: ['native', 'wasm-cli'], rows: fitRows }],
  ['peak', { build: ['bench', 'wasm-cli'], rows: peakRows }],
  ['planned', { build: ['native', 'wasm-cli'], rows: plannedRows }],
  ['replay', { build: ['native', 'wasm-cli'], rows: replayRows }],
  ['javascript', { build: ['package'], rows: javascriptRows }],
  ['handles', { build: ['bench-handles'], rows: handleRows }],
  ['size', { build: ['page'], rows: sizeRows }],
  ['page', { build: ['page'], rows: pageRows }],
  ['viewer', { build: ['page'], rows: viewerRows }],
  ['viewer_10m', { build: ['page', 'bench'], rows: hugeViewerRows, onlyNamed: true }],
]);
const named = options.viewer ? [...positionals, 'viewer'] : positionals;
const wanted = named.length > 0 ? named : [...parts.keys()].filter((name) => !parts.get(name).onlyNamed);
for (const name of wanted) {
  if (parts.has(name)) continue;
  console.error(
    `usage: ./tests/bench/run [--quick] [--json FILE] [--markdown] [--viewer] [${[...parts.keys()].join('|')}]…`,
  );
  process.exit(2);
}

const built = new Set();
const rows = [];
for (const name of wanted) {
  const { build, rows: measure } = parts.get(name);
  try {
    for (const part of build.filter((part) => !built.has(part))) {
      execFileSync(join(top, '.ci/build'), [part], { stdio: ['ignore', 2, 2] });
      built.add(part);
    }
    log(name);
    rows.push(...(await measure({ quick: options.quick, log })));
  } catch (error) {
    // What fails falls short; the others are still measured.
    log(`${name}: ${error.stack}`);
    rows.push(notRun(name, '', error.message.split('\n')[0]));
  }
}

console.log(asText(rows));
const { passed, short } = count(rows);
console.log(`\n${passed} bars reached, ${short} short`);
if (options.json) writeFileSync(options.json, `${JSON.stringify({ passed, short, rows }, null, 2)}\n`);
if (options.markdown) {
  const file = join(top, 'tests/bench/README.md');
  const [before, after] = readFileSync(file, 'utf8').split(/<!-- measured -->[\s\S]*<!-- end -->/);
  writeFileSync(file, `${before}<!-- measured -->\n${asMarkdown(rows)}\n<!-- end -->${after}`);
}
