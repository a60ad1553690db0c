// Builds a workload by name from what the page handed over.
import { gunzip } from '../../gunzip';
import { type Digits, unpackDigits } from '../digits-data';
import type { OptionValues, Picture, SampleTrace, WorkloadName } from '../protocol';
import { parseTrace, type TraceEvent } from '../trace-events';
import type { Bench, Workload } from '../workload';
import { DigitsWorkload } from './digits';
import { ImageWorkload } from './image';
import { LeakWorkload } from './leak';
import { NobodyWorkload } from './nobody';
import { ReplayWorkload } from './replay';

export class WorkloadSources {
  picture: Picture | null = null;
  readonly #packedDigits: Uint8Array;
  readonly #samples: readonly SampleTrace[];
  readonly #traces = new Map<string, TraceEvent[]>();
  #digits: Digits | undefined;

  /** Both gzip: the packed digits, and NDJSON samples. */
  constructor(packedDigits: Uint8Array, samples: readonly SampleTrace[]) {
    this.#packedDigits = packedDigits;
    this.#samples = samples;
  }

  async build(name: WorkloadName, bench: Bench, options: OptionValues): Promise<Workload> {
    switch (name) {
      case 'digits':
        this.#digits ??= unpackDigits(await gunzip(this.#packedDigits));
        return new DigitsWorkload(bench, this.#digits);
      case 'image':
        return new ImageWorkload(bench, this.picture);
      case 'nobody':
        return new NobodyWorkload(bench);
      case 'leak':
        return new LeakWorkload(bench, options.index ?? 'forgets');
      case 'replay': {
        const sample = options.sample ?? 'mlp_train_noplan_long';
        return new ReplayWorkload(bench, sample, await this.#trace(sample), Number(options.speed ?? 10));
      }
    }
  }

  async #trace(name: string): Promise<TraceEvent[]> {
    const known = this.#traces.get(name);
    if (known) return known;
    const sample = this.#samples.find((candidate) => candidate.name === name);
    if (!sample) throw new Error(`The page carries no recording named "${name}".`);
    const events = parseTrace(await gunzip(sample.bytes));
    this.#traces.set(name, events);
    return events;
  }
}
