// Four classic stages over one picture, frame by frame: a Gaussian blur that breathes, Sobel
// edges, a small copy, and the composite of all three. Few buffers, but large ones.
import {
  blurColumns,
  blurRows,
  compositeOver,
  gaussianWeights,
  luminance,
  resizeBilinear,
  sobel,
  tintEdges,
  toBytes,
  toFloat,
} from '../kernels/image';
import { drawPicture } from '../kernels/picture';
import type { Buffer } from '../package';
import type { ImageOutput, Picture } from '../protocol';
import type { Bench, Workload } from '../workload';

const WIDTH = 480;
const HEIGHT = 360;
const PERIOD = 48; // frames until the blur is back where it began
const SMALL = 0.26;
const EDGE_GAIN = 4;
const EDGE_COLOUR = [0.4, 0.93, 1] as const;

type Floats = Buffer<'float32'>;

export class ImageWorkload implements Workload {
  readonly done = false;
  readonly #bench: Bench;
  readonly #seed: number;
  #width = WIDTH;
  #height = HEIGHT;
  #picture: Picture | null;
  #source!: Buffer<'uint8_clamped'>;
  #frame = 0;
  #sigma = 0;
  #sourceChanged = true;
  #stages: ImageOutput['stages'] = null;

  constructor(bench: Bench, picture: Picture | null) {
    this.#bench = bench;
    this.#seed = bench.random.integer(0, 1000);
    this.#picture = picture;
  }

  init(): void {
    this.#load();
  }

  setPicture(picture: Picture | null): void {
    this.#picture = picture;
    this.#source.dispose();
    this.#load();
  }

  #load(): void {
    this.#bench.mark('load picture');
    this.#width = this.#picture?.width ?? WIDTH;
    this.#height = this.#picture?.height ?? HEIGHT;
    this.#source = this.#bench.alloc('source.rgba', 'uint8_clamped', [this.#height, this.#width, 4]);
    if (this.#picture) this.#source.view().set(this.#picture.pixels);
    else drawPicture(this.#source.view(), this.#width, this.#height, this.#seed);
    this.#sourceChanged = true;
  }

  step(): void | Promise<void> {
    const need = this.#width * this.#height * 120;
    const run = () => {
      this.#bench.mark(`frame ${this.#frame}`);
      this.#bench.block(() => this.#draw());
      this.#frame++;
    };
    return this.#bench.release === 'gc' ? this.#bench.room(need).then(run) : run();
  }

  #plane(label: string, channels: number, width = this.#width, height = this.#height): Floats {
    return this.#bench.alloc(label, 'float32', channels === 1 ? [height, width] : [height, width, channels]);
  }

  #draw(): void {
    const bench = this.#bench;
    const width = this.#width;
    const height = this.#height;
    this.#sigma = 0.6 + 3.4 * (0.5 - 0.5 * Math.cos((2 * Math.PI * this.#frame) / PERIOD));

    const source = this.#plane('source.f32', 4);
    bench.kernel('to_float', [this.#source], [source], () => toFloat(this.#source.view(), source.view()));
    const blurred = this.#blur(source);
    const small = this.#shrink(source);
    const luma = this.#plane('luma', 1);
    bench.kernel('luminance', [source], [luma], () => luminance(source.view(), luma.view()));
    bench.done(source);
    const edges = this.#plane('edges', 1);
    bench.kernel('sobel', [luma], [edges], () => sobel(luma.view(), edges.view(), width, height));
    bench.done(luma);
    const tint = this.#plane('edges.tint', 4);
    bench.kernel('tint_edges', [edges], [tint], () => tintEdges(edges.view(), tint.view(), EDGE_GAIN, EDGE_COLOUR));
    bench.done(edges);

    const shots = { blurred: this.#shoot('blurred', blurred), edges: this.#shoot('edges', tint) };
    bench.kernel('composite_over', [tint], [blurred], () =>
      compositeOver(blurred.view(), width, height, tint.view(), width, height, 0, 0),
    );
    bench.done(tint);
    const [smallHeight = 0, smallWidth = 0] = small.shape;
    const margin = Math.round(width / 40);
    bench.kernel('composite_over', [small], [blurred], () =>
      compositeOver(
        blurred.view(),
        width,
        height,
        small.view(),
        smallWidth,
        smallHeight,
        margin,
        height - smallHeight - margin,
      ),
    );
    this.#stages = { ...shots, small: this.#shoot('small', small), result: this.#shoot('result', blurred) };
    bench.done(small, blurred);
  }

  #blur(source: Floats): Floats {
    const bench = this.#bench;
    const values = gaussianWeights(this.#sigma);
    const weights = bench.alloc('blur.weights', 'float32', [values.length]);
    weights.view().set(values);
    const rows = this.#plane('blur.rows', 4);
    bench.kernel('blur_rows', [source, weights], [rows], () =>
      blurRows(source.view(), rows.view(), this.#width, this.#height, weights.view()),
    );
    const blurred = this.#plane('blurred', 4);
    bench.kernel('blur_columns', [rows, weights], [blurred], () =>
      blurColumns(rows.view(), blurred.view(), this.#width, this.#height, weights.view()),
    );
    bench.done(rows, weights);
    return blurred;
  }

  #shrink(source: Floats): Floats {
    const width = Math.max(1, Math.round(this.#width * SMALL));
    const height = Math.max(1, Math.round(this.#height * SMALL));
    const small = this.#plane('small', 4, width, height);
    this.#bench.kernel('resize_bilinear', [source], [small], () =>
      resizeBilinear(source.view(), this.#width, this.#height, small.view(), width, height),
    );
    return small;
  }

  /** A copy of a stage for the page, by way of an 8-bit buffer. */
  #shoot(name: string, stage: Floats): Picture {
    const [height = 0, width = 0] = stage.shape;
    const bytes = this.#bench.alloc(`${name}.rgba`, 'uint8_clamped', [height, width, 4]);
    this.#bench.kernel('to_bytes', [stage], [bytes], () => toBytes(stage.view(), bytes.view()));
    const pixels = new Uint8ClampedArray(bytes.view());
    this.#bench.done(bytes);
    return { width, height, pixels };
  }

  output(): ImageOutput {
    const source = this.#sourceChanged
      ? { width: this.#width, height: this.#height, pixels: new Uint8ClampedArray(this.#source.view()) }
      : null;
    this.#sourceChanged = false;
    const stages = this.#stages;
    this.#stages = null;
    return { workload: 'image', sigma: this.#sigma, source, stages };
  }
}
