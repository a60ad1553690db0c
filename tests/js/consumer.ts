// Compiled, never run: a user's program against the package's types.
import {
  type Buffer,
  expectNoLeaks,
  type HeldReport,
  InvalidArgumentError,
  LeakError,
  load,
  type Manager,
  OutOfMemoryError,
  type PackedBuffer,
  type Stats,
} from 'bufgc';

const gc: Manager = await load({ budgetBytes: 2 ** 28, visualizer: true });
const image = gc.alloc({ shape: [1080, 1920, 4], dtype: 'uint8_clamped', label: 'frame' });
const pixels: Uint8ClampedArray = image.view();
const bytes: Uint8Array = gc.alloc(64).view();
const wide: BigInt64Array = gc.alloc({ nbytes: 64, dtype: 'int64' }).view();
const half: Uint16Array = gc.alloc({ shape: [4], dtype: 'float16' }).view();
const defaulted: Uint8Array = gc.alloc({ shape: [4] }).view();
const same: Uint8ClampedArray = image.subview(0).view();
const floats: Float32Array = image.subview(0, { dtype: 'float32' }).view();
const waited: Buffer<'float64'> = await gc.allocAsync({ shape: [2], dtype: 'float64' }, { timeoutMs: 5 });
const two: Float64Array[] = gc.scope(() => [waited.view()]);
const finalizer = gc.finalize(image, { n: 1 }, ({ n }) => String(n));
const result: string | undefined = finalizer.call();
const picture = new ImageData(image.view(), 1920, 1080);
const columns = image.subview(0, { shape: [1920, 1080], strides: [4, 7680] }).fill(0).strides;
const copied: Float32Array<ArrayBuffer> = image.copyFrom(picture.data).toFloat32Array();
const given: Float64Array = waited.copyTo(new Float64Array(2));
const packed: PackedBuffer<'float64'> = waited.pack();
const unpacked: Buffer<'float64'> = gc.unpack(packed);
const held: HeldReport = gc.held();
const counted: number = await expectNoLeaks(gc, async () => 5);
await load({ stableViews: true, budgetBytes: 2 ** 20, development: true, highWaterMark: 0.5, sites: 100 });
const stats: Stats = gc.stats();
const found: Buffer<'uint8_clamped'> | undefined = gc.weak(image).deref();
gc.visualizer.use('blur', { read: [image, waited], write: [] });
{
  using scoped = gc.alloc(8);
  scoped.view();
}
try {
  gc.alloc(2 ** 31);
} catch (error) {
  if (error instanceof OutOfMemoryError) console.log(error.requestedBytes, error.stats['live_bytes'], error.code);
  if (error instanceof LeakError) console.log(error.groups[0]?.stack);
  if (error instanceof InvalidArgumentError) console.log(error.argument, error.expected, error.received);
}
// @ts-expect-error: no such dtype
gc.alloc({ shape: [2], dtype: 'complex64' });
// @ts-expect-error: a shape is a list of numbers
gc.alloc({ shape: 2 });
// @ts-expect-error: ids are read only
image.id = 5;
// @ts-expect-error: a float view of bytes needs a subview
const wrong: Float32Array = image.view();
// @ts-expect-error: text is no element
image.fill('white');
// @ts-expect-error: no such format
gc.visualizer.export('xml');

export {
  bytes,
  columns,
  copied,
  counted,
  defaulted,
  floats,
  found,
  given,
  half,
  held,
  pixels,
  result,
  same,
  stats,
  two,
  unpacked,
  wide,
  wrong,
};
