// A small network learns handwritten digits: x·W1 + b1 → relu → ·W2 + b2 → softmax, mean
// cross-entropy, gradient descent with momentum. Every tensor is a buffer of the package.
import type { Digits } from '../digits-data';
import { addBias, matmul, matmulTransposeA, matmulTransposeB, sumRows } from '../kernels/matrix';
import {
  argmax,
  crossEntropy,
  crossEntropyGradient,
  gatherLabels,
  gatherPixels,
  relu,
  reluGradient,
  sgdMomentum,
  softmax,
} from '../kernels/network';
import type { Buffer } from '../package';
import type { DigitsOutput } from '../protocol';
import type { Bench, Workload } from '../workload';

const HIDDEN = 64;
const CLASSES = 10;
const BATCH = 32;
const RATE = 0.06;
const MOMENTUM = 0.9;
const EVALUATE_EVERY = 20;
const SHOWN = 20;
const SHOWN_UNITS = 16;

type Floats = Buffer<'float32'>;

/** A weight or bias with its velocity. */
interface Parameter {
  name: string;
  value: Floats;
  velocity: Floats;
}

export class DigitsWorkload implements Workload {
  readonly done = false;
  readonly #bench: Bench;
  readonly #digits: Digits;
  readonly #inputs: number;
  readonly #order: Uint16Array;
  #pixels!: Buffer<'uint8'>;
  #labels!: Buffer<'uint8'>;
  #w1!: Parameter;
  #b1!: Parameter;
  #w2!: Parameter;
  #b2!: Parameter;
  /** The shown units' weights as they began: what is drawn is what they learned since. */
  #initial: Float32Array = new Float32Array();
  #steps = 0;
  #fresh: DigitsOutput;

  constructor(bench: Bench, digits: Digits) {
    this.#bench = bench;
    this.#digits = digits;
    this.#inputs = digits.width * digits.width;
    this.#order = Uint16Array.from({ length: digits.train }, (_, i) => i);
    this.#fresh = this.#empty();
  }

  init(): void {
    const { width, labels, pixels } = this.#digits;
    this.#bench.mark('load digits');
    this.#pixels = this.#bench.alloc('digits.pixels', 'uint8', [labels.length, width, width]);
    this.#pixels.view().set(pixels);
    this.#labels = this.#bench.alloc('digits.labels', 'uint8', [labels.length]);
    this.#labels.view().set(labels);
    this.#w1 = this.#parameter('fc1.weight', [this.#inputs, HIDDEN], Math.sqrt(2 / this.#inputs));
    this.#b1 = this.#parameter('fc1.bias', [HIDDEN], 0);
    this.#w2 = this.#parameter('fc2.weight', [HIDDEN, CLASSES], Math.sqrt(2 / HIDDEN));
    this.#b2 = this.#parameter('fc2.bias', [CLASSES], 0);
    this.#initial = this.#unitWeights();
  }

