// A layer that shows one picture of the engine.
import type { View } from '../engine/protocol.js';
import { Layer } from './layer.js';

export class PictureLayer extends Layer {
  /** Takes the bitmap over. */
  put(bitmap: ImageBitmap, view: View): void {
    const { canvas } = this;
    if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
    if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
    canvas.getContext('bitmaprenderer')!.transferFromImageBitmap(bitmap);
    this.view = view;
  }
}
