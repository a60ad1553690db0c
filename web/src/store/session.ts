// One session: the open trace, the visible range, the selection, the filter. Every view reads this
// state and changes it through these methods; every number in it was answered by the engine.
import type { Axis, ColorBy, Engine, Frame, Layout, RowDetails, TimeRange, View } from '../engine/protocol.js';
import { holdsTerms, toggled } from '../terms.js';
import { Comparison } from './comparison.js';
import { Gliding } from './gliding.js';
import { Merged } from './merged.js';
import { cutOff, holdsNothing, notAtHand, nothingLeaks, notReadToItsEnd } from './notices.js';
import { Pending } from './pending.js';
import { Pointing } from './pointing.js';
import { Queries } from './queries.js';
import { SelectedArea } from './selected-area.js';
import {
  type Cursor,
  type Flame,
  isLayout,
  type Loading,
  type Mode,
  type Notice,
  type PinnedMoment,
  type SourceFile,
  type Tab,
  type Topic,
  type Trace,
} from './state.js';
import { keptFiles, rangeInSight, rangeTitle } from './time-range.js';
import { clampView, convertView, fitView, heightOf, sameView, tailView, viewAround } from './view.js';
import { Writing } from './writing.js';

export type * from './state.js';

const PREVIEW_GROWTH = 16;

export class Session extends EventTarget {
  mode: Mode = 'trace';
  tab: Tab = 'address';
  /** The picture's; behind `tab` for as long as a layout is being made. */
  layout: Layout = 'address';
  /** Columns of the picture, in device pixels. */
  columns = 1;
  axis: Axis = 'event';
  colorBy: ColorBy = 'state';
  showCached = true;
  trace: Trace | null = null;
  view: View = { t0: 0, t1: 1, y0: 0, y1: 1 };
  filter = '';
  /** Which term of the filter cannot be read; it holds for every row. */
  filterError = '';
  matched: { rows: number; bytes: number } | null = null;
  selectedRow: number | null = null;
  details: RowDetails | null = null;
  cursor: Cursor | null = null;
  moment: PinnedMoment | null = null;
  showFragmentation = false;
  flame: Flame = { by: 'label', measure: 'allocated', text: 0, depth: 0 };
  loading: Loading | null = null;
  notice: Notice | null = null;
  /** The live trace's tail stays in sight until the user moves. */
  following = false;

  private readonly pending = new Pending();
  private revision = 0;
  private opening = 0;
  private previewing = false;
  /** Events from which on the next preview is due. */
  private previewFrom = 0;

  readonly comparison: Comparison;
  readonly area: SelectedArea;
  readonly writing = new Writing(this);
  readonly queries: Queries;
  private readonly pointing: Pointing;
  private readonly gliding = new Gliding((view) => this.moveTo(view));
  private readonly refreshing = new Merged(() => this.refresh());
  readonly engine: Engine;

  constructor(engine: Engine) {
    super();
    this.engine = this.pending.watched(engine);
    this.comparison = new Comparison(this);
    this.area = new SelectedArea(this);
    this.queries = new Queries(this.engine);
    this.pointing = new Pointing(this.engine);
  }

  changed(...topics: Topic[]): void {
    for (const topic of topics) this.dispatchEvent(new Event(topic));
  }

  /** Counts work that `idle()` waits for. */
  track<T>(work: Promise<T>): Promise<T> {
    return this.pending.track(work);
  }

  /** Resolves when nothing is being loaded, asked or drawn. */
  idle(): Promise<void> {
    return this.pending.idle();
  }

  // Opening ---------------------------------------------------------------------------------

  /** Several files make one trace; `sample` names the bundled one that they are. With a range that alone is opened. */
  async open(files: SourceFile[], sample: string | null = null, range: TimeRange | null = null): Promise<void> {
    return this.track(this.openFiles(files, sample, range));
  }

  /** Opens what is in sight alone, from the same files. */
  async openVisible(): Promise<void> {
    const { trace } = this;
    if (!trace?.files) return this.tell(notAtHand);
    const range = await rangeInSight(this, trace);
    if (this.trace === trace) await this.open(trace.files, trace.sample, range);
  }

