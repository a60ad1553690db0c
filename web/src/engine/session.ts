// The engine's open trace: puts the module's C exports into the words of protocol.ts. Knows no
// worker and no DOM.
import { breathe } from './door.js';
import type { ViewerHandle } from './module.js';
import type {
  Align,
  Axis,
  Bounds,
  Diff,
  DiffLevels,
  Frame,
  GroupBy,
  GroupCount,
  Layout,
  Levels,
  LoadProgress,
  PictureStyle,
  Rectangles,
  RowDetails,
  RowInfo,
  Summary,
  TableQuery,
  TimeRange,
  TraceFormat,
  View,
} from './protocol.js';
import { Questions } from './questions.js';
import { unpacked } from './unpack.js';
import {
  addresses,
  aligns,
  axisNumber,
  colorBys,
  formats,
  framed,
  groupBys,
  layoutNumber,
  numberOf,
  sortKeys,
} from './words.js';

export interface TraceFile {
  name: string;
  bytes: Blob | Uint8Array;
}
/** Pictures drawn while a file is being read may be behind by this share of its events. */
const slackWhileReading = 0.5;
/** How long the worker reads before it looks after other requests, in ms. */
const sliceMs = 12;
const feedBytes = 128 * 1024;
/** A binary trace's index, which counts its rows, is within so many bytes of the end as a rule. */
const tailBytes = 128 * 1024;
/** A format shows in these. */
const headBytes = 16;
/** Events that are packed before the worker looks after other requests: some ten ms of work. */
const packedEvents = 8192;

async function partOf(bytes: Blob | Uint8Array, from: number, count?: number): Promise<Uint8Array> {
  const to = count === undefined ? undefined : from + count;
  return bytes instanceof Uint8Array
    ? bytes.subarray(from, to)
    : new Uint8Array(await bytes.slice(from, to).arrayBuffer());
}

export class Session extends Questions {
  /** Of the `open` under way; another number tells it to stop. */
  private opening = 0;
  /** What the open trace is compared with. */
  private second: ViewerHandle | null = null;
  private openingSecond = 0;

  private restart(): ViewerHandle {
    this.opening++;
    this.cancelReuse();
    this.closeSecond();
    this.module._viewer_destroy(this.viewer);
    this.viewer = this.module._viewer_create();
    return this.viewer;
  }

  /** Reads the files into one trace. What was read when it fails or is cancelled stays open. */
  async open(
    files: readonly TraceFile[],
    onProgress: (progress: LoadProgress) => void,
    range: TimeRange | null = null,
  ): Promise<Summary> {
    if (files.length === 0) throw new Error('No file was given: expected at least one trace.');
    const viewer = this.restart();
    const token = this.opening;
    if (range) this.module._viewer_set_range(viewer, range.fromNs, range.toNs);
    this.module._viewer_set_slack(viewer, slackWhileReading);
    try {
      await this.read(viewer, files, onProgress, () => token === this.opening);
    } finally {
      if (token === this.opening) this.module._viewer_set_slack(viewer, 0);
    }
    return this.summary();
  }

  /** Reads a second trace beside the open one. Where that fails or is cancelled there is none. */
  async openSecond(files: readonly TraceFile[], onProgress: (progress: LoadProgress) => void): Promise<Summary> {
    if (files.length === 0) throw new Error('No file was given: expected at least one trace.');
    this.closeSecond();
    const token = this.openingSecond;
    const viewer = this.module._viewer_create();
    this.second = viewer;
    try {
      await this.read(viewer, files, onProgress, () => token === this.openingSecond);
    } catch (error) {
      if (token === this.openingSecond) this.closeSecond();
      throw error;
    }
    this.module._viewer_summary(viewer);
    return this.json(viewer);
  }

  closeSecond(): void {
    this.openingSecond++;
    if (this.second !== null) this.module._viewer_destroy(this.second);
    this.second = null;
  }

