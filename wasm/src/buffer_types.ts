/// <reference lib="esnext.disposable" preserve="true" />
// The public types of buffers: what they are made from, what they can do, and what their views are.

/** Element types; the same names stand in C++ and in trace files. */
export type DType =
  | 'uint8'
  | 'uint8_clamped'
  | 'int8'
  | 'boolean'
  | 'uint16'
  | 'int16'
  | 'float16'
  | 'bfloat16'
  | 'uint32'
  | 'int32'
  | 'float32'
  | 'uint64'
  | 'int64'
  | 'float64';

/** The typed array that `view()` gives for each dtype (`float16` and `bfloat16` as their bits, `boolean` as bytes). */
export interface ViewOf {
  uint8: Uint8Array<ArrayBuffer>;
  uint8_clamped: Uint8ClampedArray<ArrayBuffer>;
  int8: Int8Array<ArrayBuffer>;
  boolean: Uint8Array<ArrayBuffer>;
  uint16: Uint16Array<ArrayBuffer>;
  int16: Int16Array<ArrayBuffer>;
  float16: Uint16Array<ArrayBuffer>;
  bfloat16: Uint16Array<ArrayBuffer>;
  uint32: Uint32Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  float32: Float32Array<ArrayBuffer>;
  uint64: BigUint64Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  float64: Float64Array<ArrayBuffer>;
}

/** What to allocate: bytes, or a shape and a dtype. */
export interface AllocSpec<D extends DType = DType> {
  nbytes?: number;
  shape?: readonly number[];
  /** How far apart neighbours along each axis lie, in elements. Default: row-major, without gaps. */
  strides?: readonly number[];
  /** Default 'uint8'. */
  dtype?: D;
  label?: string;
}

/** What part of a buffer a subview shows. Without shape or nbytes: to the end. */
export interface SubviewSpec<D extends DType = DType> {
  nbytes?: number;
  shape?: readonly number[];
  /** How far apart neighbours along each axis lie, in elements. Default: row-major, without gaps. */
  strides?: readonly number[];
  /** Default: the dtype of the buffer that is viewed. */
  dtype?: D;
  label?: string;
}

/** A handle on a buffer in WebAssembly memory. Alive until disposed, dropped, or its manager closes. */
export interface Buffer<D extends DType = DType> extends Disposable {
  /** Slot + generation * 2^32; no two lifetimes share one. */
  readonly id: number;
  readonly nbytes: number;
  /** The block that it occupies, rounded up; 0 for subviews, and once disposed. */
  readonly capacity: number;
  readonly dtype: D;
  readonly shape: readonly number[];
  /** How far apart neighbours along each axis lie in `view()`, in elements. */
  readonly strides: readonly number[];
  readonly label: string;
  readonly isView: boolean;
  /** True after dispose, destroy, or the manager's close. */
  readonly disposed: boolean;
  /**
   * The bytes as a typed array of the dtype. Derive it afresh after every allocation: growth of the
   * memory and compaction detach old views. Throws `UseAfterDisposeError`.
   */
  view(): ViewOf[D];
  /** Every element becomes `value`. Returns the buffer, as `copyFrom` does. */
  fill(value: number | bigint): this;
  /**
   * Takes as many elements as it has, in the order of the shape; numbers are converted to its dtype. `float16` and
   * `bfloat16` take a `Uint16Array` as their bits. An `ArrayBuffer` or a `DataView` is taken byte by byte.
   */
  copyFrom(source: CopySource): this;
  /** Gives its elements, in the order of the shape and converted as by `copyFrom`, to an array or buffer of that length. */
  copyTo<T extends CopyTarget>(target: T): T;
  /** A copy of its elements as numbers, in the order of the shape: `float16` and `bfloat16` too. */
  toFloat32Array(): Float32Array<ArrayBuffer>;
  /**
   * A copy to send to another thread: `postMessage(packed, [packed.bytes])` moves the bytes, and the other side's
   * `gc.unpack(packed)` copies them into its own memory. Managers share no memory.
   */
  pack(): PackedBuffer<D>;
  /** For native code that keeps the address: holds the bytes where they are until the pin is disposed. */
  pin(): Pin;
  /** A part of the buffer as a buffer of its own, that keeps its base alive. */
  subview<E extends DType = D>(byteOffset: number, spec?: SubviewSpec<E>): Buffer<E>;
  /** Lets go of this handle; the memory goes when no subview or link holds it. A second call does nothing. */
  dispose(): void;
  /** Ends the buffer now, whoever else holds it: every handle and subview answers "disposed". */
  destroy(): void;
  [Symbol.dispose](): void;
}

type Elements =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;
export type CopySource = Buffer | Elements | readonly number[] | readonly bigint[] | ArrayBuffer | DataView;
export type CopyTarget = Buffer | Elements;

/** A buffer on its way to another thread. `bytes` is a copy, and may be transferred. */
export interface PackedBuffer<D extends DType = DType> {
  bytes: ArrayBuffer;
  dtype: D;
  shape: number[];
  strides: number[];
  label: string;
}

/** Holds a buffer's bytes in place, and the buffer alive. Nobody else lets go of it: dispose it. */
export interface Pin extends Disposable {
  /** Where the bytes begin in the WebAssembly memory. */
  readonly byteOffset: number;
  dispose(): void;
  [Symbol.dispose](): void;
}
