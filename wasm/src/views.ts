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
const typedArrays = Object.getPrototypeOf(Uint8Array.prototype) as object;
const tag = Object.getOwnPropertyDescriptor(typedArrays, Symbol.toStringTag)?.get as () => string | undefined;

/** Which typed array it is, whatever it says of itself; undefined: none. */
function tagOf(value: unknown): string | undefined {
  return tag.call(value);
}

function isElements(value: unknown): value is Elements & ArrayBufferView {
  return tagOf(value) !== undefined;
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
    const bytes = attached(source, 'source');
    if (bytes.length !== buffer.nbytes) {
      throw new InvalidArgumentError('source', `${buffer.nbytes} bytes, as many as the buffer has`, bytes.length);
    }
    bytesOf(buffer.view()).set(bytes);
  } else if (isElements(source) || Array.isArray(source)) {
    const elements = isElements(source);
    sameLength(lengthOf(buffer), source.length, 'source', source);
    const numbers = elements ? source : numbersIn(source, lengthOf(buffer));
    const view = buffer.view();
    // float16 and bfloat16 are their bits in an array of the view's own type, and numbers in any other.
    const bits = tagOf(source) === tagOf(view) && buffer.dtype !== 'boolean';
    if (bits && dense(spec)) copy(source, view);
    else if (bits) write(buffer, same, (index) => numbers[index] as number);
    else fromNumbers(buffer, numbers);
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
  const sameBits = tagOf(target) === tagOf(view);
  if (sameBits && dense(BufferHandle.specOf(buffer))) {
    copy(view, target);
    return;
  }
  const big = tagOf(target)?.startsWith('Big');
  const decode = sameBits ? same : decoder(buffer.dtype);
  const toTarget = encoder(big ? 'int64' : 'float64', 'target');
  read(buffer, (value) => toTarget(decode(value)), target);
}

export function toFloat32Array(buffer: BufferHandle): Float32Array<ArrayBuffer> {
  const floats = arrayOf(lengthOf(buffer), 'shape', (length) => new Float32Array(length));
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
export function resolvePacked(packed: PackedBuffer): { spec: ResolvedSpec; bytes: Uint8Array } {
  const { bytes, ...spec } = optionsBag(packed, 'packed') as Partial<PackedBuffer>;
  if (!(bytes instanceof ArrayBuffer)) throw new InvalidArgumentError('packed.bytes', 'an ArrayBuffer', bytes);
  const resolved = resolveAlloc(spec);
  const all = attached(bytes, 'packed.bytes');
  if (all.length !== resolved.nbytes) {
    const expected = `${resolved.nbytes} bytes, as many as its shape has`;
    throw new InvalidArgumentError('packed.bytes', expected, all.length);
  }
  return { spec: resolved, bytes: all };
}

export function unpackBytes(buffer: BufferHandle, bytes: Uint8Array): void {
  bytesOf(buffer.view()).set(bytes);
}

function bytesOf(view: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}

/** From one typed array to another of its kind and length. Where that is 0, one may have lost its memory. */
function copy(from: unknown, to: unknown): void {
  if ((to as Uint8Array).length > 0) (to as Uint8Array).set(from as Uint8Array);
}

/** The bytes of an argument, which may have lost its memory: transferred, shrunk, or grown away under a view. */
function attached(source: ArrayBuffer | ArrayBufferView, argument: string): Uint8Array {
  try {
    return source instanceof ArrayBuffer ? new Uint8Array(source) : bytesOf(source);
  } catch {
    throw new InvalidArgumentError(argument, 'memory that is not detached', source);
  }
}

function arrayOf<A>(length: number, argument: string, make: (length: number) => A): A {
  try {
    return make(length);
  } catch {
    throw new InvalidArgumentError(argument, 'fewer elements', length);
  }
}

function fromNumbers(buffer: BufferHandle, numbers: Elements | readonly number[]): void {
  write(buffer, encoder(buffer.dtype, 'source'), (index) => numbers[index] as number);
}

/** A copy of its elements as numbers, in the order of the shape. It may overlap what is written. */
function numbersOf(buffer: BufferHandle): Elements {
  const { View } = BufferHandle.specOf(buffer).dtype;
  const numbers = arrayOf<Elements>(lengthOf(buffer), 'source', (length) =>
    isBig(buffer.dtype) ? new View(new ArrayBuffer(length * 8), 0, length) : new Float64Array(length),
  );
  read(buffer, decoder(buffer.dtype), numbers);
  return numbers;
}

/** A copy, each element looked at once: to look may be the user's code, which may do anything. */
function numbersIn(source: readonly unknown[], length: number): Elements {
  const numbers: (number | bigint)[] = [];
  for (let index = 0; index < length; index += 1) {
    const value = source[index];
    if (typeof value !== 'number' && typeof value !== 'bigint') {
      throw new InvalidArgumentError(`source[${index}]`, 'a number or a bigint', value);
    }
    numbers.push(value);
  }
  return numbers;
}

function sameLength(expected: number, received: number, argument: string, value: unknown): void {
  if (received === expected) return;
  throw new InvalidArgumentError(argument, `${expected} elements, as many as the buffer has`, value);
}