  #parameter(name: string, shape: number[], deviation: number): Parameter {
    const value = this.#bench.alloc(name, 'float32', shape);
    const velocity = this.#bench.alloc(`${name}.velocity`, 'float32', shape);
    const values = value.view();
    for (let i = 0; i < values.length; i++) values[i] = deviation * this.#bench.random.normal();
    velocity.view().fill(0);
    return { name, value, velocity };
  }

  step(): void | Promise<void> {
    // In the "GC only" mode a step first waits until its temporaries fit.
    return this.#bench.release === 'gc' ? this.#bench.room(4 * 2 ** 20).then(() => this.#run()) : this.#run();
  }

  #run(): void {
    const perEpoch = Math.floor(this.#digits.train / BATCH);
    const inEpoch = this.#steps % perEpoch;
    if (inEpoch === 0) {
      this.#bench.random.shuffle(this.#order);
      this.#fresh.epoch = this.#steps / perEpoch + 1;
      this.#bench.mark(`epoch ${this.#fresh.epoch}`);
    }
    const indices = this.#order.subarray(inEpoch * BATCH, (inEpoch + 1) * BATCH);
    this.#bench.block(() => this.#train(indices));
    this.#steps++;
    if (this.#steps % EVALUATE_EVERY === 0) this.#bench.block(() => this.#evaluate());
  }

  #gather(indices: Uint16Array): { x: Floats; y: Buffer<'uint8'> } {
    const bench = this.#bench;
    const x = bench.alloc('batch.x', 'float32', [indices.length, this.#inputs]);
    bench.kernel('gather_pixels', [this.#pixels], [x], () =>
      gatherPixels(this.#pixels.view(), indices, x.view(), this.#inputs),
    );
    const y = bench.alloc('batch.y', 'uint8', [indices.length]);
    bench.kernel('gather_labels', [this.#labels], [y], () => gatherLabels(this.#labels.view(), indices, y.view()));
    return { x, y };
  }

  #linear(name: string, x: Floats, weight: Parameter, bias: Parameter): Floats {
    const [rows = 0, inputs = 0] = x.shape;
    const [, outputs = 0] = weight.value.shape;
    const z = this.#bench.alloc(`${name}.z`, 'float32', [rows, outputs]);
    this.#bench.kernel(`${name}.linear`, [x, weight.value, bias.value], [z], () => {
      matmul(x.view(), weight.value.view(), z.view(), rows, inputs, outputs);
      addBias(z.view(), bias.value.view());
    });
    return z;
  }

  #softmax(z: Floats): Floats {
    const p = this.#bench.alloc('softmax', 'float32', z.shape);
    this.#bench.kernel('softmax', [z], [p], () => softmax(z.view(), p.view(), CLASSES));
    return p;
  }

  #relu(z: Floats): Floats {
    const a = this.#bench.alloc('fc1.relu', 'float32', z.shape);
    this.#bench.kernel('relu', [z], [a], () => relu(z.view(), a.view()));
    return a;
  }

  #train(indices: Uint16Array): void {
    const bench = this.#bench;
    const rows = indices.length;
    const { x, y } = this.#gather(indices);
    const z1 = this.#linear('fc1', x, this.#w1, this.#b1);
    const a1 = this.#relu(z1);
    const z2 = this.#linear('fc2', a1, this.#w2, this.#b2);
    const p = this.#softmax(z2);
    bench.done(z2);

    const loss = bench.alloc('loss', 'float32', [rows]);
    bench.kernel('cross_entropy', [p, y], [loss], () => crossEntropy(p.view(), y.view(), loss.view(), CLASSES));
    this.#fresh.losses.push([this.#steps, loss.view().reduce((sum, value) => sum + value, 0) / rows]);
    bench.done(loss);

    const dz2 = bench.alloc('fc2.z.grad', 'float32', [rows, CLASSES]);
    bench.kernel('cross_entropy_grad', [p, y], [dz2], () =>
      crossEntropyGradient(p.view(), y.view(), dz2.view(), CLASSES),
    );
    bench.done(p, y);
    this.#update(this.#w2, this.#b2, a1, dz2, () => {
      const da1 = bench.alloc('fc1.relu.grad', 'float32', [rows, HIDDEN]);
      bench.kernel('fc2.input_grad', [dz2, this.#w2.value], [da1], () =>
        matmulTransposeB(dz2.view(), this.#w2.value.view(), da1.view(), rows, CLASSES, HIDDEN),
      );
      const dz1 = bench.alloc('fc1.z.grad', 'float32', [rows, HIDDEN]);
      bench.kernel('relu_grad', [z1, da1], [dz1], () => reluGradient(z1.view(), da1.view(), dz1.view()));
      bench.done(a1, z1, da1, dz2);
      this.#update(this.#w1, this.#b1, x, dz1, () => bench.done(dz1, x));
    });
  }

  /** Gradients of a layer, then `propagate` while its weights are still the old ones, then the step. */
  #update(weight: Parameter, bias: Parameter, input: Floats, dz: Floats, propagate: () => void): void {
    const bench = this.#bench;
    const [rows = 0, outputs = 0] = dz.shape;
    const [inputs = 0] = weight.value.shape;
    const dw = bench.alloc(`${weight.name}.grad`, 'float32', weight.value.shape);
    bench.kernel(`${weight.name}.grad`, [input, dz], [dw], () =>
      matmulTransposeA(input.view(), dz.view(), dw.view(), inputs, rows, outputs),
    );
    const db = bench.alloc(`${bias.name}.grad`, 'float32', [outputs]);
    bench.kernel(`${bias.name}.grad`, [dz], [db], () => sumRows(dz.view(), db.view()));
    propagate();
    for (const [parameter, gradient] of [
      [weight, dw],
      [bias, db],
    ] as const) {
      bench.kernel('sgd_momentum', [gradient], [parameter.value, parameter.velocity], () =>
        sgdMomentum(parameter.value.view(), parameter.velocity.view(), gradient.view(), RATE, MOMENTUM),
      );
      bench.done(gradient);
    }
  }

  #evaluate(): void {
    const bench = this.#bench;
    const { train, test, labels, pixels, width } = this.#digits;
    bench.mark('evaluate');
    const { x, y } = this.#gather(Uint16Array.from({ length: test }, (_, i) => train + i));
    const z1 = this.#linear('fc1', x, this.#w1, this.#b1);
    bench.done(x);
    const a1 = this.#relu(z1);
    bench.done(z1);
    const z2 = this.#linear('fc2', a1, this.#w2, this.#b2);
    bench.done(a1);
    const p = this.#softmax(z2);
    bench.done(z2);
    const best = bench.alloc('predictions', 'uint8', [test]);
    bench.kernel('argmax', [p], [best], () => argmax(p.view(), best.view(), CLASSES));

    const predictions = best.view();
    const truth = y.view();
    let right = 0;
    for (let i = 0; i < test; i++) if (predictions[i] === truth[i]) right++;
    this.#fresh.accuracies.push([this.#steps, right / test]);
    const probabilities = p.view();
    this.#fresh.shown = {
      pixels: pixels.slice(train * this.#inputs, (train + SHOWN) * this.#inputs),
      width,
      labels: labels.slice(train, train + SHOWN),
      predictions: predictions.slice(0, SHOWN),
      confidence: Float32Array.from({ length: SHOWN }, (_, i) => probabilities[i * CLASSES + predictions[i]!]!),
    };
    this.#fresh.weights = this.#unitWeights().map((weight, i) => weight - this.#initial[i]!);
    bench.done(p, y, best);
  }

  /** The incoming weights of the first hidden units, unit by unit. */
  #unitWeights(): Float32Array {
    const weights = this.#w1.value.view();
    const out = new Float32Array(SHOWN_UNITS * this.#inputs);
    for (let unit = 0; unit < SHOWN_UNITS; unit++) {
      for (let i = 0; i < this.#inputs; i++) out[unit * this.#inputs + i] = weights[i * HIDDEN + unit]!;
    }
    return out;
  }

  #empty(epoch = 1): DigitsOutput {
    return { workload: 'digits', losses: [], accuracies: [], epoch, shown: null, weights: null };
  }

  output(): DigitsOutput {
    const out = this.#fresh;
    this.#fresh = this.#empty(out.epoch);
    return out;
  }
}
