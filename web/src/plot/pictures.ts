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

/** A picture that the engine is asked for: of the visible range, or of the whole behind it. */
interface Order {
  which: 'front' | 'whole';
  view: View;
  style: Style;
  width: number;
  height: number;
}

const serves = (picture: Picture | Order | null, view: View, wish: Wish): boolean =>
  picture !== null &&
  sameView(picture.view, view) &&
  picture.width === wish.width &&
  picture.height === wish.height &&
  sameStyle(picture.style, wish.style);

export class Pictures {
  /** The last that the engine was asked for; null: nothing is under way. */
  private order: Order | null = null;
  private front: Picture | null = null;
  private whole: Picture | null = null;
  private spare: PictureLayer[];
  private wish: Wish | null = null;

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
    this.wish = wish;
    this.ask(wish);
  }

  /** Whether the sharp picture stands. */
  shows(wish: Wish): boolean {
    return serves(this.front, wish.view, wish);
  }

  drop(): void {
    this.wish = null;
    this.front = null;
    this.whole = null;
  }

  /** Asks for what is still missing. An older picture that is under way the engine gives up by itself. */
  private ask(wish: Wish): void {
    const { width, height, style } = wish;
    const order = (which: Order['which'], view: View): void => {
      if (serves(this.order, view, wish)) return;
      this.order = { which, view, style, width, height };
      void this.track(this.render(this.order));
    };
    if (!this.shows(wish)) order('front', wish.view);
    // The whole is only needed to stand behind a part, and may wait until the part is sharp.
    else if (!sameView(wish.view, wish.whole) && !serves(this.whole, wish.whole, wish)) order('whole', wish.whole);
  }

  private async render(order: Order): Promise<void> {
    const { which, view, style, width, height } = order;
    try {
      const bitmap = await this.engine.render(style.axis, view, width, height, style);
      if (this.order === order) this.order = null;
      if (!this.wish) return bitmap?.close();
      // What is seen may be sharp again by now: the range went there and back.
      if (!bitmap || (which === 'front' && this.shows(this.wish))) bitmap?.close();
      else {
        const layer = this.spare.pop()!;
        layer.put(bitmap, view);
        this.replace(which, { layer, view, style, width, height });
        this.onPicture();
      }
      if (!this.order) this.ask(this.wish);
    } catch (error) {
      if (this.order === order) this.order = null;
      this.onError(error);
    }
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
