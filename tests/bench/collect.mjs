// The rows of collect(): its cost a buffer beside CPython's collector, in rounds by turns.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { top } from './paths.mjs';
import { least } from './rounds.mjs';
import { atMost, time } from './rows.mjs';

const counts = ['10000', '100000', '1000000'];

export function collectRows({ quick }) {
  const programs = {
    bufgc: [join(top, '.build/native/tests/bench/bench_collect')],
    python: ['/usr/bin/python3', join(top, 'tests/bench/collect_bench.py')],
  };
  const runs = { bufgc: [], python: [] };
  for (let round = 0; round < (quick ? 1 : 3); round += 1) {
    for (const [name, [command, ...before]] of Object.entries(programs)) {
      runs[name].push(JSON.parse(execFileSync(command, [...before, ...counts], { encoding: 'utf8' })));
    }
  }
  const best = (name, index, field) => least(runs[name].map((run) => run[index][field]));
  return counts.flatMap((count, index) =>
    [
      ['live_ns', 'live'],
      ['dead_ns', 'dead'],
    ].map(([field, what]) => {
      const [own, python] = [best('bufgc', index, field), best('python', index, field)];
      return {
        part: 'collect()',
        what: `each ${what} of ${Number(count).toLocaleString('en')}`,
        value: own,
        text: time(own),
        bars: [atMost('CPython', own / python, 0.5)],
        beside: `CPython ${time(python)}`,
      };
    }),
  );
}
