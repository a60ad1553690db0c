// The lab's workloads on the real package, driven as the page's worker drives them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { packDigits } from '../../web/samples/make.mjs';
import { labModule, webFolder } from './lab-modules.mjs';
import { annexBytes, load, MiB, turn, wasmBytes } from './package.mjs';

const { LabHost } = await labModule('lab-host');
const { catalogue, initialOptions } = await labModule('catalogue');
const { WORKLOADS } = await labModule('protocol');

const digits = new Uint8Array(packDigits());
const folder = join(webFolder, 'samples');
const samples = JSON.parse(readFileSync(join(folder, 'samples.json'), 'utf8')).map((sample) => ({
  ...sample,
  bytes: new Uint8Array(readFileSync(join(folder, sample.file))),
}));
const wasm = new Uint8Array(wasmBytes());
const annex = new Uint8Array(annexBytes());

/** A lab without a page: collects what the worker would post. */
class TestLab {
  reports = [];
  events = '';
  #waiting = [];
  host = new LabHost({ load, turn, post: (report) => this.#heard(report) });

  #heard(report) {
    if (report.type === 'trace') this.events = '';
    if (report.type === 'frame' && report.events) {
      this.events += new TextDecoder().decode(report.events);
      void this.host.handle({ type: 'taken' });
    }
    this.reports.push(report);
    this.#waiting = this.#waiting.filter(({ holds, resolve }) => !holds(report) || resolve(report));
  }

  static async open(workload, settings = {}, options = {}) {
    const lab = new TestLab();
    await lab.host.handle({ type: 'init', wasm: gzipSync(wasm), annex: gzipSync(annex), digits, samples });
    const info = catalogue.get(workload);
    await lab.host.handle({
      type: 'open',
      workload,
      settings: {
        seed: 7,
        release: info.releases[0],
        visualizer: true,
        cache: true,
        budgetBytes: info.budgetBytes,
        pace: 0,
        ...settings,
      },
      options: { ...initialOptions(workload), ...options },
    });
    return lab;
  }

  until(holds) {
    return new Promise((resolve) => this.#waiting.push({ holds, resolve }));
  }
  send(command) {
    return this.host.handle(command);
  }
  async runUntil(holds) {
    const met = this.until((report) => holds(report) || (report.type === 'status' && report.status === 'failed'));
    await this.send({ type: 'start' });
    await met;
    await this.send({ type: 'pause' });
  }
  async steps(count) {
    for (let i = 0; i < count; i++) await this.send({ type: 'step' });
  }
  get frames() {
    return this.reports.filter(({ type }) => type === 'frame');
  }
  get last() {
    return this.frames.at(-1);
  }
  get outputs() {
    return this.frames.map(({ output }) => output);
  }
  get status() {
    return this.reports.filter(({ type }) => type === 'status').at(-1);
  }
  lines() {
    return this.events
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }
  /** Ends it: a pause, so that nothing runs on. */
  async close() {
    await this.send({ type: 'pause' });
  }
}

/** Labels of what the events leave alive, by id; an id is born once. */
function aliveIn(lines) {
  const alive = new Map();
  for (const { op, id, label } of lines) {
    if (op === 'alloc') {
      assert.ok(!alive.has(id), `${id} is born once`);
      alive.set(id, label);
    } else if (op === 'free') {
      assert.ok(alive.delete(id), `${id} was alive`);
    }
  }
  return alive;
}

const accuracyOf = (lab) => lab.outputs.flatMap(({ accuracies }) => accuracies).at(-1)?.[1] ?? 0;
const lossesOf = (lab) => lab.outputs.flatMap(({ losses }) => losses).map(([, loss]) => loss);

describe('training on digits', () => {
  test('the network learns real digits: over 85 % of unseen ones after 300 batches, and the loss falls', async () => {
    const lab = await TestLab.open('digits');
    await lab.runUntil((report) => report.type === 'frame' && report.figures.steps >= 300);
    const losses = lossesOf(lab);
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(accuracyOf(lab) > 0.85, `accuracy ${accuracyOf(lab)}`);
    assert.ok(mean(losses.slice(-50)) < 0.4 * mean(losses.slice(0, 20)));
    await lab.close();
  });

  test('the same seed gives the same losses, another seed others', async () => {
    const run = async (seed) => {
      const lab = await TestLab.open('digits', { seed });
      await lab.steps(25);
      await lab.close();
      return lossesOf(lab);
    };
    const first = await run(3);
    assert.equal(first.length, 25);
    assert.deepEqual(await run(3), first);
    assert.notDeepEqual(await run(4), first);
  });

  test('who releases changes nothing in what is computed', async () => {
    const run = async (release) => {
      const lab = await TestLab.open('digits', { release });
      await lab.steps(22);
      await lab.close();
      return lossesOf(lab);
    };
    const byHand = await run('hand');
    assert.deepEqual(await run('scope'), byHand);
    assert.deepEqual(await run('gc'), byHand);
  });

  test('with the GC alone, training goes on within a small budget', async () => {
    const budgetBytes = 24 * MiB;
    const lab = await TestLab.open('digits', { release: 'gc', budgetBytes });
    await lab.runUntil((report) => report.type === 'frame' && report.figures.steps >= 200);
    assert.equal(lab.status.status, 'paused', lab.status.message);
    const { stats } = lab.last;
    assert.ok(stats.total_allocated_bytes > 3 * budgetBytes);
    assert.ok(stats.peak_reserved_bytes <= budgetBytes);
    assert.ok(stats.finalized_buffers > 1000);
    await lab.close();
  });

  for (const release of ['hand', 'scope']) {
    test(`released by ${release}, only what lasts is alive between steps`, async () => {
      const lab = await TestLab.open('digits', { release });
      const before = lab.last.stats.live_buffers;
      await lab.steps(41);
      assert.equal(lab.last.stats.live_buffers, before);
      assert.equal(before, 10, 'pixels, labels, four parameters with their velocities');
      await lab.close();
    });
  }

  test('its events name the tensors, the kernels that read and wrote them, and the phases', async () => {
    const lab = await TestLab.open('digits');
    await lab.steps(20);
    const lines = lab.lines();
    const labels = new Set(lines.filter(({ op }) => op === 'alloc').map(({ label }) => label));
    for (const label of ['fc1.weight', 'fc1.weight.grad', 'batch.x', 'softmax', 'predictions'])
      assert.ok(labels.has(label), label);
    const kernels = new Set(lines.filter(({ op }) => op === 'use').map(({ kernel }) => kernel));
    for (const kernel of ['fc1.linear', 'cross_entropy', 'sgd_momentum']) assert.ok(kernels.has(kernel), kernel);
    const marks = lines.filter(({ op }) => op === 'mark').length;
    assert.equal(marks, 3, 'load digits, epoch 1, evaluate');
    await lab.close();
  });
});

describe('the image pipeline', () => {
  test('the same seed gives the same picture, to the byte', async () => {
    const run = async () => {
      const lab = await TestLab.open('image');
      await lab.steps(3);
      await lab.close();
      return lab.outputs.findLast(({ stages }) => stages).stages.result;
    };
    const first = await run();
    assert.deepEqual([first.width, first.height], [480, 360]);
    assert.ok(new Set(first.pixels).size > 100, 'a picture, not a plane');
    assert.deepEqual(await run(), first);
  });

  test('a picture of the user’s own takes the place of the built-in one', async () => {
    const lab = await TestLab.open('image');
    const pixels = new Uint8ClampedArray(40 * 30 * 4).fill(200);
    await lab.send({ type: 'picture', picture: { width: 40, height: 30, pixels } });
    await lab.steps(1);
    const { stages } = lab.outputs.findLast((output) => output.stages);
    assert.deepEqual([stages.blurred.width, stages.blurred.height], [40, 30]);
    assert.ok(
      stages.blurred.pixels.every((value) => value >= 199 && value <= 201),
      'blurring one grey gives that grey',
    );
    assert.ok(
      stages.edges.pixels.every((value, i) => i % 4 !== 3 || value === 0),
      'and it has no edges',
    );
    assert.equal(lab.last.stats.live_buffers, 1, 'the old source is gone');
    await lab.close();
  });
});

describe('nobody disposes', () => {
  test('ten times the budget passes through, reclaimed by finalizers, and reserved never exceeds it', async () => {
    const budgetBytes = 64 * MiB;
    const lab = await TestLab.open('nobody', { budgetBytes });
    await lab.runUntil((report) => report.type === 'frame' && report.output.droppedBytes > 10 * budgetBytes);
    const { stats, output, figures } = lab.last;
    assert.equal(lab.status.status, 'paused', lab.status.message);
    assert.ok(stats.peak_reserved_bytes <= budgetBytes, `${stats.peak_reserved_bytes} of ${budgetBytes}`);
    assert.equal(stats.disposed_buffers, 0);
    assert.ok(output.reclaimed > 0 && output.reclaimed <= output.dropped);
    assert.equal(figures.reclaimedByGc, output.reclaimed, 'each is told as a leak, once');
    await lab.close();
  });
});

describe('the leak', () => {
  test('the forgetful index keeps every thumbnail that was evicted, beside traffic that is released', async () => {
    const lab = await TestLab.open('leak');
    await lab.steps(200);
    const { output, stats } = lab.last;
    assert.equal(output.believedEntries, 24);
    assert.ok(output.aliveEntries > 100);
    assert.equal(stats.live_buffers, output.aliveEntries);
    assert.equal(stats.live_bytes, output.aliveBytes);
    const alive = aliveIn(lab.lines());
    assert.equal(alive.size, output.aliveEntries);
    assert.deepEqual(new Set(alive.values()), new Set(['cache.thumbnail']), 'the alive view names it');
    await lab.close();
  });

  test('mended, the cache keeps what it believes it keeps', async () => {
    const lab = await TestLab.open('leak', {}, { index: 'mended' });
    await lab.steps(200);
    assert.equal(lab.last.output.aliveEntries, 24);
    assert.equal(lab.last.output.aliveBytes, lab.last.output.believedBytes);
    assert.equal(lab.last.stats.live_buffers, 24);
    await lab.close();
  });

  test('at the budget it stops with an error that says so', async () => {
    const lab = await TestLab.open('leak', { budgetBytes: 8 * MiB });
    await lab.runUntil(() => false);
    assert.equal(lab.status.status, 'failed');
    assert.match(lab.status.message, /no room .* budget of 8 MiB/);
    await lab.close();
  });
});

describe('the replay', () => {
  for (const { name } of samples) {
    test(`${name}: what is alive at the end is what the recording left alive`, async () => {
      const lab = await TestLab.open('replay', {}, { sample: name, speed: '100' });
      await lab.runUntil(({ type, status }) => type === 'status' && status === 'finished');
      const { output, stats } = lab.last;
      assert.equal(output.events, output.totalEvents);
      const alive = new Map();
      const { gunzipSync } = await import('node:zlib');
      const sample = samples.find((candidate) => candidate.name === name);
      for (const line of gunzipSync(sample.bytes).toString().trim().split('\n')) {
        const event = JSON.parse(line);
        if (event.op === 'alloc') alive.set(event.id, event.size);
        else if (event.op === 'free') alive.delete(event.id);
      }
      assert.equal(stats.live_buffers, alive.size);
      assert.equal(
        stats.live_bytes,
        [...alive.values()].reduce((sum, size) => sum + size, 0),
      );
      await lab.close();
    });
  }
});

describe('the host', () => {
  test('pause really pauses: no step is taken and no event sent afterwards', async () => {
    const lab = await TestLab.open('digits');
    await lab.runUntil((report) => report.type === 'frame' && report.figures.steps > 5);
    const { steps } = lab.last.figures;
    const reports = lab.reports.length;
    for (let i = 0; i < 50; i++) await turn();
    assert.equal(lab.reports.length, reports);
    await lab.send({ type: 'step' });
    assert.equal(lab.last.figures.steps, steps + 1);
    await lab.close();
  });

  test('with the visualizer off nothing is told; on again, the live trace catches up to the buffer', async () => {
    const lab = await TestLab.open('leak');
    await lab.steps(30);
    await lab.send({ type: 'settings', settings: { visualizer: false } });
    const sent = lab.events;
    await lab.steps(10);
    assert.equal(lab.events, sent);
    await lab.send({ type: 'settings', settings: { visualizer: true } });
    assert.deepEqual(aliveIn(lab.lines()).size, lab.last.stats.live_buffers);
    await lab.close();
  });

  test('a live trace begun again lists what is alive as born, once', async () => {
    const lab = await TestLab.open('leak');
    await lab.steps(30);
    await lab.send({ type: 'retrace' });
    const born = lab.lines().filter(({ op }) => op === 'alloc');
    assert.equal(born.length, lab.last.stats.live_buffers);
    assert.equal(aliveIn(lab.lines()).size, born.length);
    await lab.steps(30);
    assert.equal(aliveIn(lab.lines()).size, lab.last.stats.live_buffers);
    await lab.close();
  });

  test('with three frames unanswered the workload waits, and goes on when they are taken', async () => {
    const lab = await TestLab.open('leak');
    let answering = false;
    let untaken = 0;
    const host = new LabHost({
      load,
      turn,
      post: (report) => {
        if (report.type !== 'frame' || !report.events) return;
        untaken++;
        if (answering) void host.handle({ type: 'taken' });
      },
    });
    await host.handle({ type: 'init', wasm: gzipSync(wasm), annex: gzipSync(annex), digits, samples });
    const settings = { seed: 1, release: 'hand', visualizer: true, cache: true, budgetBytes: 256 * MiB, pace: 0 };
    await host.handle({ type: 'open', workload: 'leak', settings, options: {} });
    await host.handle({ type: 'start' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(untaken, 3);
    answering = true;
    for (let i = 0; i < 3; i++) await host.handle({ type: 'taken' });
    while (untaken < 8) await new Promise((resolve) => setTimeout(resolve, 5));
    await host.handle({ type: 'pause' });
    await lab.close();
  });
});

describe('the proof', () => {
  for (const workload of WORKLOADS) {
    test(`${workload}: watched and unwatched, the same is released`, async () => {
      const lab = await TestLab.open(workload, {
        seed: 11,
        ...(workload === 'nobody' ? { budgetBytes: 64 * MiB } : {}),
      });
      const proved = lab.until(({ type, status }) => type === 'proof' || status === 'failed');
      await lab.send({ type: 'prove', steps: 40 });
      const { result } = await proved;
      assert.ok(result, lab.status.message);
      assert.deepEqual(result.differing, []);
      assert.equal(result.equal, true);
      assert.equal(result.steps, 40);
      assert.equal(result.ordered, workload !== 'nobody');
      assert.equal(result.off.hash, result.on.hash);
      assert.ok(result.off.releases > 0);
      assert.equal(result.off.events, 0);
      assert.ok(result.on.events > 0);
      await lab.close();
    });
  }

  test('another seed gives another hash, so the hash can tell', async () => {
    const hashOf = async (seed) => {
      const lab = await TestLab.open('leak', { seed });
      const proved = lab.until(({ type }) => type === 'proof');
      await lab.send({ type: 'prove', steps: 20 });
      return (await proved).result.off.hash;
    };
    assert.notEqual(await hashOf(1), await hashOf(2));
  });
});

test('each bundled sample is small, named in the index, and in the order of time', async () => {
  const { gunzipSync } = await import('node:zlib');
  assert.equal(samples.length, 3);
  for (const { name, bytes, title, description, events } of samples) {
    assert.ok(bytes.length <= 80_000, name);
    assert.ok(title && description.endsWith('.'));
    const lines = gunzipSync(bytes).toString().trim().split('\n');
    assert.equal(lines.length, events);
    let before = 0;
    for (const line of lines) {
      const { t } = JSON.parse(line);
      assert.ok(t >= before, name);
      before = t;
    }
  }
});
