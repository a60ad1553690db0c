// Runs the native tests against every mutant, side by side: node judge.mjs FOLDER JOBS
// First each test case runs alone and tells which mutants' places it comes to; a mutant is then shown to those that
// come to its own, the quick ones first. It is noticed when one fails, crashes, or takes far longer than without it.
// What passes one round of `rounds` is judged again by the next.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

const [folder, jobs] = process.argv.slice(2);
const mutants = JSON.parse(readFileSync(`${folder}/source/mutants.json`, 'utf8'));
const rooms = ['memory', 'buffer', 'viz', 'trace', 'proof'];
/** As after a test of several threads, from where on the core takes its longer ways. */
const after_threads = { BUFGC_THREADS: '1' };
const rounds = [
  { build: 'debug' },
  { build: 'debug', mode: after_threads },
  { build: 'plain' },
  { build: 'plain', mode: after_threads },
  { build: 'asan' },
  { build: 'tsan', tag: '[threads]' }, // it has nothing to see where only one thread runs
];

/** A program's exit status (undefined: it took longer than its limit), output and time. */
const run = (build, room, words, environment, limit_ms) =>
  new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(`${folder}/${build}/tests/native/bufgc_test_${room}`, words, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true, // a group of its own, which ends as a whole: some tests have children
    });
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      process.kill(-child.pid, 'SIGKILL');
    }, limit_ms);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status: late ? undefined : (status ?? signal), text, ms: Date.now() - started });
    });
  });

/** As many of `work` at a time as there are jobs, in their order. */
async function sideBySide(work, each) {
  const waiting = [...work];
  await Promise.all(
    Array.from({ length: Number(jobs) }, async (_, job) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await each(next, job);
    }),
  );
}

/** The words that have a program run these test cases and no others. */
const only = (names) => [
  names.map((name) => name.replace(/[\\,[\]]/g, '\\$&')).join(','),
  '--abort',
  '--use-colour',
  'no',
];

/** What a build's test cases take without a mutant, and which places they come to: [{ room, name, ms, reached }]. */
async function survey({ build, mode, tag = '' }) {
  const all = [];
  for (const room of rooms) {
    const { text } = await run(build, room, [`${tag}~[.]`, '--list-test-names-only'], {}, 60_000);
    for (const name of text.split('\n').filter(Boolean)) all.push({ room, name });
  }
  await sideBySide(all, async (test, job) => {
    const reached = `${folder}/reached.${job}`;
    writeFileSync(reached, new Uint8Array(mutants.length + 1));
    const { status, ms } = await run(
      build,
      test.room,
      only([test.name]),
      { ...mode, BUFGC_REACHED: reached },
      1_200_000,
    );
    if (status !== 0) throw new Error(`without a mutant fails: ${test.room}: ${test.name}`);
    test.ms = ms;
    test.reached = readFileSync(reached);
    rmSync(reached);
  });
  return all;
}

/** The room whose tests fail for the mutant, and how they end; undefined when all of `tests` pass. */
async function noticed({ build, mode }, tests, mutant) {
  let least_ms = 0;
  for (const most_ms of [50, 500, 5000, Number.POSITIVE_INFINITY]) {
    for (const room of rooms) {
      const those = tests.filter((test) => test.room === room && test.ms >= least_ms && test.ms < most_ms);
      if (those.length === 0) continue;
      const limit_ms = 20_000 + 4 * those.reduce((sum, test) => sum + test.ms, 0);
      const names = those.map((test) => test.name);
      const environment = { ...mode, BUFGC_MUTANT: `${mutant.number}` };
      const { status } = await run(build, room, only(names), environment, limit_ms);
      if (status !== 0) return `${room}, ${status === undefined ? 'late' : status}`;
    }
    least_ms = most_ms;
  }
  return undefined;
}

const started = Date.now();
const tell = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(0)} s: ${text}`);
const describe = ({ number, file, line, kind, was }) =>
  `${number}: ${file}:${line}: ${kind}: ${was.replace(/\s+/g, ' ')}`;

let left = mutants;
for (const round of rounds) {
  const tests = await survey(round);
  const seconds = (tests.reduce((sum, test) => sum + test.ms, 0) / 1000).toFixed(0);
  tell(`${round.build} build${round.mode ? ', after threads' : ''}: ${tests.length} test cases, ${seconds} s`);
  const passed = [];
  await sideBySide(left, async (mutant) => {
    const coming = tests.filter((test) => test.reached[mutant.number] !== 0);
    mutant.reached ||= coming.length > 0;
    const by = await noticed(round, coming, mutant);
    if (by === undefined) passed.push(mutant);
    tell(`${by === undefined ? `passes ${coming.length} test cases` : `noticed (${by})`}: ${describe(mutant)}`);
  });
  tell(`${left.length - passed.length} of ${left.length} noticed`);
  left = passed.sort((a, b) => a.number - b.number);
}
for (const mutant of left) console.log(`${mutant.reached ? 'not noticed' : 'no test comes here'}: ${describe(mutant)}`);
const sum = mutants.length - left.length;
console.log(`${sum} of ${mutants.length} mutants noticed (${((100 * sum) / mutants.length).toFixed(1)} %)`);
process.exitCode = sum >= 0.9 * mutants.length ? 0 : 1;
