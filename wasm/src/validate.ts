// Arguments are checked here, before anything native runs, so that every refusal names the argument.
import { type DTypeInfo, dtypeInfo, uint8 } from './dtype.js';
import { InvalidArgumentError } from './errors.js';
import { denseStrides, reach } from './strides.js';
import type { DType } from './types.js';

/** What a 32-bit WebAssembly memory can address. */
export const maxBytes = 2 ** 32 - 1;
const maxRank = 8;

/** What a handle keeps of its spec. */
export interface BufferSpec<D extends DType = DType> {
  readonly dtype: DTypeInfo<D>;
  /** null: not given; the buffer is a flat row of elements. */
  readonly shape: readonly number[] | null;
  /** null: row-major, without gaps. */
  readonly strides: readonly number[] | null;
  readonly label: string;
  readonly isView: boolean;
}

/** A spec in full: what native calls take. */
export interface ResolvedSpec<D extends DType = DType> extends BufferSpec<D> {
  readonly nbytes: number;
}

/** A plain row of bytes. */
export const flatBytes: BufferSpec = {
  dtype: uint8,
  shape: null,
  strides: null,
  label: '',
  isView: false,
};

/** A whole number from 0 to `most`. */
export function wholeNumber(value: unknown, argument: string, most = maxBytes): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
    throw new InvalidArgumentError(argument, `a whole number from 0 to ${most}`, value);
  }
  return value + 0; // -0 becomes 0
}

export function callback(value: unknown, argument: string): void {
  if (typeof value !== 'function') throw new InvalidArgumentError(argument, 'a function', value);
}

export function text(value: unknown, argument: string): string {
  if (typeof value !== 'string') throw new InvalidArgumentError(argument, 'a string', value);
  return value;
}

/** Milliseconds, finite or Infinity. */
export function milliseconds(value: unknown, argument: string): number {
  if (typeof value !== 'number' || Number.isNaN(value) || value < 0) {
    throw new InvalidArgumentError(argument, 'milliseconds, 0 or more', value);
  }
  return value;
}

/** A budget: whole bytes above 0, or Infinity for none. */
export function budget(value: unknown, argument: string): number {
  if (value === Infinity) return Infinity;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) {
    throw new InvalidArgumentError(argument, 'a whole number of bytes above 0, or Infinity', value);
  }
  return value;
}

export function flag(value: unknown, argument: string): boolean {
  if (typeof value !== 'boolean') throw new InvalidArgumentError(argument, 'true or false', value);
  return value;
}

/** A part of a whole: above 0, at most 1. */
export function part(value: unknown, argument: string): number {
  if (typeof value !== 'number' || !(value > 0 && value <= 1)) {
    throw new InvalidArgumentError(argument, 'a number above 0 and at most 1', value);
  }
  return value;
}

/** Whether, or for every how many, something is done: 0 for never, n for every nth. */
export function every(value: unknown, argument: string): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > maxBytes) {
    throw new InvalidArgumentError(argument, 'true, false, or a whole number above 0', value);
  }
  return value;
}

/** The options of an options bag: an object, or nothing. */
export function optionsBag<T extends object>(value: T | undefined, argument: string): T {
  if (value === undefined) return {} as T;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError(argument, 'an object of options', value);
  }
  return value;
}

interface LooseSpec {
  readonly nbytes?: number | undefined;
  readonly shape?: readonly number[] | undefined;
  readonly strides?: readonly number[] | undefined;
  readonly dtype?: DType | undefined;
  readonly label?: string | undefined;
}

/** Checks a number of bytes or a spec and fills in what it leaves out. */
export function resolveAlloc(spec: number | LooseSpec): ResolvedSpec {
  if (typeof spec !== 'object' || spec === null) {
    return { nbytes: wholeNumber(spec, 'nbytes'), ...flatBytes };
  }
  if (Array.isArray(spec)) throw new InvalidArgumentError('spec', 'a number of bytes or { shape, dtype, … }', spec);
  const resolved = resolveShape(spec, uint8, false);
  if (resolved.nbytes === undefined) {
    throw new InvalidArgumentError('spec', 'nbytes or a shape', spec);
  }
  return resolved as ResolvedSpec;
}