  private async openFiles(files: SourceFile[], sample: string | null, range: TimeRange | null): Promise<void> {
    const name = files.map((file) => file.name).join(' + ') + (range ? `, ${rangeTitle(range)}` : '');
    const turn = ++this.opening;
    this.previewFrom = 0;
    const totalBytes = files.reduce((sum, { bytes }) => sum + (bytes instanceof Blob ? bytes.size : bytes.length), 0);
    this.loading = { name, bytes: 0, totalBytes, events: 0, startedAt: performance.now() };
    this.notice = null;
    this.mode = 'trace';
    this.changed('loading', 'notice', 'layout');
    // A running lab must have heard that it is not in front any more before the engine forgets its trace.
    if (this.trace?.live) await new Promise((resolve) => setTimeout(resolve));
    try {
      await this.engine.open(
        files,
        (progress) => {
          if (turn !== this.opening || !this.loading) return;
          this.loading = { ...this.loading, ...progress, totalBytes: progress.totalBytes ?? this.loading.totalBytes };
          this.changed('loading');
          // The whole comes soon once a good part is read: a preview of that part would only hold it up.
          const { bytes, totalBytes } = this.loading;
          const early = totalBytes === null || bytes * PREVIEW_GROWTH < totalBytes;
          if (progress.events > this.previewFrom && (early || this.previewFrom === 0)) void this.preview(name, turn);
        },
        range,
      );
      if (turn !== this.opening) return;
      this.loading = null;
      await this.show({ name, live: false, sample, range, files: keptFiles(files, sample) });
      if (range) await this.lookAt(range);
      const where = this.trace?.summary.notice;
      if (where) this.tell(cutOff(name, where));
      if (this.trace?.summary.buffers !== 0) return;
      this.tell(holdsNothing(name));
      this.forget();
    } catch (error) {
      if (turn !== this.opening) return;
      this.loading = null;
      await this.showWhatWasRead(name, error);
      throw error;
    } finally {
      if (turn === this.opening) {
        this.loading = null;
        this.changed('loading');
      }
    }
  }

  /**
   * While a file is being read: what is there of it already. Each preview costs in proportion to what was
   * read, so the next waits until there is much more: all of them together then cost little beside the whole.
   */
  private async preview(name: string, turn: number): Promise<void> {
    if (this.previewing) return;
    this.previewing = true;
    try {
      const layout = this.wantedLayout();
      const known = await this.ask(layout);
      if (turn !== this.opening || !this.loading || known.summary.buffers === 0) return;
      this.layout = layout;
      this.previewFrom = known.summary.events * PREVIEW_GROWTH;
      const { trace } = this;
      if (trace?.preview) Object.assign(trace, known, { revision: ++this.revision });
      else
        this.put({
          ...known,
          name,
          live: false,
          preview: true,
          sample: null,
          range: null,
          files: null,
          revision: ++this.revision,
        });
      this.view = fitView(known.bounds, this.axis);
      this.changed('trace', 'view');
    } catch {
      // `open` itself tells what is wrong.
    } finally {
      this.previewing = false;
    }
  }

  /** A file that cannot be read to its end: what stands before the fault is shown, beside the message. */
  private async showWhatWasRead(name: string, error: unknown): Promise<void> {
    this.forget();
    const summary = await this.engine.summary().catch(() => null);
    const part = summary !== null && summary.buffers > 0;
    if (part) await this.show({ name: `${name} (a part)`, live: false, sample: null, range: null, files: null });
    const notice = notReadToItsEnd(name, error, part ? summary : null);
    if (notice) this.tell(notice);
  }

  cancelOpen(): void {
    this.engine.cancelOpen();
  }

  /** The live lab has begun a trace of its own in the engine. */
  async startLive(name: string): Promise<void> {
    this.opening++;
    await this.track(this.show({ name, live: true, sample: null, range: null, files: null }));
    this.following = true;
  }

  /** More events have reached the live trace. Calls that come faster than the engine answers are merged. */
  async refreshLive(): Promise<void> {
    if (this.trace?.live) await this.track(this.refreshing.run());
  }

