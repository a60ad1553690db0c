// Element types: their numbers in C++ (the order of BUFGC_DTYPES), item sizes and typed arrays.
import { InvalidArgumentError } from './errors.js';
import type { DType, ViewOf } from './types.js';

type ViewConstructor<V> = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => V;

export interface DTypeInfo<D extends DType = DType> {
  readonly name: D;
  readonly code: number;
  readonly itemBytes: number;
  readonly View: ViewConstructor<ViewOf[D]>;
}

type ViewConstructors = { readonly [D in DType]: ViewConstructor<ViewOf[D]> & { readonly BYTES_PER_ELEMENT: number } };

const constructors: ViewConstructors = {
  uint8: Uint8Array,
  uint8_clamped: Uint8ClampedArray,
  int8: Int8Array,
  boolean: Uint8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float64: Float64Array,
};

/** Names of the element types, in the order of their numbers. */
export const dtypes = Object.freeze(Object.keys(constructors) as DType[]);

const infos = new Map<unknown, DTypeInfo>(
  dtypes.map((name, code) => {
    const View = constructors[name] as ViewConstructor<ViewOf[DType]> & { readonly BYTES_PER_ELEMENT: number };
    return [name, { name, code, itemBytes: View.BYTES_PER_ELEMENT, View }];
  }),
);

export const uint8 = infos.get('uint8') as DTypeInfo<'uint8'>;

/** What is known of a dtype; refuses what is none. */
export function dtypeInfo(dtype: unknown, argument: string): DTypeInfo {
  const info = infos.get(dtype);
  if (info === undefined) throw new InvalidArgumentError(argument, `one of ${dtypes.join(', ')}`, dtype);
  return info;
}
