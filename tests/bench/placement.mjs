// The rows of placement: what fits at a tight budget, and how far the reserve passes the live bytes.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { top } from './paths.mjs';
import { hosts, optionOf, runReplay, traces, unpack } from './replays.mjs';
import { peers, preload } from './rounds.mjs';
import { atMost, holds, notRun } from './rows.mjs';

/** minimalloc's problems add up to 1 MiB; the other two would not fit WebAssembly's memory when scaled. */
const scaleOf = (host, name) =>
  name.startsWith('planning/') && (host === 'native' || name.includes('minimalloc')) ? '256' : '1';
/** WebAssembly's memory ends there: what is live beyond it fits no budget, and no scale is less than 1. */
const wasmBytes = 2 ** 32;
const groups = {
  minimalloc: (name) => name.includes('minimalloc'),
  SOMAS: (name) => name.includes('somas'),
  IOPDDL: (name) => name.includes('iopddl'),
  tinygrad: (name) => name.startsWith('tinygrad/'),
};
const everyTrace = () => ['planning', 'tinygrad', 'pytorch'].flatMap(traces);
const short = (name) => name.replace(/^.*\//, '').replace(/(\.gz|\.csv|\.ndjson|\.pickle)+$/, '');
const absent = (part) => [notRun(part, '', 'no shared traces')];

/** Every trace at its budget; one that cannot be read or does not end well is named. */
export function fitRows() {
  const names = everyTrace();
  if (names.length === 0) return absent('what fits, fits');
  return Object.keys(hosts).flatMap((host) =>
    ['planning', 'tinygrad', 'pytorch'].map((folder) => {
      const budget = host === 'native' && folder === 'tinygrad' ? '1.06x' : '1.02x';
      const failures = [];
      const beyond = [];
      const inside = names.filter((name) => name.startsWith(`${folder}/`));
      for (const name of inside) {
        const found = runReplay(host, [unpack(name)], '--scale', scaleOf(host, name), '--budget', budget);
        const [trace] = found.traces;
        if (host === 'wasm' && trace?.max_live_bytes > wasmBytes)
          beyond.push(`${short(name)}: ${(trace.max_live_bytes / 2 ** 30).toFixed(2)} GiB live in a memory of 4 GiB`);
        else if (trace === undefined) failures.push(`${short(name)}: not run`);
        else if ('failed_at_event' in trace)
          failures.push(`${short(name)}: event ${trace.failed_at_event} of ${trace.events}`);
        else if (found.status !== 0) failures.push(`${short(name)}: status ${found.status}`);
      }
      return {
        part: 'what fits, fits',
        what: `${folder} at ${budget}, ${host}`,
        value: inside.length - failures.length - beyond.length,
        text: `${inside.length - failures.length - beyond.length} of ${inside.length}`,
        bars: [holds(beyond.length > 0 ? 'all that 4 GiB hold succeed' : 'all succeed', failures.length === 0)],
        beside: [...failures, ...beyond].join('; '),
      };
    }),
  );
}

/** Peak reserved ÷ max live of a group: the mean, and each. */
function ratios(host, group, options) {
  const names = everyTrace().filter(groups[group]);
  const each = names.map((name) => {
    const [trace] = runReplay(host, [unpack(name)], '--scale', scaleOf(host, name), ...options).traces;
    return trace === undefined || 'failed_at_event' in trace ? { name, ratio: Number.NaN } : { name, ...trace };
  });
  return { each, mean: each.reduce((sum, { ratio }) => sum + ratio, 0) / each.length };
}

function ratioRow(part, what, { each, mean }, limit) {
  const worst = Math.max(...each.map(({ ratio }) => ratio));
  // minimalloc is held to its mean, the others trace by trace.
  const value = each.some(({ name }) => groups.minimalloc(name)) ? mean : worst;
  const moved = each.reduce((sum, { moved_bytes: bytes = 0 }) => sum + bytes, 0);
  return {
    part,
    what,
    value,
    text: value.toFixed(3),
    bars: [atMost('max live', value, limit)],
    beside: [
      ...each.map(({ name, ratio }) => `${short(name)} ${ratio.toFixed(3)}`),
      ...(moved > 0 ? [`moved ${(moved / 2 ** 20).toFixed(0)} MiB`] : []),
    ].join(', '),
  };
}

/** What the peers came to occupy in minimalloc's traces, every page touched. */
function peersRow(scale) {
  const names = traces('planning').filter(groups.minimalloc);
  const mean = (allocator) => {
    const program = join(top, '.build/native/tests/bench/bench_peak');
    const kind = allocator === 'bufgc' || allocator === 'pmr' ? allocator : 'malloc';
    const found = names.map((name) => {
      const env = { ...process.env, ...preload(allocator) };
      const result = JSON.parse(execFileSync(program, [kind, scale, unpack(name)], { encoding: 'utf8', env }));
      return result.peak_bytes / result.max_live_bytes;
    });
    return found.reduce((sum, ratio) => sum + ratio, 0) / found.length;
  };
  const own = mean('bufgc');
  return {
    part: 'peak resident ÷ max live',
    what: 'minimalloc mean, touched',
    value: own,
    text: own.toFixed(3),
    beside: peers.map((peer) => `${peer} ${mean(peer).toFixed(3)}`).join(', '),
  };
}

export function peakRows({ quick }) {
  const part = 'peak reserved ÷ max live';
  if (everyTrace().length === 0) return absent(part);
  const row = (host, group, limit) => ratioRow(part, `${group}, ${host}`, ratios(host, group, []), limit);
  const compact = optionOf('wasm', 'compact');
  return [
    row('native', 'minimalloc', 1.1),
    peersRow(quick ? '64' : '256'),
    compact === undefined
      ? notRun(part, 'minimalloc, wasm, no compaction', '`bufgc replay` has no option for it')
      : ratioRow(part, 'minimalloc, wasm, no compaction', ratios('wasm', 'minimalloc', [compact]), 1.6),
    row('wasm', 'minimalloc', 1.1),
    ...['native', 'wasm'].flatMap((host) => [
      row(host, 'SOMAS', 1.01),
      row(host, 'IOPDDL', 1.01),
      row(host, 'tinygrad', 1.05),
    ]),
  ];
}

/** The planned mode: offsets found offline, within 5 s a trace. */
export function plannedRows() {
  const part = 'planned mode';
  if (everyTrace().length === 0) return absent(part);
  const planned = optionOf('native', 'planned');
  if (planned === undefined) return [notRun(part, '', '`bufgc replay` has no --planned')];
  // The whole command within 5 s: reading, planning and the replay.
  const limit = optionOf('native', 'plan-seconds');
  const options = limit === undefined ? [planned] : [planned, limit, '4.5'];
  const row = (host, group) => {
    let slowest = 0;
    const each = everyTrace()
      .filter(groups[group])
      .map((name) => {
        const from = performance.now();
        const [trace] = runReplay(host, [unpack(name)], '--scale', scaleOf(host, name), ...options).traces;
        slowest = Math.max(slowest, performance.now() - from);
        return { name, ratio: Number.NaN, ...trace };
      });
    const mean = each.reduce((sum, { ratio }) => sum + ratio, 0) / each.length;
    const found = ratioRow(part, `${group}, ${host}`, { each, mean }, group === 'minimalloc' ? 1.1 : 1.01);
    found.bars.push(holds(`${(slowest / 1000).toFixed(1)} s at most`, slowest <= 5000));
    return found;
  };
  return Object.keys(hosts).flatMap((host) => ['minimalloc', 'SOMAS', 'IOPDDL'].map((group) => row(host, group)));
}
