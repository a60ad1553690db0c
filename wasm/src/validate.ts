// Arguments are checked here, before anything native runs, so that every refusal names the argument.
import { type DTypeInfo, dtypeInfo, uint8 } from './dtype.js';
import { InvalidArgumentError } from './errors.js';
import type { DType } from './types.js';

/** What a 32-bit WebAssembly memory can address. */
export const maxBytes = 2 ** 32 - 1;
const maxRank = 8;

/** A spec in full: what native calls take. */
export interface ResolvedSpec<D extends DType = DType> {
  readonly nbytes: number;
  readonly dtype: DTypeInfo<D>;
  /** null: not given; the buffer is a flat row of elements. */
  readonly shape: readonly number[] | null;
  readonly label: string;
}

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
    throw new InvalidArgumentError(argument, 'a number of milliseconds, 0 or more', value);
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
  readonly dtype?: DType | undefined;
  readonly label?: string | undefined;
}

/** Checks a number of bytes or a spec and fills in what it leaves out. */
export function resolveAlloc(spec: number | LooseSpec): ResolvedSpec {
  if (typeof spec !== 'object' || spec === null) {
    return { nbytes: wholeNumber(spec, 'nbytes'), dtype: uint8, shape: null, label: '' };
  }
  if (Array.isArray(spec)) throw new InvalidArgumentError('spec', 'a number of bytes or { shape, dtype, … }', spec);
  const resolved = resolveShape(spec, uint8);
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
  const resolved = resolveShape(optionsBag(spec, 'spec'), base.dtype);
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
): Omit<ResolvedSpec, 'nbytes'> & { nbytes: number | undefined } {
  const dtype = spec.dtype === undefined ? defaultDtype : dtypeInfo(spec.dtype, 'dtype');
  const label = spec.label === undefined ? '' : text(spec.label, 'label');
  const nbytes = spec.nbytes === undefined ? undefined : wholeNumber(spec.nbytes, 'nbytes');
  if (spec.shape === undefined) return { nbytes, dtype, shape: null, label };
  const shapeBytes = bytesOfShape(spec.shape, dtype);
  if (nbytes !== undefined && nbytes !== shapeBytes) {
    throw new InvalidArgumentError('nbytes', `${shapeBytes}, the size of the shape given beside it, or none`, nbytes);
  }
  return { nbytes: shapeBytes, dtype, shape: spec.shape.slice(), label };
}

function bytesOfShape(shape: readonly number[], dtype: DTypeInfo): number {
  if (!Array.isArray(shape) || shape.length > maxRank) {
    throw new InvalidArgumentError('shape', `an array of at most ${maxRank} extents`, shape);
  }
  let bytes = dtype.itemBytes;
  let empty = false;
  for (let axis = 0; axis < shape.length; axis += 1) {
    const extent = shape[axis] as number;
    if (typeof extent !== 'number' || extent >>> 0 !== extent) wholeNumber(extent, `shape[${axis}]`);
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
