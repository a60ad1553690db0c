// Runs the native tests against every mutant of one build, side by side: node judge.mjs FOLDER JOBS
// A mutant is noticed when a program fails, crashes, or takes far longer than it does without one.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const [folder, jobs] = process.argv.slice(2);
const mutants = JSON.parse(readFileSync(`${folder}/source/mutants.json`, 'utf8'));
const rooms = ['memory', 'buffer', 'viz', 'trace'];

/** How one room's tests end: whether they passed, and in what time. */
const run = (room, mutant, limit_ms) =>
  new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(`${folder}/build/tests/native/bufgc_test_${room}`, ['--abort', '--use-colour', 'no'], {
      env: { ...process.env, BUFGC_MUTANT: String(mutant) },
      stdio: 'ignore',
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), limit_ms);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ passed: code === 0, ms: Date.now() - started });
    });
  });

const usual = {};
for (const room of rooms) {
  const { passed, ms } = await run(room, 0, 600_000);
  if (!passed) throw new Error(`the tests of ${room} fail without a mutant`);
  usual[room] = ms;
}
console.log(`without a mutant: ${rooms.map((room) => `${room} ${(usual[room] / 1000).toFixed(1)} s`).join(', ')}`);

/** The room that notices the mutant: its own is asked first. */
async function judge(mutant) {
  const own = mutant.file.split('/')[2];
  for (const room of [...rooms].sort((a, b) => (b === own) - (a === own))) {
    const { passed } = await run(room, mutant.number, 4 * usual[room] + 10_000);
    if (!passed) return room;
  }
  return undefined;
}

const waiting = [...mutants];
const missed = [];
let noticed = 0;
await Promise.all(
  Array.from({ length: Number(jobs) }, async () => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      if ((await judge(mutant)) === undefined) {
        missed.push(mutant);
        console.log(`not noticed: ${mutant.file}:${mutant.line}: ${mutant.kind}: ${mutant.was.replace(/\s+/g, ' ')}`);
      } else {
        noticed++;
      }
    }
  }),
);
writeFileSync(`${folder}/missed.json`, JSON.stringify(missed, null, 1));
console.log(`${noticed} of ${mutants.length} mutants noticed (${((100 * noticed) / mutants.length).toFixed(1)} %)`);
process.exitCode = noticed >= 0.9 * mutants.length ? 0 : 1;
