// The rows of allocation, native: bufgc beside its peers and the floor. Ratios are of the least times.
import { least, measureRounds, median, peers } from './rounds.mjs';
import { atMost, bytes, notRun, time } from './rows.mjs';

const everyone = ['bufgc', ...peers, 'floor'];
const mallocs = peers.filter((peer) => peer !== 'pmr');

/** One case, ready to be asked; `among` are the peers of which the fastest counts. */
export class Case {
  constructor(samples, name, among = peers) {
    this.peers = among;
    this.times = samples.get(name) ?? new Map();
    this.own = this.best('bufgc');
  }
  best(allocator) {
    return this.times.has(allocator) ? least(this.times.get(allocator)) : undefined;
  }
  /** The bar against one allocator. */
  against(allocator, limit) {
    return atMost(allocator, this.own / this.best(allocator), limit);
  }
  /** The bar against the fastest of the peers. */
  againstBest(limit, label = 'best peer') {
    const [best] = this.peers.filter((peer) => this.times.has(peer)).sort((a, b) => this.best(a) - this.best(b));
    return atMost(`${label} (${best})`, this.own / this.best(best), limit);
  }
  row(part, what, bars) {
    if (this.own === undefined) return notRun(part, what, 'the case is missing');
    const shown = ([name, all]) => `${name} ${time(least(all))} (median ${time(median(all))})`;
    return {
      part,
      what,
      value: this.own,
      text: `${time(this.own)} (median ${time(median(this.times.get('bufgc')))})`,
      bars,
      beside: [...this.times]
        .filter(([name]) => name !== 'bufgc')
        .map(shown)
        .join(', '),
      samples: Object.fromEntries(this.times),
    };
  }
}

const parts = {
  lifo: {
    groups: ['lifo'],
    rows: (samples) =>
      [256, 4096, 65536, 2 ** 20, 2 ** 24].map((size) => {
        const found = new Case(samples, `lifo/${size}`);
        return found.row('pair, last in first out', bytes(size), [
          found.againstBest(size >= 2 ** 20 ? 0.45 : 1.05),
          found.against('floor', 1.5),
        ]);
      }),
  },
  step: {
    groups: ['step', 'first_steps'],
    rows: (samples) => {
      const untouched = new Case(samples, 'step/0');
      const touched = new Case(samples, 'step/1');
      const first = new Case(samples, 'first_steps/300');
      return [
        untouched.row('training step', 'untouched', [untouched.against('tcmalloc', 0.4)]),
        touched.row('training step', 'every page touched', [touched.against('floor', 1.15)]),
        first.row('training step', 'touched, a step of the first 300', []),
      ];
    },
  },
  buffer: {
    groups: ['buffer', 'buffer_alone', 'watched'],
    rows: (samples) =>
      [256, 65536].flatMap((size) => {
        const off = new Case(samples, `buffer/${size}`);
        const on = new Case(samples, `watched/${size}`);
        // bufgc has one case: it counts alike in every process.
        const alone = new Case(samples, `buffer_alone/${size}`);
        alone.own = off.own;
        alone.times.set('bufgc', off.times.get('bufgc'));
        return [
          off.row('create + weak + destroy', bytes(size), [off.against('glibc', 0.5), off.against('tcmalloc', 0.75)]),
          alone.row('create + weak + destroy', `${bytes(size)}, peers without a thread`, []),
          on.row('create + weak + destroy', `${bytes(size)}, visualizer on`, [
            atMost('the visualizer off', on.own / off.own, 2.2),
          ]),
        ];
      }),
  },
  threads: {
    groups: ['freed_elsewhere', 'independent'],
    rows: (samples) => [
      ...[
        [4096, 1],
        [2 ** 20, 0.5],
      ].map(([size, limit]) => {
        const found = new Case(samples, `freed_elsewhere/${size}`);
        return found.row('freed on another thread', bytes(size), [found.againstBest(limit)]);
      }),
      ...[
        [256, 1.25],
        [65536, 1],
        [2 ** 20, 0.4],
      ].map(([size, limit]) => {
        const found = new Case(samples, `independent/${size}`);
        return found.row('two independent threads', bytes(size), [found.againstBest(limit)]);
      }),
    ],
  },
  first_touch: {
    groups: ['first_touch'],
    rows: (samples) => {
      const found = new Case(samples, `first_touch/${2 ** 24}`);
      // The bare mapping tells how much of that is the kernel's own.
      return [
        found.row('first touch, cold', bytes(2 ** 24), [found.against('glibc', 0.2), found.against('mapping', 1.1)]),
      ];
    },
  },
};

export const names = Object.keys(parts);

/** The floor has no lock, no buffers; pools have no buffers. */
const takesPart = (group) => {
  if (group === 'buffer') return ['bufgc', ...mallocs];
  if (group === 'buffer_alone') return mallocs;
  if (group === 'watched') return ['bufgc'];
  if (group === 'first_touch') return [...everyone, 'mapping'];
  if (group === 'freed_elsewhere' || group === 'independent') return ['bufgc', ...peers];
  return everyone;
};

/** Rows of the parts `wanted`. */
export function measureAllocation(wanted, { quick, log }) {
  const options = quick ? { rounds: 3, seconds: 0.01, log } : { rounds: 9, seconds: 0.03, log };
  const groups = wanted.flatMap((name) => parts[name].groups);
  const samples = measureRounds(groups, takesPart, options);
  return wanted.flatMap((name) => parts[name].rows(samples));
}
