// Pictures of the lifecycle plot. The engine needs some milliseconds for one; until the sharp picture of
// the visible range stands, the last one is shown moved and scaled, over a picture of the whole trace.
import type { Axis, ColorBy, Engine, Layout, Theme, View } from '../engine/protocol.js';
import { sameView } from '../store/view.js';
import type { Extent } from './layer.js';
import { PictureLayer } from './picture-layer.js';

/** All that a picture depends on besides its range and size. */
export interface Style {
  layout: Layout;
  axis: Axis;
  colorBy: ColorBy;
  theme: Theme;
  filter: string;
  showCached: boolean;
  revision: number;
}

export interface Wish {
  view: View;
  whole: View;
  width: number; // device pixels
  height: number;
  style: Style;
}

interface Picture {
  layer: PictureLayer;
  view: View;
  style: Style;
  width: number;
  height: number;
}

const sameAxes = (a: Style, b: Style): boolean => a.axis === b.axis && a.layout === b.layout;
const sameStyle = (a: Style, b: Style): boolean =>
  sameAxes(a, b) &&
  a.colorBy === b.colorBy &&
  a.theme === b.theme &&
  a.filter === b.filter &&
  a.showCached === b.showCached &&
  a.revision === b.revision;

const serves = (picture: Picture | null, view: View, wish: Wish): boolean =>
  picture !== null &&
  sameView(picture.view, view) &&
  picture.width === wish.width &&
  picture.height === wish.height &&
  sameStyle(picture.style, wish.style);

export class Pictures {
  private refining = false;
  private front: Picture | null = null;
  private whole: Picture | null = null;
  private spare: PictureLayer[];
  private wish: Wish | null = null;
  private stopped = false;

  /** Each of `canvases`, of which there must be three, shows one picture: in front, behind it, and the next. */
  constructor(
    canvases: Iterable<HTMLCanvasElement>,
    private readonly engine: Engine,
    private readonly track: <T>(work: Promise<T>) => Promise<T>,
    private readonly onPicture: () => void,
    private readonly onError: (error: unknown) => void,
  ) {
    this.spare = Array.from(canvases, (canvas) => new PictureLayer(canvas));
  }

  want(wish: Wish): void {
    const last = this.wish;
    this.wish = wish;
    if (!this.refining) void this.track(this.work());
    else if (last && !sameView(last.view, wish.view)) this.engine.hurry();
  }

  /** Whether the sharp picture stands. */
  shows(wish: Wish): boolean {
    return serves(this.front, wish.view, wish);
  }

  drop(): void {
    this.stopped = true;
    this.front = null;
    this.whole = null;
  }

  /** Asks for one picture after another until what is wished for stands. */
  private async work(): Promise<void> {
    this.refining = true;
    try {
      for (;;) {
        const wish = this.wish;
        if (!wish || this.stopped) return;
        if (!serves(this.front, wish.view, wish)) await this.render('front', wish, wish.view);
        // The whole is only needed to stand behind a part, and may wait until the part is sharp.
        else if (!sameView(wish.view, wish.whole) && !serves(this.whole, wish.whole, wish))
          await this.render('whole', wish, wish.whole);
        else return;
        this.onPicture();
      }
    } catch (error) {
      this.onError(error);
    } finally {
      this.refining = false;
    }
  }

  private async render(which: 'front' | 'whole', wish: Wish, view: View): Promise<void> {
    const { width, height, style } = wish;
    const bitmap = await this.engine.render(style.axis, view, width, height, style);
    if (!bitmap) return;
    const layer = this.spare.pop()!;
    layer.put(bitmap, view);
    this.replace(which, { layer, view, style, width, height });
  }

  private replace(which: 'front' | 'whole', picture: Picture): void {
    const old = this[which];
    // A picture of the whole trace, once left, goes on to serve as the background.
    if (which === 'front' && old && this.wish && sameView(old.view, this.wish.whole)) {
      this.release(this.whole);
      this.whole = old;
    } else this.release(old);
    this[which] = picture;
    this.whole?.layer.raise(false);
    this.front?.layer.raise(true);
  }

  private release(picture: Picture | null): void {
    if (!picture) return;
    picture.layer.hide();
    this.spare.push(picture.layer);
  }

  /** Moves what there is of the wish's range to its place; `extent` is the plot's area. */
  place({ view, style }: Wish, extent: Extent): void {
    const covered = this.front !== null && sameAxes(this.front.style, style) && sameView(this.front.view, view);
    for (const picture of [this.whole, this.front]) {
      if (!picture) continue;
      if (!sameAxes(picture.style, style) || (picture === this.whole && covered)) picture.layer.hide();
      else picture.layer.place(view, extent);
    }
  }

  /** Paints them as they stand, into a context whose units are CSS pixels of the plot's area. */
  paint(context: CanvasRenderingContext2D, extent: Extent): void {
    this.whole?.layer.paint(context, extent);
    this.front?.layer.paint(context, extent);
  }
}
