// Runs every benchmark that ./tests/bench/run built and prints one table: node tests/bench/report.mjs [--json FILE]
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { measurePage } from './page.mjs';

const top = fileURLToPath(new URL('../../', import.meta.url));
const { values: options } = parseArgs({ options: { json: { type: 'string' } } });
const rows = [];
const add = (part, what, value, unit, beside = '') => rows.push({ part, what, value, unit, beside });
const run = (command, ...args) =>
  execFileSync(command, args, { cwd: top, maxBuffer: 2 ** 28, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const gzipBytes = (...files) =>
  gzipSync(Buffer.concat(files.map((file) => readFileSync(join(top, file)))), { level: 9 }).length;

function allocation() {
  const found = JSON.parse(
    run(
      '.build/bench/alloc_bench',
      '--benchmark_format=json',
      '--benchmark_repetitions=5',
      '--benchmark_enable_random_interleaving=true',
      '--benchmark_report_aggregates_only=true',
    ),
  );
  // A case is "who/what…": bufgc beside each peer of the same what.
  const medians = new Map();
  for (const entry of found.benchmarks) {
    if (entry.aggregate_name !== 'median') continue;
    const [who, ...what] = entry.run_name.split('/');
    const name = what.filter((word) => !word.includes(':')).join(' ');
    if (!medians.has(name)) medians.set(name, new Map());
    medians.get(name).set(who, entry.cpu_time);
  }
  for (const [name, times] of medians) {
    const own = times.get('bufgc');
    if (own === undefined) continue;
    const peers = [...times]
      .filter(([who]) => who !== 'bufgc')
      .map(([who, time]) => `${(own / time).toFixed(2)} × ${who}`);
    add('allocation', name, own, 'ns', peers.join(', '));
  }
}

function replay() {
  const shared = join(top, '../shared/traces/tinygrad/mlp_train_noplan_long.ndjson.gz');
  const trace = existsSync(shared) ? shared : join(top, 'web/samples/mlp_train_noplan_long.ndjson.gz');
  if (trace !== shared) console.error('skipped: no shared traces; replaying a bundled sample instead');
  const plain = join(top, '.build/bench/replay.ndjson'); // WebAssembly reads no gzip
  writeFileSync(plain, gunzipSync(readFileSync(trace)));
  const name = basename(trace, '.ndjson.gz');
  const hosts = [
    ['native', '.build/native/src/cli/bufgc'],
    ['wasm', process.execPath, '.build/wasm-cli/src/cli/bufgc.js'],
  ];
  for (const [host, command, ...before] of hosts) {
    const [result] = JSON.parse(
      run(command, ...before, 'replay', plain, '--json', '--repeat', '15', '--visualizer'),
    ).traces;
    add(
      'replay',
      `${name}, ${host}`,
      result.events_per_second,
      'events/s',
      `${result.ns_per_operation.toFixed(1)} ns an operation; reserved ÷ live ${result.ratio.toFixed(3)}`,
    );
    add(
      'visualizer',
      `on ÷ off, ${name}, ${host}`,
      result.visualizer_ratio,
      '×',
      `${result.ns_per_operation_with_visualizer.toFixed(1)} ns an operation`,
    );
  }
  const javascript = JSON.parse(run(process.execPath, 'tests/bench/replay.mjs', '--json'));
  add('handles', 'create + dispose in JavaScript', javascript.create_dispose_ns, 'ns');
  for (const found of javascript.traces.slice(0, 1)) {
    add('replay', `${found.trace}, JavaScript API`, found.events_per_second, 'events/s');
    add('visualizer', `on ÷ off, ${found.trace}, JavaScript API`, found.visualizer_on_over_off, '×');
  }
}

function sizes() {
  const code = gzipBytes('wasm/dist/index.js');
  const wasm = gzipBytes('wasm/dist/bufgc.wasm');
  add(
    'size',
    'package, gzip',
    (code + wasm) / 1024,
    'KiB',
    `JavaScript ${(code / 1024).toFixed(1)}, WebAssembly ${(wasm / 1024).toFixed(1)}`,
  );
  add(
    'size',
    'one-file page, gzip',
    gzipBytes('web/dist/index.html') / 1024,
    'KiB',
    'with its bundled traces and digits',
  );
}

async function page() {
  for (const entry of await measurePage()) add('page', entry.what, entry.value, entry.unit, entry.beside);
}

for (const part of [allocation, replay, sizes, page]) {
  console.error(`bench: ${part.name}`);
  await part();
}
const text = (value) =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : value.toPrecision(3);
const cells = rows.map(({ part, what, value, unit, beside }) => [part, what, `${text(value)} ${unit}`, beside ?? '']);
const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column].length)));
for (const [part, what, value, beside] of cells) {
  console.log(`${part.padEnd(widths[0])}  ${what.padEnd(widths[1])}  ${value.padStart(widths[2])}  ${beside}`);
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ rows }, null, 2)}\n`);
