// The example of the README: ten lines that show what bufgc does.
import { load } from 'bufgc';

const gc = await load({ budgetBytes: 64 * 2 ** 20, visualizer: true });
const brightest = gc.scope(() => {
  const image = gc.alloc({ shape: [1080, 1920, 4], dtype: 'uint8', label: 'frame' });
  image.view().fill(128); // a Uint8Array over WebAssembly memory
  const row = image.subview(1920 * 4 * 540, { shape: [1920, 4] });
  gc.finalize(image, 'frame', (name) => console.log(`${name} is released`));
  return row.view().reduce((a, b) => Math.max(a, b));
}); // image and row are disposed here
for (let i = 0; i < 1000; i += 1) await gc.allocAsync(2 ** 20); // dropped: the engine's GC gives them back
console.log(
  `brightest ${brightest}, reserved at most ${gc.stats().peak_reserved_bytes <= gc.budgetBytes ? 'the budget' : 'more'}`,
);
console.log(`${gc.visualizer.snapshot().lifecycles.length} lifecycles recorded`);
gc.close();
