// Runs the allocation programs in turn, each in a process of its own, and keeps every sample.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './paths.mjs';

const programs = join(top, '.build/native/tests/bench');
const preloads = { mimalloc: 'libmimalloc.so.2.0', jemalloc: 'libjemalloc.so.2', tcmalloc: 'libtcmalloc_minimal.so.4' };

/** Where a Debian machine keeps a shared library. */
function library(name) {
  const folders = readdirSync('/usr/lib').filter((folder) => folder.endsWith('-linux-gnu'));
  const found = folders.map((folder) => join('/usr/lib', folder, name)).find(existsSync);
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

/** How to run `program` with `allocator` behind malloc: the environment to add. */
export const preload = (allocator) => (allocator in preloads ? { LD_PRELOAD: library(preloads[allocator]) } : {});

const program = { bufgc: 'bench_bufgc', pmr: 'bench_pools', floor: 'bench_free_list', mapping: 'bench_mapping' };
/** A page that the machine's host never backed costs many times one that it did: more tries find the latter. */
const processesOf = (group) => (group === 'first_touch' ? 5 : 1);
const ofThreads = new Set(['freed_elsewhere', 'independent']);
export const peers = ['glibc', 'mimalloc', 'jemalloc', 'tcmalloc', 'pmr'];

/**
 * One process: nanoseconds by case. A case of two threads tells wall time, the others processor time. Wall
 * time counts whatever else the machine does, so such a case is repeated, in the hope of quiet moments.
 */
function runOnce(allocator, group, seconds) {
  const output = execFileSync(
    join(programs, program[allocator] ?? 'bench_malloc'),
    [
      '--benchmark_format=json',
      `--benchmark_filter=^${group}/`,
      `--benchmark_min_time=${ofThreads.has(group) ? 0.05 : seconds}`, // many turns of the scheduler
      `--benchmark_repetitions=${ofThreads.has(group) ? 5 : 1}`,
    ],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...preload(allocator) },
    },
  );
  const start = output.indexOf('{'); // an unmatched filter is told in words
  if (start < 0) return [];
  const found = JSON.parse(output.slice(start)).benchmarks.filter(({ run_type }) => run_type === 'iteration');
  return found.map((run) => {
    const [name, argument] = run.name.split('/');
    // Google Benchmark divides by the rounds of all threads; a round of one thread is meant.
    const ns = run.threads > 1 ? run.real_time * run.threads : run.cpu_time;
    return [`${name}/${argument}`, ns];
  });
}

/**
 * Samples of each case of `groups`, by allocator: Map<case, Map<allocator, number[]>>. The allocators of
 * a group take turns within a round, in an order that rotates; one that needs more than 4 s for a
 * group is not asked for that group again.
 */
export function measureRounds(groups, allocatorsOf, { rounds, seconds, log = () => {} }) {
  const samples = new Map();
  const slow = new Set();
  for (let round = 0; round < rounds; round += 1) {
    log(`round ${round + 1} of ${rounds}`);
    for (const group of groups) {
      const allocators = allocatorsOf(group);
      for (let i = 0; i < allocators.length; i += 1) {
        const allocator = allocators[(i + round) % allocators.length];
        if (slow.has(`${allocator} ${group}`)) continue;
        const from = performance.now();
        const found = Array.from({ length: processesOf(group) }, () => runOnce(allocator, group, seconds)).flat();
        for (const [name, ns] of found) {
          if (!samples.has(name)) samples.set(name, new Map());
          const times = samples.get(name);
          if (!times.has(allocator)) times.set(allocator, []);
          times.get(allocator).push(ns);
        }
        if (performance.now() - from > 4000) slow.add(`${allocator} ${group}`);
      }
    }
  }
  return samples;
}

export const least = (values) => Math.min(...values);
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
