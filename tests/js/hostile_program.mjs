// A program that asks everything public of the package, with arguments at random, and looks whether its figures hold.
import assert from 'node:assert/strict';
import { isAllowed } from './hostile_errors.mjs';
import { HostileValues } from './hostile_values.mjs';
import { bufgc, load, MiB, random, turn } from './package.mjs';

const budgetBytes = 8 * MiB;
const mostThings = 200;
const mostElements = 5000;
/** Steps until the program's own budget is back, whatever was set meanwhile. */
const stepsOfBudget = 32;
const stepsOfLook = 64;

/** What the program may ask of each kind of thing; who is asked in vain answers with errors too. */
const questions = {
  manager: {
    alloc: (v) => [v.chance(0.5) ? v.spec() : v.any()],
    unpack: (v) => [v.chance(0.5) ? { ...v.spec(), bytes: v.memory() } : v.any()],
    scope: (v) => [v.callback()],
    iteration: (v) => [v.one([undefined, { planMs: 1 }, { mostDeviating: v.any(), planMs: 0 }, 5, null, 'x'])],
    keep: (v) => [v.any()],
    finalize: (v) => [v.chance(0.7) ? v.thing() : v.any(), v.any(), v.chance(0.7) ? v.callback() : v.any()],
    weak: (v) => [v.any()],
    link: (v) => [v.thing(), v.chance(0.9) ? v.thing() : v.any()],
    unlink: (v) => [v.thing(), v.chance(0.9) ? v.thing() : v.any()],
    collect: () => [],
    onCollect: (v) => [v.any()],
    onLeak: (v) => [v.any()],
    onMisuse: (v) => [v.any()],
    trim: (v) => [v.any()],
    stats: () => [],
    statisticNames: () => [],
    histogram: () => [],
    held: () => [],
  },
  visualizer: {
    start: () => [],
    stop: () => [],
    clear: () => [],
    snapshot: () => [],
    subscribe: (v) => [v.any()],
    export: (v) => [v.chance(0.8) ? v.one(['ndjson', 'csv', 'chrome', 'bufgc']) : v.any()],
    exportSince: (v) => [v.any()],
    stream: (v) => [v.chance(0.5) ? new WritableStream() : v.any()],
    use: (v) => [v.any(), v.chance(0.5) ? { read: [v.thing(), v.thing()], write: [v.any()] } : v.any()],
    mark: (v) => [v.any()],
  },
  buffer: {
    view: () => [],
    fill: (v) => [v.any()],
    copyFrom: (v) => [v.any()],
    copyTo: (v) => [v.any()],
    toFloat32Array: () => [],
    pack: () => [],
    pin: () => [],
    subview: (v) => [v.chance(0.7) ? v.below(64) : v.any(), v.chance(0.7) ? v.spec() : v.any()],
    dispose: () => [],
    destroy: () => [],
  },
  iteration: {
    run: (v) => [v.chance(0.8) ? v.callback() : v.any()],
    begin: () => [],
    end: () => [],
    abandon: () => [],
    improve: (v) => [v.one([0, 1, -1, Number.NaN, 'x', null, 5n, Symbol('never')])],
  },
  finalizer: { peek: () => [], detach: () => [], call: () => [] },
  weak: { deref: () => [] },
  pin: { dispose: () => [] },
  stream: { flush: () => [], close: () => [] },
};
const settings = {
  manager: ['budgetBytes', 'cacheEnabled', 'sitesEnabled'],
  finalizer: ['atExit'],
};
const facts = {
  manager: ['budgetBytes', 'closed', 'cacheEnabled', 'sitesEnabled'],
  visualizer: ['running', 'eventCount', 'logBytes'],
  buffer: ['id', 'capacity', 'dtype', 'shape', 'strides', 'label', 'isView', 'disposed', 'nbytes'],
  iteration: ['open', 'plan', 'iterations', 'deviatingIterations'],
  finalizer: ['alive', 'atExit'],
  weak: ['id'],
  pin: ['byteOffset'],
  stream: ['lostEvents'],
};

