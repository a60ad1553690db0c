// float16 and bfloat16, which JavaScript knows as bits only: to numbers and back, rounded to the nearest,
// ties to even, as hardware rounds.

const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);

export type HalfFormat = 'float16' | 'bfloat16';

function bitsOf(value: number): number {
  asFloat[0] = value;
  return asBits[0] as number;
}

function floatOf(bits: number): number {
  asBits[0] = bits;
  return asFloat[0] as number;
}

/** `bits` without its lowest `dropped` bits, rounded; never called for infinities and NaN. */
function roundedShift(bits: number, dropped: number): number {
  const half = 2 ** (dropped - 1);
  const odd = (bits >>> dropped) & 1;
  return (bits + half - 1 + odd) >>> dropped;
}

function toBfloat16(value: number): number {
  const bits = bitsOf(value);
  // A NaN keeps a bit that says so.
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return (bits & 0x7fffffff) === 0x7f800000 ? bits >>> 16 : roundedShift(bits, 16);
}

function toFloat16(value: number): number {
  const bits = bitsOf(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65,536 or more: infinity
  // The exponent's bias goes from 127 to 15; what carries out of the fraction raises the exponent, as it should.
  if (magnitude >= 0x38800000) return sign | roundedShift(magnitude - 0x38000000, 13);
  // Below the smallest normal number the fraction counts units of 2^-24.
  const exponent = magnitude >>> 23;
  if (exponent < 102) return sign;
  return sign | roundedShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

function fromFloat16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of `value`, which is first rounded to a float32. */
export function toHalf(format: HalfFormat, value: number): number {
  return format === 'float16' ? toFloat16(value) : toBfloat16(value);
}

export function fromHalf(format: HalfFormat, bits: number): number {
  return format === 'float16' ? fromFloat16(bits) : floatOf(bits << 16);
}
