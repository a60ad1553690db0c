// A canvas that shows a part of the trace. The browser's compositor moves and scales it, so that a frame of a
// gesture costs the page's thread a transform and no drawing.
import type { View } from '../engine/protocol.js';

export interface Extent {
  width: number; // CSS pixels
  height: number;
}

/** Magnified beyond this a picture shows nothing but a few of its pixels, and transforms lose their precision. */
const mostMagnified = 1 << 14;

export class Layer {
  /** What it shows. */
  protected view: View | null = null;

  constructor(readonly canvas: HTMLCanvasElement) {
    this.hide();
  }

  /** Where its range lies in `view`, which fills `extent`. */
  place(view: View, extent: Extent): void {
    const transform = this.transformIn(view, extent);
    if (transform === null) {
      this.hide();
      return;
    }
    this.canvas.style.transform = transform;
    this.canvas.style.visibility = 'visible';
  }

  private transformIn(view: View, extent: Extent): string | null {
    const own = this.view;
    if (!own) return null;
    const scaleX = (own.t1 - own.t0) / (view.t1 - view.t0);
    const scaleY = (own.y1 - own.y0) / (view.y1 - view.y0);
    if (!(Math.max(scaleX, scaleY) < mostMagnified)) return null;
    const x = ((own.t0 - view.t0) / (view.t1 - view.t0)) * extent.width;
    const y = ((view.y1 - own.y1) / (view.y1 - view.y0)) * extent.height;
    return `translate(${x}px, ${y}px) scale(${scaleX}, ${scaleY})`;
  }

  hide(): void {
    this.canvas.style.visibility = 'hidden';
  }

  raise(above: boolean): void {
    this.canvas.style.zIndex = above ? '1' : '0';
  }

  /** Paints the layer as it stands, into a context whose units are CSS pixels of the plot. */
  paint(context: CanvasRenderingContext2D, extent: Extent): void {
    if (this.canvas.style.visibility === 'hidden') return;
    context.save();
    const { a, d, e, f } = new DOMMatrix(this.canvas.style.transform);
    context.transform(a, 0, 0, d, e, f);
    context.drawImage(this.canvas, 0, 0, extent.width, extent.height);
    context.restore();
  }
}
