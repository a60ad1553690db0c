// Pictures of the lifecycle plot. The engine needs some milliseconds for one; until the sharp picture of
// the visible range stands, the last one is shown moved and scaled, over a picture of the whole trace.
import type { Axis, ColorBy, Engine, Theme, View } from '../engine/protocol.js';
import { sameView } from '../store/view.js';

/** All that a picture depends on besides its range and size. */
export interface Style {
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
  bitmap: ImageBitmap;
  view: View;
  style: Style;
  width: number;
  height: number;
}

const sameStyle = (a: Style, b: Style): boolean =>
  a.axis === b.axis &&
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
  /** Whether a sharper picture is on its way. */
  refining = false;
  private front: Picture | null = null;
  private whole: Picture | null = null;
  private wish: Wish | null = null;
  private stopped = false;

  constructor(
    private readonly engine: Engine,
    private readonly track: <T>(work: Promise<T>) => Promise<T>,
    private readonly onPicture: () => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  want(wish: Wish): void {
    this.wish = wish;
    if (!this.refining) void this.track(this.work());
  }

  drop(): void {
    this.stopped = true;
    this.front?.bitmap.close();
    this.whole?.bitmap.close();
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
        if (!serves(this.front, wish.view, wish)) this.replace('front', await this.render(wish, wish.view));
        // The whole is only needed to stand behind a part, and may wait until the part is sharp.
        else if (!sameView(wish.view, wish.whole) && !serves(this.whole, wish.whole, wish))
          this.replace('whole', await this.render(wish, wish.whole));
        else return;
        this.onPicture();
      }
    } catch (error) {
      this.onError(error);
    } finally {
      this.refining = false;
    }
  }

  private async render(wish: Wish, view: View): Promise<Picture> {
    const { axis, colorBy, theme, filter, showCached } = wish.style;
    const bitmap = await this.engine.render(axis, view, wish.width, wish.height, {
      colorBy,
      theme,
      filter,
      showCached,
    });
    return { bitmap, view, style: wish.style, width: wish.width, height: wish.height };
  }

  private replace(which: 'front' | 'whole', picture: Picture): void {
    const old = this[which];
    // A picture of the whole trace, once left, goes on to serve as the background.
    if (which === 'front' && old && this.wish && sameView(old.view, this.wish.whole)) {
      this.whole?.bitmap.close();
      this.whole = old;
    } else old?.bitmap.close();
    this[which] = picture;
  }

  /** Draws what there is of `view` into the rectangle 0, 0, width, height of the context. */
  draw(context: CanvasRenderingContext2D, view: View, axis: Axis, width: number, height: number): void {
    for (const picture of [this.whole, this.front]) {
      if (!picture || picture.style.axis !== axis) continue;
      const from = picture.view;
      const perT = width / (view.t1 - view.t0);
      const perY = height / (view.y1 - view.y0);
      const x = (from.t0 - view.t0) * perT;
      const y = (view.y1 - from.y1) * perY;
      const w = (from.t1 - from.t0) * perT;
      const h = (from.y1 - from.y0) * perY;
      context.drawImage(picture.bitmap, x, y, w, h);
    }
  }
}
