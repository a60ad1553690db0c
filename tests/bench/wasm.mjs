// The allocation cases as WebAssembly, in Node and in Chromium: bufgc, Emscripten's dlmalloc and the floor.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { startChromium } from '../browser/browser.mjs';
import { Case } from './allocation.mjs';
import { top } from './paths.mjs';
import { bytes } from './rows.mjs';

const programs = { bufgc: 'bench_bufgc', dlmalloc: 'bench_malloc', floor: 'bench_free_list' };
const scripts = Object.entries(programs).map(([name, file]) => [
  name,
  join(top, '.build/wasm/tests/bench', `${file}.js`),
]);
const cases = ['lifo/', 'step/', 'buffer/', 'watched/'];

const inNode = (script, seconds) =>
  execFileSync(
    process.execPath,
    ['-e', 'require(process.argv[1])({ arguments: process.argv.slice(2) })', script, `${seconds}`, ...cases],
    { encoding: 'utf8' },
  );

async function inChromium(browser, script, seconds) {
  const page = await browser.newPage();
  await page.addScriptTag({ path: script });
  const output = await page.evaluate(
    async (words) => {
      const lines = [];
      await globalThis.bench({ arguments: words, print: (line) => lines.push(line) });
      return lines.join('\n');
    },
    [`${seconds}`, ...cases],
  );
  await page.close();
  return output;
}

function rows(host, samples) {
  const of = (name) => new Case(samples, name, ['dlmalloc']);
  const touched = of('step/1');
  return [
    ...[256, 4096, 65536, 2 ** 20, 2 ** 24].map((size) => {
      const found = of(`lifo/${size}`);
      return found.row(`pair, last in first out, ${host}`, bytes(size), [
        found.againstBest(1.05), // natively big blocks cost the peers more; dlmalloc they do not
        found.against('floor', 1.5),
      ]);
    }),
    of('step/0').row(`training step, ${host}`, 'untouched', []),
    touched.row(`training step, ${host}`, 'every page touched', [touched.against('floor', 1.15)]),
    ...[256, 65536].flatMap((size) => [
      of(`buffer/${size}`).row(`create + weak + destroy, ${host}`, bytes(size), []),
      of(`watched/${size}`).row(`create + weak + destroy, ${host}`, `${bytes(size)}, visualizer on`, []),
    ]),
  ];
}

export async function wasmRows({ quick }) {
  const [rounds, seconds] = quick ? [2, 0.02] : [5, 0.05];
  const browser = await startChromium();
  const hosts = { Node: inNode, Chromium: (...words) => inChromium(browser, ...words) };
  const samples = Object.fromEntries(Object.keys(hosts).map((host) => [host, new Map()]));
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const [host, run] of Object.entries(hosts)) {
        for (const [allocator, script] of scripts) {
          for (const { name, cpu_time: ns } of JSON.parse(await run(script, seconds)).benchmarks) {
            if (!samples[host].has(name)) samples[host].set(name, new Map());
            const times = samples[host].get(name);
            times.set(allocator, [...(times.get(allocator) ?? []), ns]);
          }
        }
      }
    }
  } finally {
    await browser.close();
  }
  return Object.entries(samples).flatMap(([host, found]) => rows(`wasm in ${host}`, found));
}