  /** All of the files into a viewer, giving way to other requests, for as long as that is `wanted`. */
  private async read(
    viewer: ViewerHandle,
    files: readonly TraceFile[],
    onProgress: (progress: LoadProgress) => void,
    wanted: () => boolean,
  ): Promise<void> {
    const progress: LoadProgress = { bytes: 0, totalBytes: 0, events: 0 };
    const pieces = files.map((file) => {
      this.scratchText(file.name);
      this.module._viewer_add_file(viewer);
      progress.totalBytes! += file.bytes instanceof Uint8Array ? file.bytes.length : file.bytes.size;
      return unpacked(file.bytes, (bytes) => {
        progress.bytes += bytes;
      });
    });
    const tell = (): void => {
      progress.events = this.module._viewer_events(viewer);
      onProgress({ ...progress });
    };
    let sliceEnd = performance.now() + sliceMs;
    // The viewer is gone as soon as it is not wanted any more: nothing may be asked of it after a pause.
    const goOn = (): void => {
      if (!wanted()) throw new DOMException('Opening was cancelled.', 'AbortError');
    };
    const rest = async (): Promise<void> => {
      goOn();
      if (performance.now() < sliceEnd) return;
      tell();
      await breathe();
      goOn();
      sliceEnd = performance.now() + sliceMs;
    };
    try {
      for (const [file, { bytes }] of files.entries()) {
        // A file that cannot be read tells so when it is read from the front.
        const tail = await partOf(bytes, -tailBytes).catch(() => new Uint8Array());
        goOn();
        this.scratch(tail);
        this.module._viewer_expect(viewer, file, bytes instanceof Uint8Array ? bytes.length : bytes.size);
      }
      const [first] = files;
      const head = await partOf(first!.bytes, 0, headBytes).catch(() => new Uint8Array());
      goOn();
      this.scratch(head);
      if (this.module._viewer_in_parts(viewer)) await this.readParts(viewer, first!, progress, rest);
      for (;;) {
        const file = this.module._viewer_wanted(viewer);
        if (file < 0) break;
        const piece = await this.nextPiece(pieces[file]!, files[file]!.name);
        await rest();
        if (!piece) {
          if (!this.module._viewer_end(viewer, file)) throw this.failure(viewer);
          continue;
        }
        for (let at = 0; at < piece.length; at += feedBytes) {
          this.scratch(piece.subarray(at, at + feedBytes));
          if (!this.module._viewer_feed(viewer, file)) throw this.failure(viewer);
          await rest();
        }
      }
    } finally {
      for (const unread of pieces) void unread.return();
    }
    tell();
  }

  /** What the viewer asks for, until it needs no more. */
  private async readParts(
    viewer: ViewerHandle,
    { name, bytes }: TraceFile,
    progress: LoadProgress,
    rest: () => Promise<void>,
  ): Promise<void> {
    for (;;) {
      this.module._viewer_part(viewer);
      const [offset = 0, count = 0] = this.numbers(viewer);
      if (count === 0) break;
      const part = await partOf(bytes, offset, count).catch((cause: Error) => {
        throw new Error(`${name}: ${cause.message}`, { cause });
      });
      progress.bytes += part.length;
      await rest();
      this.scratch(part);
      if (!this.module._viewer_feed(viewer, 0)) throw this.failure(viewer);
    }
    if (!this.module._viewer_end(viewer, 0)) throw this.failure(viewer);
  }

