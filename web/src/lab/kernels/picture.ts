// The built-in picture, drawn by code: a mountain lake at dusk. Every pixel is a function of its
// place and the seed, so that the pipeline has gradients, texture and hard edges to work on.

/** A repeatable value in 0 … 1 for a lattice point. */
function lattice(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

function noise(x: number, y: number, seed: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const fx = (x - x0) * (x - x0) * (3 - 2 * (x - x0));
  const fy = (y - y0) * (y - y0) * (3 - 2 * (y - y0));
  const top = lattice(x0, y0, seed) * (1 - fx) + lattice(x0 + 1, y0, seed) * fx;
  const bottom = lattice(x0, y0 + 1, seed) * (1 - fx) + lattice(x0 + 1, y0 + 1, seed) * fx;
  return top * (1 - fy) + bottom * fy;
}

function layered(x: number, y: number, seed: number, octaves: number): number {
  let sum = 0;
  let weight = 0.5;
  for (let i = 0; i < octaves; i++) {
    sum += weight * noise(x * 2 ** i, y * 2 ** i, seed + i);
    weight /= 2;
  }
  return sum;
}

type Colour = readonly [number, number, number];
const mix = (a: Colour, b: Colour, t: number): Colour => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];

const RANGES: readonly { base: number; rise: number; scale: number; near: Colour; far: Colour }[] = [
  { base: 0.5, rise: 0.34, scale: 3.1, near: [106, 104, 148], far: [206, 168, 176] },
  { base: 0.57, rise: 0.26, scale: 4.7, near: [62, 72, 116], far: [130, 116, 152] },
  { base: 0.63, rise: 0.15, scale: 8.3, near: [24, 34, 62], far: [56, 64, 100] },
];
const WATERLINE = 0.66;

/** What stands above the water at (u, v), both in 0 … 1 of the picture. */
function land(u: number, v: number, seed: number): Colour {
  const sky = mix([44, 52, 108], [252, 178, 120], Math.min(1, v / WATERLINE) ** 1.4);
  const sun = Math.hypot((u - 0.68) * 1.34, v - 0.37);
  let colour = mix(sky, [255, 232, 180], Math.exp(-sun * 7) * 0.85);
  if (sun < 0.062) colour = [255, 244, 214];
  const cloud = layered(u * 4, v * 14, seed + 70, 4);
  if (v < 0.4) colour = mix(colour, [255, 206, 190], Math.max(0, cloud - 0.5) * 1.5);
  RANGES.forEach((range, i) => {
    const ridge = range.base - range.rise * layered(u * range.scale, i * 9.7, seed + 10 * i, 6) ** 1.5;
    if (v > ridge) {
      const shade = layered(u * 26, v * 26, seed + 30 + i, 3);
      colour = mix(mix(range.far, range.near, Math.min(1, (v - ridge) * 5)), [14, 18, 36], shade * 0.4);
    }
  });
  return colour;
}

/** RGBA of width × height. */
export function drawPicture(out: Uint8ClampedArray, width: number, height: number, seed: number): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = x / width;
      const v = y / height;
      let colour: Colour;
      if (v < WATERLINE) {
        colour = land(u, v, seed);
      } else {
        const depth = (v - WATERLINE) / (1 - WATERLINE);
        const ripple = (layered(u * 12, v * 90, seed + 50, 3) - 0.44) * 0.03 * (0.4 + depth);
        const mirrored = land(u + ripple, WATERLINE - (v - WATERLINE) * 1.25 + ripple, seed);
        const glint = layered(u * 30, v * 220, seed + 60, 2) > 0.56 ? 0.18 * (1 - depth) : 0;
        colour = mix(mix(mirrored, [22, 34, 66], 0.28 + 0.35 * depth), [255, 226, 190], glint);
      }
      const p = (y * width + x) * 4;
      out[p] = colour[0];
      out[p + 1] = colour[1];
      out[p + 2] = colour[2];
      out[p + 3] = 255;
    }
  }
}
