// The levels as columns of pixels. Paths of some thousand steps cost a canvas without a GPU milliseconds in every
// frame of a gesture; whole pixels cost it a copy.
import type uPlot from 'uplot';

/** Steps from `x[i]` to `x[i + 1]`, so the last entry of `x` is an edge alone. */
export interface Steps {
  x: Float64Array;
  live: Float64Array;
  /** What is cached stands on what is live. */
  stacked: Float64Array;
  reserved: Float64Array;
}

/** As `packedColor` gives them. */
export interface ColumnColors {
  ground: number;
  live: number;
  cached: number;
  reserved: number;
}

/** A CSS colour as the four bytes of a pixel. */
export function packedColor(color: string): number {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0]!;
}

const nothing = 0;

export class LevelColumns {
  private image: ImageData | null = null;

  /**
   * Fills the plotting area: live bytes, above them nothing up to where what is cached ends, so that what lies
   * behind the chart shows as its hatching, above that the ground; a column has the highest of its levels.
   */
  paint({ ctx, bbox, scales }: uPlot, steps: Steps, colors: ColumnColors): void {
    const left = Math.round(bbox.left);
    const top = Math.round(bbox.top);
    const width = Math.round(bbox.width);
    const height = Math.round(bbox.height);
    if (width < 1 || height < 1) return;
    if (this.image?.width !== width || this.image.height !== height) this.image = new ImageData(width, height);
    const pixels = new Uint32Array(this.image.data.buffer);
    const { min = 0, max = 1 } = scales.x!;
    const ceiling = scales.y?.max ?? 1;
    const [live, stacked, reserved] = [steps.live, steps.stacked, steps.reserved].map((levels) =>
      topRows(steps.x, levels, { from: min ?? 0, to: max ?? 1, ceiling, width, height }),
    ) as [Int32Array, Int32Array, Int32Array];
    for (let y = 0, at = 0; y < height; y++)
      for (let x = 0; x < width; x++, at++)
        pixels[at] = y >= live[x]! ? colors.live : y >= stacked[x]! ? nothing : colors.ground;
    const ratio = window.devicePixelRatio || 1;
    trace(pixels, stacked, { width, height, thick: Math.round(ratio), color: colors.cached });
    trace(pixels, reserved, { width, height, thick: Math.round(1.5 * ratio), color: colors.reserved });
    ctx.putImageData(this.image, left, top);
  }
}

interface Range {
  from: number;
  to: number;
  ceiling: number;
  width: number;
  height: number;
}

/** Of each column the row of pixels in which its highest level ends; `height` where there is none. */
function topRows(x: Float64Array, levels: Float64Array, { from, to, ceiling, width, height }: Range): Int32Array {
  const rows = new Int32Array(width).fill(height);
  const last = x.length - 1;
  let step = 0;
  for (let column = 0; column < width; column++) {
    const begin = from + ((to - from) * column) / width;
    const end = from + ((to - from) * (column + 1)) / width;
    while (step < last && x[step + 1]! <= begin) step++;
    let highest = 0;
    for (let i = step; i < last && x[i]! < end; i++) highest = Math.max(highest, levels[i]!);
    rows[column] = Math.max(0, Math.round(height - (highest / ceiling) * height));
  }
  return rows;
}

interface Line {
  width: number;
  height: number;
  thick: number;
  color: number;
}

/** A stepped line along the rows, downwards from them, so that one at the bottom stays hidden. */
function trace(pixels: Uint32Array, rows: Int32Array, { width, height, thick, color }: Line): void {
  for (let x = 0; x < width; x++) {
    const row = rows[x]!;
    const before = rows[Math.max(0, x - 1)]!;
    const end = Math.min(height, Math.max(row, before) + Math.max(1, thick));
    for (let y = Math.min(row, before); y < end; y++) pixels[y * width + x] = color;
  }
}
