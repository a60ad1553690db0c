// What the workloads have told so far, ready to be drawn. Bounded: beyond `MOST_POINTS` every
// other old point is left out.
import type { DigitsOutput, ImageOutput, LeakOutput, NobodyOutput, ReplayOutput, WorkloadOutput } from './protocol';

const MOST_POINTS = 3000;

/** A line's points: one x, several y. */
export class Curve {
  readonly columns: number[][];

  constructor(lines: number) {
    this.columns = Array.from({ length: lines + 1 }, () => []);
  }

  add(...point: number[]): void {
    for (const [i, column] of this.columns.entries()) column.push(point[i]!);
    if (this.columns[0]!.length <= MOST_POINTS) return;
    for (const [i, column] of this.columns.entries()) {
      this.columns[i] = column.filter((_, at) => at % 2 === 0 || at === column.length - 1);
    }
  }

  get length(): number {
    return this.columns[0]!.length;
  }

  last(line: number): number | undefined {
    return this.columns[line]?.at(-1);
  }
}

export class LabHistory {
  readonly losses = new Curve(2); // loss, and its running mean
  readonly accuracies = new Curve(1);
  readonly levels = new Curve(2);
  readonly held = new Curve(3);
  epoch = 1;
  shown: DigitsOutput['shown'] = null;
  weights: DigitsOutput['weights'] = null;
  source: ImageOutput['source'] = null;
  stages: ImageOutput['stages'] = null;
  sigma = 0;
  nobody: NobodyOutput | null = null;
  leak: LeakOutput | null = null;
  replay: ReplayOutput | null = null;
  #mean: number | undefined;

  add(output: WorkloadOutput): void {
    switch (output.workload) {
      case 'digits':
        for (const [step, loss] of output.losses) {
          this.#mean = this.#mean === undefined ? loss : 0.92 * this.#mean + 0.08 * loss;
          this.losses.add(step, loss, this.#mean);
        }
        for (const [step, accuracy] of output.accuracies) this.accuracies.add(step, accuracy);
        this.epoch = output.epoch;
        this.shown = output.shown ?? this.shown;
        this.weights = output.weights ?? this.weights;
        return;
      case 'image':
        this.source = output.source ?? this.source;
        this.stages = output.stages ?? this.stages;
        this.sigma = output.sigma;
        return;
      case 'nobody':
        for (const [step, live, reserved] of output.levels) this.levels.add(step, live, reserved);
        this.nobody = output;
        return;
      case 'leak':
        for (const [request, believed, alive] of output.levels) this.levels.add(request, believed, alive);
        this.leak = output;
        return;
      case 'replay':
        for (const [event, live, recorded, reserved] of output.levels) this.held.add(event, live, recorded, reserved);
        this.replay = output;
        return;
    }
  }
}