  private async refresh(): Promise<void> {
    const { trace } = this;
    if (!trace?.live) return;
    const wasFit = this.isFit();
    const { layout } = this;
    const known = await this.ask(layout);
    if (this.trace !== trace || this.layout !== layout) return;
    const grown = known.summary.events !== trace.summary.events;
    Object.assign(trace, known);
    if (!grown) return;
    trace.revision = ++this.revision;
    if (this.following) this.view = tailView(trace.bounds, this.axis, wasFit);
    this.changed('trace', 'view');
  }

  private async ask(layout: Layout): Promise<Pick<Trace, 'summary' | 'bounds' | 'marks'>> {
    const [summary, bounds, marks] = await Promise.all([
      this.engine.summary(),
      this.engine.bounds(layout),
      this.engine.marks(),
    ]);
    return { summary, bounds, marks };
  }

  /** That of the view that is open; of those without a picture, the last one. */
  private wantedLayout(): Layout {
    return isLayout(this.tab) ? this.tab : this.layout;
  }

  private async show(source: Pick<Trace, 'name' | 'live' | 'sample' | 'range' | 'files'>): Promise<void> {
    const layout = this.wantedLayout();
    const known = await this.ask(layout);
    this.layout = layout;
    this.put({ ...source, ...known, preview: false, revision: ++this.revision });
  }

  /** Of a range that was opened alone, what stood at its beginning was born before it: out of sight. */
  private async lookAt({ fromNs }: TimeRange): Promise<void> {
    const { trace } = this;
    if (!trace) return;
    const from = Math.max(0, fromNs - trace.summary.start_ns);
    const t0 = this.axis === 'time' ? from : await this.engine.eventAtTime(from);
    if (this.trace === trace) this.setView({ ...this.view, t0 }, false);
  }

  private put(trace: Trace): void {
    this.trace = trace;
    this.letGo();
    this.view = fitView(trace.bounds, this.axis);
    this.changed('trace', 'view', 'selection', 'filter', 'cursor', 'moment', 'layout');
  }

  /** Closes the trace: the empty state stands again. */
  forget(): void {
    this.trace = null;
    this.letGo();
    this.following = false;
    this.changed('trace', 'selection', 'filter', 'cursor', 'moment', 'layout');
  }

  /** Of what is asked about a trace, nothing outlives it. */
  private letGo(): void {
    this.selectedRow = null;
    this.details = null;
    this.cursor = null;
    this.moment = null;
    this.flame = { ...this.flame, text: 0, depth: 0 };
    this.filter = '';
    this.filterError = '';
    this.matched = null;
  }

  say(kind: Notice['kind'], title: string, detail: string): void {
    this.tell({ kind, title, detail });
  }

  tell(notice: Notice | null): void {
    this.notice = notice;
    this.changed('notice');
  }

  dismiss(): void {
    this.tell(null);
  }

  // The visible range -----------------------------------------------------------------------

  setView(view: View, byUser = true): void {
    if (!this.trace) return;
    const next = clampView(view, this.trace.bounds, this.axis);
    if (byUser) this.following = false;
    this.gliding.stop();
    this.moveTo(next);
  }

  fitted(): View {
    return this.trace ? fitView(this.trace.bounds, this.axis) : this.view;
  }

  /** Where the range is on its way to, or stands: what a further key starts from. */
  get goal(): View {
    return this.gliding.goal ?? this.view;
  }

  /** Moves there so that the eye keeps its place. */
  glideTo(target: View): void {
    if (!this.trace) return;
    const goal = clampView(target, this.trace.bounds, this.axis);
    if (sameView(goal, this.goal)) return;
    // Who asks a live trace for all of it wants what is yet to come, too.
    this.following = this.trace.live && sameView(goal, this.fitted());
    void this.track(this.gliding.start(this.view, goal));
  }

  private moveTo(view: View): void {
    if (sameView(view, this.view)) return;
    this.view = view;
    this.changed('view');
  }

  isFit(): boolean {
    return this.trace !== null && sameView(this.view, fitView(this.trace.bounds, this.axis));
  }

