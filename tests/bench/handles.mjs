// The package's handles and budgets, in Node, in a page and in a module worker. The cases themselves are in
// handle_cases.mjs and pressure_cases.mjs; what they need is laid out in one folder that every host loads from.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servePage } from '../../web/serve.mjs';
import { startChromium } from '../browser/browser.mjs';
import { top } from './paths.mjs';
import { atMost, holds } from './rows.mjs';
import { packageSizeRows } from './sizes.mjs';

const MiB = 2 ** 20;
const files = {
  'index.js': 'wasm/dist/index.js',
  'recorder.js': 'wasm/dist/recorder.js',
  'bufgc.wasm': 'wasm/dist/bufgc.wasm',
  'bufgc_annex.wasm': 'wasm/dist/bufgc_annex.wasm',
  'peer.js': '.build/wasm/tests/bench/bench_embind.mjs',
  'bench_embind.wasm': '.build/wasm/tests/bench/bench_embind.wasm',
  'handle_cases.js': 'tests/bench/handle_cases.mjs',
  'pressure_cases.js': 'tests/bench/pressure_cases.mjs',
};

/** Runs in every host: what `job` names, with the modules beside it. */
const runner = `
const beside = (file) => new URL(file, import.meta.url).href;
const bytesOf = async (file) => {
  if (typeof process === 'undefined') return (await fetch(beside(file))).arrayBuffer();
  return (await import('node:fs')).readFileSync(new URL(file, import.meta.url));
};
const createPeer = async () => {
  const [{ default: create }, bytes] = await Promise.all([import(beside('peer.js')), bytesOf('bench_embind.wasm')]);
  const instantiateWasm = (imports, receive) => {
    WebAssembly.instantiate(bytes, imports).then(({ instance, module }) => receive(instance, module));
    return {};
  };
  return create({ instantiateWasm, locateFile: (name) => name });
};
const firstBuffer = async () => {
  const start = performance.now();
  const { load } = await import(beside('index.js'));
  (await load()).alloc(8).dispose();
  return performance.now() - start;
};
const firstPeer = async () => {
  const start = performance.now();
  new (await createPeer()).PeerBuffer(8).delete();
  return performance.now() - start;
};
export async function run({ what, ...options }) {
  if (what === 'first') return { bufgc: await firstBuffer(), peer: await firstPeer() };
  const { load } = await import(beside('index.js'));
  if (what === 'handles') {
    return (await import(beside('handle_cases.js'))).measureHandles({ load, createPeer, ...options });
  }
  return (await import(beside('pressure_cases.js')))[what]({ load, ...options });
}`;

function layOut() {
  const folder = mkdtempSync(join(tmpdir(), 'bufgc-bench-'));
  for (const [name, file] of Object.entries(files)) copyFileSync(join(top, file), join(folder, name));
  writeFileSync(join(folder, 'run.js'), runner);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>bench</title>');
  const worker = `import { run } from './run.js';\nonmessage = async ({ data }) => postMessage(await run(data));`;
  writeFileSync(join(folder, 'worker.js'), worker);
  return folder;
}

const inNode =
  (folder) =>
  (job, ...flags) => {
    const program = `import { run } from ${JSON.stringify(join(folder, 'run.js'))};
      console.log(JSON.stringify(await run(${JSON.stringify(job)})));`;
    const words = [...flags, '--input-type=module', '-e', program];
    return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }));
  };

const inPage =
  (browser, url, inWorker = false) =>
  async (job) => {
    const page = await browser.newPage();
    await page.goto(url);
    const found = await page.evaluate(
      async ([options, threaded]) => {
        if (!threaded) return (await import('/run.js')).run(options);
        const worker = new Worker('/worker.js', { type: 'module' });
        return new Promise((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = (event) => reject(new Error(event.message));
          worker.postMessage(options);
        });
      },
      [job, inWorker],
    );
    await page.close();
    return found;
  };

const part = 'handles';
const ns = (value) => `${value.toFixed(1)} ns`;
const ratio = (what, host, entry, bar, unit = 'Embind', who = 'bufgc') => ({
  part,
  what: `${what}, ${host}`,
  value: entry[who],
  text: ns(entry[who]),
  bars: [atMost(unit, entry[who] / entry.peer, bar)],
  beside: ns(entry.peer),
});

function costRows(host, { pair, alive, finalized, scope }) {
  return [
    ratio('create + dispose', host, pair, 1 / 15),
    ratio('create + dispose, visualizer on', host, pair, 1 / 8, 'Embind', 'watched'),
    ratio('5,000 alive, then disposed', host, alive, 1 / 8),
    ratio('create, drop, finalized', host, finalized, 1 / 3),
    ratio('scope of 10 temporaries', host, scope, 1, 'malloc and a Set'),
  ];
}

async function pressureRows(host, run, quick) {
  const waiting = { count: quick ? 2_000 : 10_000, nbytes: 16 * MiB, budgetBytes: 256 * MiB };
  const loop = { count: quick ? 5_000 : 100_000, nbytes: MiB, budgetBytes: 64 * MiB };
  const dropped = await run({ what: 'dropWaiting', ...waiting });
  const plain = await run({ what: 'dropPlain', count: 500, nbytes: waiting.nbytes });
  const turns = await run({ what: 'dropInTurns', ...loop });
  const allCame = dropped.allocations === waiting.count && dropped.live === 0;
  return [
    {
      part,
      what: `${waiting.count} × 16 MiB dropped under 256 MiB, ${host}`,
      value: dropped.us,
      unit: ' µs each',
      bars: [
        holds('all succeed and are released', allCame),
        holds('reserved within the budget', dropped.peakReserved <= waiting.budgetBytes),
        atMost('Float32Array', dropped.us / plain, 1),
      ],
      beside: `${plain.toFixed(1)} µs`,
    },
    {
      part,
      what: `alloc of 1 MiB dropped a turn, ${loop.count} turns under 64 MiB, ${host}`,
      value: turns.us,
      unit: ' µs a turn',
      bars: [holds('no throw', turns.thrown === 0), holds('live returns to 0', turns.live === 0)],
    },
  ];
}

const firstRow = (host, { bufgc, peer }) => ({
  part,
  what: `import to the first buffer, ${host}`,
  value: bufgc,
  unit: ' ms',
  beside: `Embind ${peer.toFixed(1)} ms`,
});

export async function handleRows({ quick, log }) {
  const folder = layOut();
  const server = await servePage(0, join(folder, 'index.html'));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const plain = await startChromium();
  const exposed = await startChromium(['--js-flags=--expose-gc']);
  try {
    const node = inNode(folder);
    const job = { what: 'handles', rounds: quick ? 3 : 7, pairs: quick ? 10_000 : 100_000 };
    const rows = [...costRows('Node', node(job, '--expose-gc'))];
    rows.push(...costRows('Chromium', await inPage(exposed, url)(job)));
    for (const [host, run] of [
      ['Node', node],
      ['page', inPage(plain, url)],
      ['worker', inPage(plain, url, true)],
    ]) {
      log(`handles: pressure, ${host}`);
      rows.push(...(await pressureRows(host, run, quick)));
    }
    rows.push(...packageSizeRows(part), firstRow('Node', node({ what: 'first' })));
    rows.push(firstRow('page', await inPage(plain, url)({ what: 'first' })));
    return rows;
  } finally {
    await plain.close();
    await exposed.close();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  }
}
