// Compiled, never run: a user's program against the package's types.
import { type Buffer, InvalidArgumentError, load, type Manager, OutOfMemoryError, type Stats } from 'bufgc';

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
// @ts-expect-error: no such format
gc.visualizer.export('xml');

export { bytes, defaulted, floats, found, half, pixels, result, same, stats, two, wide, wrong };
