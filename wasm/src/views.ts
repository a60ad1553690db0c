// Whole-buffer operations on elements: fill, copies in and out, and conversion. Where the strides leave
// gaps or another order, elements go one by one in the order of the shape; else all at once.
import { BufferHandle } from './buffer.js';
import { InvalidArgumentError } from './errors.js';
import { fromHalf, type HalfFormat, toHalf } from './halves.js';
import { elementCount, forEachPlace } from './strides.js';
import type { Buffer, CopySource, CopyTarget, DType, PackedBuffer } from './types.js';
import { type BufferSpec, optionsBag, type ResolvedSpec, resolveAlloc } from './validate.js';

type Elements = { readonly length: number; [index: number]: number | bigint };
type Convert = (value: number | bigint) => number | bigint;

const same: Convert = (value) => value;
const arrayTags = /^(?:Big)?(?:Uint|Int|Float)\d+(?:Clamped)?Array$/;

function tagOf(array: ArrayBufferView): string {
  return Object.prototype.toString.call(array).slice(8, -1);
}

function isElements(value: unknown): value is Elements & ArrayBufferView {
  return ArrayBuffer.isView(value) && arrayTags.test(tagOf(value));
}

function isHalf(dtype: DType): dtype is HalfFormat {
  return dtype === 'float16' || dtype === 'bfloat16';
}

const isBig = (dtype: DType): boolean => dtype === 'int64' || dtype === 'uint64';

/** Elements that the buffer's shape has. */
const lengthOf = (buffer: Buffer): number => elementCount(buffer.shape);

/** Whether its elements lie in the order of its shape, without gaps. */
function dense(spec: BufferSpec): boolean {
  return spec.strides === null;
}

/** From numbers as JavaScript has them to what the view of `dtype` holds. */
function encoder(dtype: DType, argument: string): Convert {
  if (isHalf(dtype)) return (value) => toHalf(dtype, Number(value));
  if (dtype === 'boolean') return (value) => (value ? 1 : 0);
  if (!isBig(dtype)) return Number;
  return (value) => {
    if (typeof value === 'bigint') return value;
    if (!Number.isInteger(value)) throw new InvalidArgumentError(argument, `whole numbers, for ${dtype}`, value);
    return BigInt(value);
  };
}

/** From what the view of `dtype` holds to numbers. */
function decoder(dtype: DType): Convert {
  return isHalf(dtype) ? (bits) => fromHalf(dtype, bits as number) : same;
}

function write(buffer: BufferHandle, convert: Convert, at: (index: number) => number | bigint): void {
  const view = buffer.view() as Elements;
  if (dense(BufferHandle.specOf(buffer))) {
    for (let index = 0; index < view.length; index += 1) view[index] = convert(at(index));
    return;
  }
  forEachPlace(buffer.shape, buffer.strides, (place, index) => {
    view[place] = convert(at(index));
  });
}

function read(buffer: BufferHandle, convert: Convert, to: Elements): void {
  const view = buffer.view() as Elements;
  if (dense(BufferHandle.specOf(buffer))) {
    for (let index = 0; index < view.length; index += 1) to[index] = convert(view[index] as number | bigint);
    return;
  }
  forEachPlace(buffer.shape, buffer.strides, (place, index) => {
    to[index] = convert(view[place] as number | bigint);
  });
}

export function fill(buffer: BufferHandle, value: number | bigint): void {
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw new InvalidArgumentError('value', 'a number or a bigint', value);
  }
  const element = encoder(buffer.dtype, 'value')(value);
  if (dense(BufferHandle.specOf(buffer))) (buffer.view() as Uint8Array).fill(element as number);
  else write(buffer, same, () => element);
}

