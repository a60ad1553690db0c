// Rows without a bar: the recorded training run through the allocator and the JavaScript API, sizes, the page.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { measurePage } from './page.mjs';
import { top } from './paths.mjs';
import { hosts, runReplay, unpack } from './replays.mjs';
import { packageSizeRows } from './sizes.mjs';

/** The training run, native and in WebAssembly, with the visualizer and without in turn. */
export function replayRows({ quick }) {
  const trace = unpack('tinygrad/mlp_train_noplan_long.ndjson.gz', 'web/samples/mlp_train_noplan_long.ndjson.gz');
  const name = basename(trace, '.ndjson');
  return Object.keys(hosts).flatMap((host) => {
    const [found] = runReplay(host, [trace], '--repeat', quick ? '3' : '15', '--visualizer').traces;
    return [
      {
        part: 'replay',
        what: `${name}, ${host}`,
        value: found.events_per_second,
        unit: ' events/s',
        beside: `${found.ns_per_operation.toFixed(1)} ns an operation`,
      },
      {
        part: 'replay, visualizer on ÷ off',
        what: `${name}, ${host}`,
        value: found.visualizer_ratio,
        beside: `${found.ns_per_operation_with_visualizer.toFixed(1)} ns an operation`,
      },
    ];
  });
}

/** The JavaScript API. */
export function javascriptRows() {
  const found = JSON.parse(
    execFileSync(process.execPath, [join(top, 'tests/bench/replay.mjs'), '--json'], { encoding: 'utf8' }),
  );
  return [
    { part: 'JavaScript', what: 'create + dispose', value: found.create_dispose_ns, unit: ' ns' },
    ...found.traces.slice(0, 1).flatMap((entry) => [
      { part: 'JavaScript', what: `replay of ${entry.trace}`, value: entry.events_per_second, unit: ' events/s' },
      { part: 'JavaScript', what: 'the same, visualizer on ÷ off', value: entry.visualizer_on_over_off },
    ]),
  ];
}

const mostPageBytes = 600_000;

/** The page, and what it is without the traces that it bundles. */
function pageSizeRows() {
  const html = readFileSync(join(top, 'web/dist/index.html'), 'utf8');
  const bare = html.replace(/<script type="text\/plain" data-asset="samples\/[^<]*<\/script>/g, '');
  const bareBytes = gzipSync(bare, { level: 9 }).length;
  return [
    { part: 'size', what: 'one-file page, gzip', value: gzipSync(html, { level: 9 }).length / 1000, unit: ' KB' },
    {
      part: 'size',
      what: 'the same without its bundled traces',
      value: bareBytes / 1000,
      unit: ' KB',
      bars: [{ against: '600 KB', ratio: bareBytes / mostPageBytes, bar: 1, pass: bareBytes <= mostPageBytes }],
    },
  ];
}

export const sizeRows = () => [...packageSizeRows('size'), ...pageSizeRows()];

export const pageRows = async () =>
  (await measurePage()).map((row) => ({ part: 'page', ...row, unit: ` ${row.unit}` }));
