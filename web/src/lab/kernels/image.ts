// Picture kernels. Planes are one float a pixel in 0 … 1; RGBA is 8 bits a channel. Beyond the
// border the nearest pixel counts.

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** One half of a symmetric Gaussian, centre first, whose whole sums to 1; reaches three deviations. */
export function gaussianWeights(sigma: number): Float32Array {
  const radius = Math.max(1, Math.ceil(3 * sigma));
  const weights = new Float32Array(radius + 1);
  let sum = 0;
  for (let i = 0; i <= radius; i++) {
    const w = Math.exp((-i * i) / (2 * sigma * sigma));
    weights[i] = w;
    sum += i === 0 ? w : 2 * w;
  }
  for (let i = 0; i <= radius; i++) weights[i]! /= sum;
  return weights;
}

/** One pass of a separable blur along the rows of interleaved RGBA floats. */
export function blurRows(
  source: Float32Array,
  out: Float32Array,
  width: number,
  height: number,
  weights: Float32Array,
): void {
  blurAlong(source, out, width, height, 4, width * 4, weights);
}

/** The other pass, along the columns. */
export function blurColumns(
  source: Float32Array,
  out: Float32Array,
  width: number,
  height: number,
  weights: Float32Array,
): void {
  blurAlong(source, out, height, width, width * 4, 4, weights);
}

function blurAlong(
  source: Float32Array,
  out: Float32Array,
  length: number,
  lines: number,
  stride: number,
  lineStride: number,
  weights: Float32Array,
): void {
  const radius = weights.length - 1;
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < length; i++) {
      const at = line * lineStride + i * stride;
      const centre = weights[0]!;
      let r = centre * source[at]!;
      let g = centre * source[at + 1]!;
      let b = centre * source[at + 2]!;
      for (let k = 1; k <= radius; k++) {
        const w = weights[k]!;
        const before = line * lineStride + Math.max(i - k, 0) * stride;
        const after = line * lineStride + Math.min(i + k, length - 1) * stride;
        r += w * (source[before]! + source[after]!);
        g += w * (source[before + 1]! + source[after + 1]!);
        b += w * (source[before + 2]! + source[after + 2]!);
      }
      out[at] = r;
      out[at + 1] = g;
      out[at + 2] = b;
      out[at + 3] = source[at + 3]!;
    }
  }
}

export function toFloat(rgba: Uint8ClampedArray, out: Float32Array): void {
  for (let i = 0; i < rgba.length; i++) out[i] = rgba[i]! / 255;
}

export function toBytes(plane: Float32Array, out: Uint8ClampedArray): void {
  for (let i = 0; i < plane.length; i++) out[i] = plane[i]! * 255;
}

/** Brightness by Rec. 709. */
export function luminance(rgba: Float32Array, out: Float32Array): void {
  for (let i = 0, p = 0; i < out.length; i++, p += 4) {
    out[i] = 0.2126 * rgba[p]! + 0.7152 * rgba[p + 1]! + 0.0722 * rgba[p + 2]!;
  }
}

/** The length of Sobel's gradient, scaled so that a full step of brightness gives 1. */
export function sobel(luma: Float32Array, out: Float32Array, width: number, height: number): void {
  for (let y = 0; y < height; y++) {
    const up = (y > 0 ? y - 1 : 0) * width;
    const here = y * width;
    const down = (y < height - 1 ? y + 1 : y) * width;
    for (let x = 0; x < width; x++) {
      const left = x > 0 ? x - 1 : 0;
      const right = x < width - 1 ? x + 1 : x;
      const upLeft = luma[up + left]!;
      const upRight = luma[up + right]!;
      const downLeft = luma[down + left]!;
      const downRight = luma[down + right]!;
      const gx = upRight + 2 * luma[here + right]! + downRight - upLeft - 2 * luma[here + left]! - downLeft;
      const gy = downLeft + 2 * luma[down + x]! + downRight - upLeft - 2 * luma[up + x]! - upRight;
      out[here + x] = Math.sqrt(gx * gx + gy * gy) / 4;
    }
  }
}

/** Bilinear, pixel centres on pixel centres, of interleaved RGBA floats. */
export function resizeBilinear(
  source: Float32Array,
  width: number,
  height: number,
  out: Float32Array,
  outWidth: number,
  outHeight: number,
): void {
  for (let y = 0; y < outHeight; y++) {
    const sy = clamp(((y + 0.5) * height) / outHeight - 0.5, 0, height - 1);
    const y0 = Math.floor(sy);
    const y1 = Math.min(y0 + 1, height - 1);
    const fy = sy - y0;
    for (let x = 0; x < outWidth; x++) {
      const sx = clamp(((x + 0.5) * width) / outWidth - 0.5, 0, width - 1);
      const x0 = Math.floor(sx);
      const x1 = Math.min(x0 + 1, width - 1);
      const fx = sx - x0;
      for (let c = 0; c < 4; c++) {
        const top = source[(y0 * width + x0) * 4 + c]! * (1 - fx) + source[(y0 * width + x1) * 4 + c]! * fx;
        const bottom = source[(y1 * width + x0) * 4 + c]! * (1 - fx) + source[(y1 * width + x1) * 4 + c]! * fx;
        out[(y * outWidth + x) * 4 + c] = top * (1 - fy) + bottom * fy;
      }
    }
  }
}

/** Porter and Duff's "over" with straight alpha: `top` is laid on `under` at (left, upper), in place. */
export function compositeOver(
  under: Float32Array,
  width: number,
  height: number,
  top: Float32Array,
  topWidth: number,
  topHeight: number,
  left: number,
  upper: number,
): void {
  for (let y = Math.max(0, -upper); y < topHeight && y + upper < height; y++) {
    for (let x = Math.max(0, -left); x < topWidth && x + left < width; x++) {
      const t = (y * topWidth + x) * 4;
      const u = ((y + upper) * width + x + left) * 4;
      const alpha = top[t + 3]!;
      const kept = under[u + 3]! * (1 - alpha);
      const outAlpha = alpha + kept;
      for (let c = 0; c < 3; c++) {
        under[u + c] = outAlpha > 0 ? (top[t + c]! * alpha + under[u + c]! * kept) / outAlpha : 0;
      }
      under[u + 3] = outAlpha;
    }
  }
}

/** Edges as a layer: one colour whose opacity is the edge's strength times `gain`. */
export function tintEdges(
  edges: Float32Array,
  out: Float32Array,
  gain: number,
  [red, green, blue]: readonly [number, number, number],
): void {
  for (let i = 0, p = 0; i < edges.length; i++, p += 4) {
    out[p] = red;
    out[p + 1] = green;
    out[p + 2] = blue;
    out[p + 3] = clamp(gain * edges[i]!, 0, 1);
  }
}