  private async nextPiece(pieces: AsyncGenerator<Uint8Array>, name: string): Promise<Uint8Array | undefined> {
    try {
      const { value, done } = await pieces.next();
      return done ? undefined : value;
    } catch (cause) {
      throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }

  /** The `open` under way rejects with an `AbortError`. */
  cancelOpen(): void {
    this.opening++;
    this.module._viewer_set_slack(this.viewer, 0);
  }

  openLive(name: string): void {
    const viewer = this.restart();
    this.scratchText(/\.ndjson$/.test(name) ? name : `${name}.ndjson`);
    this.module._viewer_add_file(viewer);
    this.module._viewer_set_live(viewer);
  }

  feed(ndjson: Uint8Array): void {
    this.scratch(ndjson);
    if (!this.module._viewer_feed(this.viewer, 0)) throw this.failure(this.viewer);
  }

  summary(): Summary {
    this.module._viewer_summary(this.viewer);
    return this.json();
  }

  /** The packed layout, in pieces. */
  async arrange(): Promise<void> {
    const { viewer } = this;
    while (!this.module._viewer_arrange(viewer, packedEvents)) {
      await breathe();
      if (viewer !== this.viewer) throw new DOMException('Another trace was opened.', 'AbortError');
    }
  }

  bounds(layout: Layout = 'address'): Bounds {
    this.module._viewer_bounds(this.viewer, layoutNumber(layout));
    const [events = 0, durationNs = 0, height = 0] = this.numbers();
    return { events, durationNs, height };
  }

  marks(): { event: number; timeNs: number; name: string }[] {
    this.module._viewer_marks(this.viewer);
    return this.json();
  }

  levels(axis: Axis, t0: number, t1: number, columns: number): Levels {
    const count = Math.max(0, Math.floor(columns));
    this.module._viewer_levels(this.viewer, axisNumber(axis), t0, t1, count);
    const all = this.numbers();
    const series = (index: number): Float64Array => all.slice(index * count, (index + 1) * count);
    return { x: series(0), liveMax: series(1), liveMin: series(2), cachedMax: series(3), reservedMax: series(4) };
  }

  levelAt(event: number): { liveBytes: number; liveBuffers: number; cachedBytes: number; reservedBytes: number } {
    this.module._viewer_level_at(this.viewer, event);
    const [liveBytes = 0, liveBuffers = 0, cachedBytes = 0, reservedBytes = 0] = this.numbers();
    return { liveBytes, liveBuffers, cachedBytes, reservedBytes };
  }

  eventAtTime(timeNs: number): number {
    return this.module._viewer_event_at_time(this.viewer, timeNs);
  }
  timeOfEvent(event: number): number {
    return this.module._viewer_time_of_event(this.viewer, event);
  }

  /** Begins a picture; one that is under way is given up. */
  begin(axis: Axis, view: View, width: number, height: number, style: PictureStyle): void {
    this.picture(axis, view, width, height, style, 0);
  }

  /** Goes on with it for some boxes; how much of it is drawn then, 1 being all. Null: its trace was closed. */
  draw(boxes: number): number | null {
    const share = this.module._viewer_draw(this.viewer, boxes);
    return share < 0 ? null : share;
  }

  /** The picture that was drawn last: RGBA, row by row from the top. */
  pixels(width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
    const at = this.module._viewer_pixels(this.viewer) >>> 0;
    return new Uint8ClampedArray(this.module.HEAPU8.slice(at, at + width * height * 4).buffer);
  }

  rectangles(
    axis: Axis,
    view: View,
    width: number,
    height: number,
    style: PictureStyle,
    most: number,
  ): Rectangles | null {
    if (!this.picture(axis, view, width, height, style, most)) return null;
    return { rows: this.json(), places: this.numbers() };
  }

  private picture(axis: Axis, view: View, width: number, height: number, style: PictureStyle, most: number): number {
    this.scratchText(style.filter);
    return this.module._viewer_begin(
      this.viewer,
      layoutNumber(style.layout ?? 'address'),
      axisNumber(axis),
      view.t0,
      view.t1,
      view.y0,
      view.y1,
      width,
      height,
      numberOf(colorBys, style.colorBy, 'colorBy'),
      style.theme === 'dark' ? 1 : 0,
      style.showCached ? 1 : 0,
      most,
    );
  }

  hitTest(
    axis: Axis,
    x: number,
    y: number,
    toleranceX: number,
    toleranceY: number,
    frame: Frame = addresses,
  ): number | null {
    const place = framed(axis, frame);
    const row = this.module._viewer_hit_test(this.viewer, ...place, x, y, toleranceX, toleranceY);
    return row < 0 ? null : row;
  }

  rectsOf(axis: Axis, row: number, frame: Frame = addresses): View[] {
    this.module._viewer_rects_of(this.viewer, ...framed(axis, frame), row);
    const numbers = this.numbers();
    const rects: View[] = [];
    for (let at = 0; at < numbers.length; at += 4) {
      const [t0 = 0, t1 = 0, y0 = 0, y1 = 0] = numbers.subarray(at, at + 4);
      rects.push({ t0, t1, y0, y1 });
    }
    return rects;
  }

  rowOfId(id: string): number | null {
    this.scratchText(id.trim());
    const row = this.module._viewer_row_of_id(this.viewer);
    return row < 0 ? null : row;
  }

  row(row: number): RowDetails {
    this.module._viewer_row(this.viewer, row);
    if (this.module._viewer_text_size(this.viewer) === 0) throw new RangeError(`There is no row ${row}.`);
    return this.json();
  }

  tableQuery(query: TableQuery): { rows: number; bytes: number } {
    const key = numberOf(sortKeys, query.sort, 'sort');
    this.scratchText(query.filter);
    this.module._viewer_table_query(this.viewer, key, query.descending ? 1 : 0, query.aliveFirst ? 1 : 0);
    return this.json();
  }

  tableRows(from: number, count: number): RowInfo[] {
    this.module._viewer_table_rows(this.viewer, from, count);
    return this.json();
  }

  groups(by: GroupBy, filter: string): GroupCount[] {
    const group = numberOf(groupBys, by, 'groups');
    this.scratchText(filter);
    this.module._viewer_groups(this.viewer, group);
    return this.json();
  }

  filterError(filter: string): string {
    this.scratchText(filter);
    this.module._viewer_filter_error(this.viewer);
    return this.text();
  }

  private compared(): ViewerHandle {
    if (this.second === null) throw new Error('No second trace is open: there is nothing to compare with.');
    return this.second;
  }

  diff(align: Align, by: GroupBy): Diff {
    const second = this.compared();
    const group = numberOf(groupBys, by, 'diff');
    this.module._viewer_diff(second, this.viewer, numberOf(aligns, align, 'align'), group);
    return this.json(second);
  }

  diffLevels(align: Align, t0: number, t1: number, columns: number): DiffLevels {
    const second = this.compared();
    const count = Math.max(0, Math.floor(columns));
    this.module._viewer_diff_levels(second, this.viewer, numberOf(aligns, align, 'align'), t0, t1, count);
    const all = this.numbers(second);
    const series = (index: number): Float64Array => all.slice(index * count, (index + 1) * count);
    return {
      x: series(0),
      firstLive: series(1),
      firstReserved: series(2),
      secondLive: series(3),
      secondReserved: series(4),
    };
  }

  export(format: TraceFormat): Uint8Array<ArrayBuffer> {
    if (!this.module._viewer_export(this.viewer, numberOf(formats, format, 'format'))) {
      throw new Error(`The trace could not be written as ${format}.`);
    }
    return this.textBytes();
  }
}