/** Checks a subview's spec against what it views; without shape or nbytes it goes to the end. */
export function resolveView(
  byteOffset: number,
  spec: LooseSpec | undefined,
  base: { readonly nbytes: number; readonly dtype: DTypeInfo },
): ResolvedSpec {
  wholeNumber(byteOffset, 'byteOffset');
  if (byteOffset > base.nbytes) {
    throw new InvalidArgumentError('byteOffset', `at most the buffer's ${base.nbytes} bytes`, byteOffset);
  }
  const resolved = resolveShape(optionsBag(spec, 'spec'), base.dtype, true);
  if (byteOffset % resolved.dtype.itemBytes !== 0) {
    const { name, itemBytes } = resolved.dtype;
    throw new InvalidArgumentError('byteOffset', `a multiple of ${itemBytes}, the item size of ${name}`, byteOffset);
  }
  const room = base.nbytes - byteOffset;
  const nbytes = resolved.nbytes ?? room;
  if (nbytes > room) {
    const argument = resolved.shape === null ? 'nbytes' : 'shape';
    const expected = `at most the ${room} bytes from offset ${byteOffset} to the buffer's end`;
    throw new InvalidArgumentError(argument, expected, resolved.shape ?? nbytes);
  }
  return { ...resolved, nbytes };
}

function resolveShape(
  spec: LooseSpec,
  defaultDtype: DTypeInfo,
  isView: boolean,
): Omit<ResolvedSpec, 'nbytes'> & { nbytes: number | undefined } {
  // Each looked at once, and arrays copied: what was checked is what is used.
  const { dtype: name, label: words = '', nbytes: size, shape: extents, strides: steps } = spec;
  const dtype = name === undefined ? defaultDtype : dtypeInfo(name, 'dtype');
  const label = text(words, 'label');
  const nbytes = size === undefined ? undefined : wholeNumber(size, 'nbytes');
  if (extents === undefined) {
    if (steps !== undefined) throw new InvalidArgumentError('strides', 'a shape beside them', steps);
    return { nbytes, dtype, shape: null, strides: null, label, isView };
  }
  const shape = extentsOf(extents);
  const denseBytes = bytesOfShape(shape, dtype);
  const strides = steps === undefined ? null : stridesOf(steps, shape);
  const shapeBytes = strides === null ? denseBytes : bytesOfStrides(shape, strides, dtype);
  if (nbytes !== undefined && nbytes !== shapeBytes) {
    throw new InvalidArgumentError('nbytes', `${shapeBytes}, the size of the shape given beside it, or none`, nbytes);
  }
  return { nbytes: shapeBytes, dtype, shape, strides, label, isView };
}

function extentsOf(shape: unknown): number[] {
  const rank = Array.isArray(shape) ? shape.length : Infinity;
  if (rank > maxRank) throw new InvalidArgumentError('shape', `an array of at most ${maxRank} extents`, shape);
  const extents: number[] = [];
  for (let axis = 0; axis < rank; axis += 1) {
    const extent: unknown = (shape as unknown[])[axis];
    // Names are made for errors only.
    const plain = typeof extent === 'number' && extent >>> 0 === extent;
    extents.push(plain ? extent >>> 0 : wholeNumber(extent, `shape[${axis}]`));
  }
  return extents;
}

/** null where they are row-major, without gaps. */
function stridesOf(strides: readonly number[], shape: readonly number[]): readonly number[] | null {
  if (!Array.isArray(strides) || strides.length !== shape.length) {
    throw new InvalidArgumentError('strides', `an array of ${shape.length} strides, one an axis of the shape`, strides);
  }
  const steps = shape.map((_, axis) => wholeNumber(strides[axis], `strides[${axis}]`));
  const dense = denseStrides(shape);
  return steps.every((step, axis) => step === dense[axis]) ? null : steps;
}

function bytesOfStrides(shape: readonly number[], strides: readonly number[], dtype: DTypeInfo): number {
  const bytes = reach(shape, strides) * dtype.itemBytes;
  if (bytes > maxBytes) {
    throw new InvalidArgumentError('strides', `strides whose ${dtype.name} elements fit ${maxBytes} bytes`, strides);
  }
  return bytes;
}

function bytesOfShape(shape: readonly number[], dtype: DTypeInfo): number {
  let bytes = dtype.itemBytes;
  let empty = false;
  for (const extent of shape) {
    // Held at 2^33, so that no product of any number of extents can lose its magnitude.
    if (extent !== 0) bytes = Math.min(bytes * extent, 2 ** 33);
    else empty = true;
  }
  if (empty) return 0;
  if (bytes > maxBytes) {
    throw new InvalidArgumentError('shape', `extents whose ${dtype.name} elements fit ${maxBytes} bytes`, shape);
  }
  return bytes;
}