  /** The same stretch on the other axis. */
  async setAxis(axis: Axis): Promise<void> {
    if (axis === this.axis) return;
    const { trace } = this;
    if (trace) {
      const view = await this.track(convertView(this.engine, this.view, trace.bounds, this.axis, axis));
      await this.area.convert(axis);
      this.view = clampView(view, trace.bounds, axis);
    }
    this.axis = axis;
    this.changed('view', 'layout');
  }

  /** Brings an event to the middle, keeping the zoom (or zooming in when all is visible). */
  async goToEvent(event: number): Promise<void> {
    if (!this.trace) return;
    const at = this.axis === 'event' ? event : await this.engine.timeOfEvent(event);
    const all = fitView(this.trace.bounds, this.axis);
    const width = Math.min(this.view.t1 - this.view.t0, (all.t1 - all.t0) / 8);
    this.glideTo({ ...this.view, t0: at - width / 2, t1: at + width / 2 });
  }

  async goToPeak(): Promise<void> {
    await this.goToMoment(this.trace?.summary.max_live_event ?? 0);
  }

  // A moment --------------------------------------------------------------------------------

  /** Pins an event: who lives then, and why reserved is above it, stands in the panel. `null` lets go. */
  async showMoment(event: number | null): Promise<void> {
    const { trace } = this;
    if (!trace || event === null) {
      if (this.moment === null) return;
      this.moment = null;
      return this.changed('moment');
    }
    const at = Math.min(Math.max(0, Math.floor(event)), Math.max(0, trace.bounds.events - 1));
    const timeNs = await this.engine.timeOfEvent(at);
    if (this.trace !== trace) return;
    this.moment = { event: at, timeNs };
    if (this.selectedRow !== null) void this.select(null);
    this.changed('moment');
  }

  async goToMoment(event: number): Promise<void> {
    await Promise.all([this.goToEvent(event), this.showMoment(event)]);
  }

  /** Where the pointer is, or the middle of what is in sight. */
  async showMomentHere(): Promise<void> {
    if (this.cursor) return this.showMoment(this.cursor.event);
    await this.showMomentAt((this.view.t0 + this.view.t1) / 2);
  }

  async showMomentAt(at: number): Promise<void> {
    await this.showMoment(this.axis === 'event' ? at : await this.engine.eventAtTime(at));
  }

  /** Where the pinned moment is on the axis. */
  momentAt(): number | null {
    if (!this.moment) return null;
    return this.axis === 'event' ? this.moment.event : this.moment.timeNs;
  }

  // Selection -------------------------------------------------------------------------------

  async select(row: number | null, reveal = false): Promise<void> {
    this.selectedRow = row;
    if (row === null) {
      this.details = null;
      this.changed('selection');
      return;
    }
    const details = await this.engine.row(row);
    if (this.selectedRow !== row) return;
    this.details = details;
    if (reveal) await this.reveal(row);
    this.changed('selection');
  }

  /** Pans, and zooms when it must, until the row's first rectangle is in sight and wide enough to see. */
  async reveal(row: number): Promise<void> {
    if (!this.trace) return;
    const { axis, layout, view } = this;
    if (layout !== 'stack') {
      const [rect] = await this.engine.rectsOf(axis, row, this.frame());
      if (rect) this.setView(viewAround(rect, view));
      return;
    }
    // How high it stands depends on the moments that the columns show: so first its time, then its place in them.
    const places = await this.engine.rectsOf(axis, row);
    if (places.length === 0) return;
    const life = { ...places[0]!, t1: places.at(-1)!.t1 };
    this.setView({ ...viewAround(life, view), y0: view.y0, y1: view.y1 });
    const steps = await this.engine.rectsOf(axis, row, this.frame());
    if (steps.length === 0) return;
    const longest = steps.reduce((a, b) => (b.t1 - b.t0 > a.t1 - a.t0 ? b : a));
    this.setView({ ...viewAround(longest, this.view), t0: this.view.t0, t1: this.view.t1 });
  }

