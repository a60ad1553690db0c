// Measures the npm package: node tests/bench/replay.mjs [--json]
//   create+dispose of a small buffer, and recorded traces replayed through gc.alloc and dispose, with the
//   visualizer off and on, side by side. The least of several alternating rounds: what disturbs can only add.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { load, packageDir } from '../js/package.mjs';
import { readTrace, replay } from '../js/traces.mjs';

const traces = ['mlp_train_noplan_long', 'mlp_jit', 'gpt_generate_noplan', 'eager_churn'];
const rounds = 15;

const least = (values) => Math.min(...values);

function nsPerCall(count, call) {
  const start = performance.now();
  for (let i = 0; i < count; i += 1) call(i);
  return ((performance.now() - start) * 1e6) / count;
}

async function createAndDispose(options, spec) {
  const gc = await load(options);
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    samples.push(nsPerCall(20_000, () => gc.alloc(spec).dispose()));
    await gc.drain();
  }
  gc.close();
  return least(samples);
}

/** Nanoseconds per event of one replay. What it leaves alive is disposed. */
function replayOnce(gc, events) {
  const start = performance.now();
  const alive = replay(gc, events);
  const ns = ((performance.now() - start) * 1e6) / events.length;
  for (const buffer of alive.values()) buffer.dispose();
  return ns;
}

async function replayBothWays(events) {
  const off = await load();
  const on = await load({ visualizer: true });
  const samples = { off: [], on: [] };
  let stats;
  for (let round = 0; round < rounds; round += 1) {
    samples.off.push(replayOnce(off, events));
    stats ??= off.stats();
    await off.drain();
    samples.on.push(replayOnce(on, events));
    on.visualizer.clear();
    await on.drain();
  }
  off.close();
  on.close();
  return { off: least(samples.off), on: least(samples.on), stats };
}

const gzip = (file) => gzipSync(readFileSync(join(packageDir, file)), { level: 9 }).length;
const report = {
  package_gzip_bytes: gzip('index.js') + gzip('bufgc.wasm'),
  create_dispose_ns: await createAndDispose({}, 1024),
  create_dispose_spec_ns: await createAndDispose({}, { shape: [16, 16], dtype: 'float32', label: 'activation' }),
  create_dispose_visualizer_ns: await createAndDispose({ visualizer: true }, 1024),
  traces: [],
};
for (const trace of traces) {
  const events = readTrace(trace);
  if (events === null) break;
  const { off, on, stats } = await replayBothWays(events);
  report.traces.push({
    trace,
    events: events.length,
    ns_per_event: off,
    events_per_second: Math.round(1e9 / off),
    visualizer_ns_per_event: on,
    visualizer_on_over_off: on / off,
    max_live_bytes: stats.peak_live_bytes,
    peak_reserved_bytes: stats.peak_reserved_bytes,
  });
}
if (process.argv.includes('--json')) {
  console.log(JSON.stringify(report));
} else {
  console.log(`package: ${report.package_gzip_bytes} bytes gzip`);
  console.log(
    `create+dispose: ${report.create_dispose_ns.toFixed(0)} ns; with shape, dtype and label: ${report.create_dispose_spec_ns.toFixed(0)} ns; visualizer on: ${report.create_dispose_visualizer_ns.toFixed(0)} ns`,
  );
  console.table(report.traces);
}