/** What a question is answered with, where the answer can be asked in turn. */
const answers = {
  'manager.alloc': 'buffer',
  allocAsync: 'buffer',
  'manager.unpack': 'buffer',
  'buffer.subview': 'buffer',
  'buffer.pin': 'pin',
  'manager.iteration': 'iteration',
  'manager.finalize': 'finalizer',
  'manager.weak': 'weak',
  'visualizer.stream': 'stream',
};
const kinds = new WeakMap();
const kindOf = (thing) => kinds.get(thing);

export class HostileProgram {
  #next;
  #values;
  #gc = null;
  #things = [];
  #buffers = new Set();
  #pending = new Set();
  #largestBudget = budgetBytes;
  #depth = 0;
  /** How often each question was answered, and refused. */
  answered = new Map();
  refused = new Map();

  constructor(seed) {
    this.#next = random(seed);
    this.#values = new HostileValues(this.#next, this.#things);
  }

  async run(options, steps) {
    this.#gc = await load({ budgetBytes, ...options });
    this.#largestBudget = budgetBytes;
    this.#gc.onError((error) => this.#judge(error, 'a callback'));
    for (let step = 0; step < steps; step += 1) {
      this.#step();
      if (step % stepsOfBudget === 0) this.#gc.budgetBytes = budgetBytes;
      if (step % stepsOfLook === 0) this.#look();
      if (step % 1000 === 999) await this.#wait();
    }
    await this.#wait();
    await this.#end();
  }

  #step() {
    const { below, chance } = bound(this.#values);
    const things = this.#things;
    if (chance(0.02)) return this.#askLater();
    const kind = below(4);
    if (kind === 0 || things.length === 0) return this.#ask('manager', this.#gc);
    if (kind === 1 && chance(0.3)) return this.#ask('visualizer', this.#gc.visualizer);
    const thing = this.#values.thing();
    const of = kindOf(thing);
    if (of === undefined) this.#ask('manager', this.#gc);
    else this.#ask(of, thing);
  }