export function copyFrom(buffer: BufferHandle, source: CopySource): void {
  const spec = BufferHandle.specOf(buffer);
  if (BufferHandle.is(source)) {
    sameLength(lengthOf(buffer), lengthOf(source), 'source', source);
    const inOrder = dense(spec) && dense(BufferHandle.specOf(source));
    if (source.dtype === buffer.dtype && inOrder) (buffer.view() as Uint8Array).set(source.view() as Uint8Array);
    else fromNumbers(buffer, numbersOf(source));
  } else if (source instanceof ArrayBuffer || source instanceof DataView) {
    const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : bytesOf(source);
    if (bytes.length !== buffer.nbytes) {
      throw new InvalidArgumentError('source', `${buffer.nbytes} bytes, as many as the buffer has`, bytes.length);
    }
    bytesOf(buffer.view()).set(bytes);
  } else if (isElements(source) || Array.isArray(source)) {
    sameLength(lengthOf(buffer), source.length, 'source', source);
    if (!isElements(source)) allNumbers(source);
    const view = buffer.view();
    // float16 and bfloat16 are their bits in an array of the view's own type, and numbers in any other.
    const bits = isElements(source) && source.constructor === view.constructor && buffer.dtype !== 'boolean';
    if (bits && dense(spec)) (view as Uint8Array).set(source as unknown as Uint8Array);
    else if (bits) write(buffer, same, (index) => (source as Elements)[index] as number);
    else fromNumbers(buffer, source as Elements);
  } else {
    const expected = 'a buffer, a typed array, an array of numbers, an ArrayBuffer or a DataView';
    throw new InvalidArgumentError('source', expected, source);
  }
}

export function copyTo(buffer: BufferHandle, target: CopyTarget): void {
  if (BufferHandle.is(target)) {
    copyFrom(target, buffer as CopySource);
    return;
  }
  if (!isElements(target)) throw new InvalidArgumentError('target', 'a buffer or a typed array', target);
  sameLength(lengthOf(buffer), target.length, 'target', target);
  const view = buffer.view();
  if (target.constructor === view.constructor && dense(BufferHandle.specOf(buffer))) {
    (target as unknown as Uint8Array).set(view as Uint8Array);
    return;
  }
  const sameBits = target.constructor === view.constructor;
  const big = tagOf(target).startsWith('Big');
  const decode = sameBits ? same : decoder(buffer.dtype);
  const toTarget = encoder(big ? 'int64' : 'float64', 'target');
  read(buffer, (value) => toTarget(decode(value)), target);
}

export function toFloat32Array(buffer: BufferHandle): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(lengthOf(buffer));
  copyTo(buffer, floats);
  return floats;
}

export function pack<D extends DType>(buffer: BufferHandle<D>): PackedBuffer<D> {
  const { dtype, shape, strides, label } = buffer;
  const bytes = bytesOf(buffer.view()).slice().buffer;
  // The elements behind the last whole one, of a buffer of an odd number of bytes, stay behind.
  return { bytes, dtype, shape: [...shape], strides: [...strides], label };
}

/** What a packed buffer asks for; refuses what is none. */
export function resolvePacked(packed: PackedBuffer): { spec: ResolvedSpec; bytes: ArrayBuffer } {
  const { bytes, ...spec } = optionsBag(packed, 'packed') as Partial<PackedBuffer>;
  if (!(bytes instanceof ArrayBuffer)) throw new InvalidArgumentError('packed.bytes', 'an ArrayBuffer', bytes);
  const resolved = resolveAlloc(spec);
  if (bytes.byteLength !== resolved.nbytes) {
    const expected = `${resolved.nbytes} bytes, as many as its shape has`;
    throw new InvalidArgumentError('packed.bytes', expected, bytes.byteLength);
  }
  return { spec: resolved, bytes };
}

export function unpackBytes(buffer: BufferHandle, bytes: ArrayBuffer): void {
  bytesOf(buffer.view()).set(new Uint8Array(bytes));
}

function bytesOf(view: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}

function fromNumbers(buffer: BufferHandle, numbers: Elements | readonly number[]): void {
  write(buffer, encoder(buffer.dtype, 'source'), (index) => numbers[index] as number);
}

/** A copy of its elements as numbers, in the order of the shape. It may overlap what is written. */
function numbersOf(buffer: BufferHandle): Elements {
  const { View } = BufferHandle.specOf(buffer).dtype;
  const numbers: Elements = isBig(buffer.dtype)
    ? new View(new ArrayBuffer(lengthOf(buffer) * 8), 0, lengthOf(buffer))
    : new Float64Array(lengthOf(buffer));
  read(buffer, decoder(buffer.dtype), numbers);
  return numbers;
}

function allNumbers(source: readonly unknown[]): void {
  const odd = source.findIndex((value) => typeof value !== 'number' && typeof value !== 'bigint');
  if (odd >= 0) throw new InvalidArgumentError(`source[${odd}]`, 'a number or a bigint', source[odd]);
}

function sameLength(expected: number, received: number, argument: string, value: unknown): void {
  if (received === expected) return;
  throw new InvalidArgumentError(argument, `${expected} elements, as many as the buffer has`, value);
}