  /** The lifetime before or after at the selected buffer's address. */
  async selectNeighbour(which: 'previous' | 'next'): Promise<void> {
    const row = which === 'previous' ? this.details?.previousAtAddress : this.details?.nextAtAddress;
    if (row != null) await this.select(row, true);
  }

  /** The next buffer that was never released: the largest first, then onwards from the selected one. */
  async selectNextLeak(): Promise<void> {
    const { trace } = this;
    if (!trace) return;
    if (trace.summary.alive_at_end_buffers === 0) {
      this.tell(nothingLeaks);
      return;
    }
    const row = await this.queries.nextAlive(this.selectedRow);
    if (row !== null) await this.select(row, true);
  }

  // Filter ----------------------------------------------------------------------------------

  setFilter(filter: string): void {
    if (filter === this.filter) return;
    this.filter = filter;
    this.changed('filter');
    void this.checkFilter(filter);
  }

  private async checkFilter(filter: string): Promise<void> {
    const error = filter === '' ? '' : await this.engine.filterError(filter).catch(() => '');
    if (this.filter !== filter || this.filterError === error) return;
    this.filterError = error;
    this.changed('notice');
  }

  setMatched(matched: { rows: number; bytes: number }): void {
    this.matched = matched;
    this.changed('cursor');
  }

  /** Adds terms to the filter, or takes them out when they stand there. */
  toggleTerms(terms: string[]): void {
    this.setFilter(toggled(this.filter, terms));
  }

  hasTerms(terms: string[]): boolean {
    return holdsTerms(this.filter, terms);
  }

  // Layout ----------------------------------------------------------------------------------

  setMode(mode: Mode): void {
    if (mode === this.mode) return;
    this.mode = mode;
    this.changed('layout');
  }

  /** Resolves when the view stands: a layout may have to be made first. */
  async setTab(tab: Tab): Promise<void> {
    if (tab === this.tab) return;
    this.tab = tab;
    this.changed('layout');
    if (isLayout(tab) && tab !== this.layout) await this.track(this.arrange(tab));
  }

  /** The picture keeps its layout until the other is made. */
  private async arrange(layout: Layout): Promise<void> {
    const { trace } = this;
    try {
      const bounds = trace && (await this.engine.bounds(layout));
      if (this.tab !== layout || this.trace !== trace) return;
      this.layout = layout;
      if (!trace || !bounds) return;
      trace.bounds = bounds;
      this.gliding.stop();
      this.view = { ...this.view, y0: 0, y1: heightOf(bounds) };
      this.changed('view', 'layout', 'selection');
    } catch (error) {
      if (this.trace !== trace) return; // another trace was opened meanwhile
      this.say('error', 'The layout could not be made', error instanceof Error ? error.message : String(error));
    }
  }

  /** The picture that stands, for questions about its points and places. */
  frame(): Frame {
    return { layout: this.layout, view: this.view, columns: this.columns };
  }

  setColorBy(colorBy: ColorBy): void {
    this.colorBy = colorBy;
    this.changed('layout', 'view');
  }

  setFlame(change: Partial<Flame>): void {
    this.flame = { ...this.flame, ...change };
    this.changed('flame');
  }

  setShowFragmentation(show: boolean): void {
    this.showFragmentation = show;
    this.changed('layout');
  }

  setShowCached(showCached: boolean): void {
    this.showCached = showCached;
    this.changed('layout', 'view');
  }

  /** Where the pointer is on the axis, if it is over the picture. */
  cursorAt(): number | null {
    if (!this.cursor) return null;
    return this.axis === 'event' ? this.cursor.event : this.cursor.timeNs;
  }

  /** The pointer stands over a moment of the trace, and over an address if over the plot. */
  async pointAt(at: number, y: number | null): Promise<void> {
    const { trace, axis } = this;
    if (!trace) return;
    const answer = await this.pointing.ask(trace, axis, at, y);
    if (answer && this.trace === trace) this.setCursor(answer);
  }

  pointAway(): void {
    this.pointing.forget();
    if (this.cursor) this.setCursor(null);
  }

  private setCursor(cursor: Cursor | null): void {
    this.cursor = cursor;
    this.changed('cursor');
  }
}
