// Counts the instructions of the fast paths under valgrind and compares them with instructions.json, so that
// a slowdown cannot hide in noise: node tests/bench/instructions.mjs [--record]
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './paths.mjs';

const file = join(top, 'tests/bench/instructions.json');
const program = join(top, '.build/native/tests/bench/bench_instructions');
const paths = ['pair', 'step', 'buffer', 'watched_buffer'];
const rounds = 1024;
const tolerance = 0.02;

function count(path) {
  const ran = spawnSync(
    'valgrind',
    [
      '--tool=callgrind',
      '--callgrind-out-file=/dev/null',
      '--collect-atstart=no',
      '--toggle-collect=*measured*',
      program,
      path,
      `${rounds}`,
    ],
    {
      encoding: 'utf8',
      // The C library chooses its memset and memcpy by the processor; here the same everywhere.
      env: { ...process.env, GLIBC_TUNABLES: 'glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM' },
    },
  );
  const found = /Collected : (\d+)/.exec(ran.stderr ?? '');
  if (found === null || found[1] === '0') throw new Error(`${path}: ${ran.error ?? ran.stderr}`);
  return Number(found[1]) / rounds;
}

execFileSync(join(top, '.ci/build'), ['instructions'], { stdio: 'inherit' });
const ask = (option) => execFileSync('c++', [option], { encoding: 'utf8' }).trim();
const machine = `${ask('-dumpmachine')}, compiler ${ask('-dumpversion')}`;
const found = Object.fromEntries(paths.map((path) => [path, Number(count(path).toFixed(1))]));
if (process.argv.includes('--record')) {
  writeFileSync(file, `${JSON.stringify({ compiler: machine, instructions: found }, null, 2)}\n`);
  console.log(`recorded ${JSON.stringify(found)}`);
  process.exit(0);
}
const recorded = JSON.parse(readFileSync(file, 'utf8'));
if (recorded.compiler !== machine) {
  console.log(`skipped: the figures are for ${recorded.compiler}, this is ${machine}: ${JSON.stringify(found)}`);
  process.exit(0);
}
let differs = false;
for (const path of paths) {
  const [is, was] = [found[path], recorded.instructions[path]];
  const verdict =
    is > was * (1 + tolerance)
      ? 'MORE'
      : is < was * (1 - tolerance)
        ? 'fewer, which is good: record it'
        : 'as recorded';
  differs ||= verdict !== 'as recorded';
  console.log(`${path}: ${is} instructions, ${was} recorded: ${verdict}`);
}
if (differs) {
  console.log('Where the change is meant: node tests/bench/instructions.mjs --record, and commit instructions.json.');
  process.exit(1);
}