  /** Asks one question, or reads or sets one property. */
  #ask(kind, thing) {
    const values = this.#values;
    if (values.chance(0.1)) return this.#try(`${kind}, a fact`, () => facts[kind].map((name) => thing[name]) && null);
    if (kind in settings && values.chance(0.05)) {
      const name = values.one(settings[kind]);
      const value = values.any();
      return this.#try(`${kind}.${name} =`, () => {
        thing[name] = value;
        if (name === 'budgetBytes') this.#largestBudget = Math.max(this.#largestBudget, value);
      });
    }
    const name = values.one(Object.keys(questions[kind]));
    this.#try(`${kind}.${name}`, () => {
      const words = questions[kind][name](values).map((word) => this.#inside(word));
      return kind === 'buffer' && tooLong([thing, ...words]) ? undefined : thing[name](...words);
    });
  }

  /** A callback goes on with the program, from inside the package. */
  #inside(word) {
    if (typeof word !== 'function' || word.prototype !== undefined) return word;
    return new Proxy(word, {
      apply: (target, self, words) => {
        if (this.#depth < 3) {
          this.#depth += 1;
          try {
            for (let left = this.#values.below(4); left > 0; left -= 1) this.#step();
          } finally {
            this.#depth -= 1;
          }
        }
        return Reflect.apply(target, self, words);
      },
    });
  }

  #askLater() {
    const { one, any, spec, callback, chance, below } = bound(this.#values);
    const gc = this.#gc;
    const limits = () => one([{ timeoutMs: 0 }, { timeoutMs: 1 }, { timeoutMs: -1 }, { timeoutMs: 'x' }, 5, null]);
    const calls = {
      allocAsync: () => gc.allocAsync(chance(0.5) ? spec() : any(), limits()),
      statistics: () => gc.statistics(),
      expectNoLeaks: () => bufgc.expectNoLeaks(chance(0.7) ? gc : any(), chance(0.9) ? callback() : any()),
    };
    if (below(20) === 0) calls.load = () => load(hostileOptions(this.#values)).then((made) => made.close());
    const name = one(Object.keys(calls));
    this.#watch(name, calls[name]());
  }

  #watch(name, promise) {
    const watched = promise.then(
      (result) => {
        this.#count(this.answered, name);
        this.#keep(result, name);
      },
      (error) => this.#judge(error, name),
    );
    this.#pending.add(watched);
    watched.finally(() => this.#pending.delete(watched)).catch(() => {});
  }

  #try(name, call) {
    let result;
    try {
      result = call();
    } catch (error) {
      this.#judge(error, name);
      return;
    }
    this.#count(this.answered, name);
    if (result instanceof Promise) this.#watch(name, result);
    else this.#keep(result, name);
  }

  #judge(error, name) {
    if (!isAllowed(error)) throw new Error(`${name}: ${error?.stack ?? String(error)}`, { cause: error });
    this.#count(this.refused, name);
  }

  #count(counts, name) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }

  #keep(result, name) {
    if (result === undefined) return;
    if (/\.(on|subscribe)/.test(name) && this.#values.chance(0.5)) result(); // the unsubscriber
    const kind = answers[name];
    if (kind === undefined && !ArrayBuffer.isView(result)) return;
    if (kind !== undefined) kinds.set(result, kind);
    if (kind === 'buffer') this.#buffers.add(result);
    const things = this.#things;
    if (things.length < mostThings) {
      things.push(result);
      return;
    }
    const at = this.#values.below(things.length);
    this.#letGo(things[at]);
    things[at] = result;
  }

  #letGo(thing) {
    const kind = kindOf(thing);
    if (kind === 'buffer' || kind === 'pin') thing.dispose();
    if (kind === 'iteration') this.#try('dispose of an iteration', () => thing[Symbol.dispose]());
    if (kind === 'stream') this.#watch('close of a stream', thing.close());
    if (kind === 'buffer') this.#buffers.delete(thing);
  }

  #look() {
    const stats = this.#gc.stats();
    const { live_bytes, rounding_bytes, cached_bytes, gap_bytes, reserved_bytes, peak_reserved_bytes } = stats;
    assert.equal(reserved_bytes, live_bytes + rounding_bytes + cached_bytes + gap_bytes);
    assert.ok(peak_reserved_bytes <= this.#largestBudget, `${peak_reserved_bytes} reserved`);
    for (const [name, value] of Object.entries(stats)) assert.ok(value >= 0, `${name} is ${value}`);
  }

  async #wait() {
    await Promise.all(this.#pending);
    await turn();
  }

  async #end() {
    const gc = this.#gc;
    for (const thing of this.#things.splice(0)) this.#letGo(thing);
    for (const buffer of this.#buffers) buffer.dispose();
    this.#buffers.clear();
    await this.#wait();
    this.#look();
    gc.collect();
    const { live_buffers, live_views, live_bytes, edges } = gc.stats();
    assert.deepEqual(
      { live_buffers, live_views, live_bytes, edges },
      { live_buffers: 0, live_views: 0, live_bytes: 0, edges: 0 },
    );
    gc.close();
    this.#look();
    assert.equal(gc.stats().reserved_bytes, 0);
  }
}

function bound(values) {
  const names = ['below', 'chance', 'one', 'any', 'spec', 'callback'];
  return Object.fromEntries(names.map((name) => [name, values[name].bind(values)]));
}

function hostileOptions(values) {
  const names = [
    'budgetBytes',
    'visualizer',
    'visualizerEvents',
    'cache',
    'compact',
    'sites',
    'highWaterMark',
    'wasm',
    'annex',
  ];
  const options = {};
  for (const name of names) if (values.chance(0.15)) options[name] = values.any();
  return values.chance(0.8) ? options : values.any();
}

/** Whether so many elements are meant that a step would take minutes: strides of 0 repeat. */
function tooLong(buffers) {
  const count = (of) => (kindOf(of) === 'buffer' ? of.shape.reduce((product, extent) => product * extent, 1) : 0);
  return buffers.some((of) => count(of) > mostElements);
}
