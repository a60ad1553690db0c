// One session: the open trace, the visible range, the selection, the filter. Every view reads this
// state and changes it through these methods; every number in it was answered by the engine.
import type { Axis, ColorBy, Engine, RowDetails, View } from '../engine/protocol.js';
import { plural } from '../format.js';
import { splitTerms } from '../terms.js';
import { Latest } from './latest.js';
import { Pending } from './pending.js';
import { Queries } from './queries.js';
import type { Cursor, Loading, Mode, Notice, SourceFile, Tab, Topic, Trace } from './state.js';
import { clampView, convertView, fitView, mixViews, sameView, tailView, viewAround } from './view.js';

export type * from './state.js';

const GLIDE_MS = 120;
const stillPreferred = window.matchMedia('(prefers-reduced-motion: reduce)');

export class Session extends EventTarget {
  mode: Mode = 'trace';
  tab: Tab = 'address';
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
  loading: Loading | null = null;
  notice: Notice | null = null;
  /** The live trace's tail stays in sight until the user moves. */
  following = false;

  private glide: { goal: View } | null = null;
  private readonly pending = new Pending();
  private revision = 0;
  private refreshing: Promise<void> | null = null;
  private refreshAgain = false;
  private opening = 0;
  private previewing = false;

  readonly queries: Queries;
  private readonly pointing = new Latest<Cursor>();

  readonly engine: Engine;

  constructor(engine: Engine) {
    super();
    this.engine = this.pending.watched(engine);
    this.queries = new Queries(this.engine);
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

  /** Several files make one trace; `sample` names the bundled one that they are. */
  async open(files: SourceFile[], sample: string | null = null): Promise<void> {
    return this.track(this.openFiles(files, sample));
  }

  private async openFiles(files: SourceFile[], sample: string | null): Promise<void> {
    const name = files.map((file) => file.name).join(' + ');
    const turn = ++this.opening;
    const totalBytes = files.reduce((sum, { bytes }) => sum + (bytes instanceof Blob ? bytes.size : bytes.length), 0);
    this.loading = { name, bytes: 0, totalBytes, events: 0, startedAt: performance.now() };
    this.notice = null;
    this.mode = 'trace';
    this.changed('loading', 'notice', 'layout');
    // A running lab must have heard that it is not in front any more before the engine forgets its trace.
    if (this.trace?.live) await new Promise((resolve) => setTimeout(resolve));
    try {
      await this.engine.open(files, (progress) => {
        if (turn !== this.opening || !this.loading) return;
        this.loading = { ...this.loading, ...progress, totalBytes: progress.totalBytes ?? this.loading.totalBytes };
        this.changed('loading');
        if (progress.events > 0) void this.preview(name, turn);
      });
      if (turn !== this.opening) return;
      this.loading = null;
      await this.show(name, false, sample);
      if (this.trace?.summary.buffers === 0) this.sayEmpty(name);
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

  /** While a file is being read: what is there of it already, asked for as often as the engine answers. */
  private async preview(name: string, turn: number): Promise<void> {
    if (this.previewing) return;
    this.previewing = true;
    try {
      const known = await this.ask();
      if (turn !== this.opening || !this.loading || known.summary.buffers === 0) return;
      const { trace } = this;
      if (trace?.preview) Object.assign(trace, known, { revision: ++this.revision });
      else this.put({ name, live: false, preview: true, sample: null, ...known, revision: ++this.revision });
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
    const message = error instanceof Error ? error.message : String(error);
    const cancelled = error instanceof Error && error.name === 'AbortError';
    this.forget();
    const summary = await this.engine.summary().catch(() => null);
    const part = summary !== null && summary.buffers > 0;
    if (part) await this.show(`${name} (a part)`, false, null);
    const rest = part
      ? `\nShown is what stands before it: ${plural(summary.events, 'event')}, ${plural(summary.buffers, 'buffer')}.`
      : '';
    if (cancelled) {
      if (part) this.say('note', `Reading ${name} was cancelled`, rest.trim().replace('before it', 'before that'));
    } else this.say('error', part ? `${name} is broken` : `Could not open ${name}`, message + rest);
  }

  private sayEmpty(name: string): void {
    this.say(
      'note',
      `${name} holds no buffers`,
      'The file was read to its end and lists no allocation. Choose another, or try a sample.',
    );
    this.forget();
  }

  cancelOpen(): void {
    this.engine.cancelOpen();
  }

  /** The live lab has begun a trace of its own in the engine. */
  async startLive(name: string): Promise<void> {
    this.opening++;
    await this.track(this.show(name, true, null));
    this.following = true;
  }

  /** More events have reached the live trace. Calls that come faster than the engine answers are merged. */
  async refreshLive(): Promise<void> {
    if (!this.trace?.live) return;
    if (this.refreshing) {
      this.refreshAgain = true;
      return this.refreshing;
    }
    const trace = this.trace;
    this.refreshing = this.track(
      (async () => {
        const wasFit = this.isFit();
        const known = await this.ask();
        if (this.trace !== trace) return;
        const grown = known.summary.events !== trace.summary.events;
        Object.assign(trace, known);
        if (!grown) return;
        trace.revision = ++this.revision;
        if (this.following) this.view = tailView(trace.bounds, this.axis, wasFit);
        this.changed('trace', 'view');
      })(),
    );
    await this.refreshing;
    this.refreshing = null;
    if (this.refreshAgain) {
      this.refreshAgain = false;
      await this.refreshLive();
    }
  }

  private async ask(): Promise<Pick<Trace, 'summary' | 'bounds' | 'marks'>> {
    const [summary, bounds, marks] = await Promise.all([
      this.engine.summary(),
      this.engine.bounds(),
      this.engine.marks(),
    ]);
    return { summary, bounds, marks };
  }

  private async show(name: string, live: boolean, sample: string | null): Promise<void> {
    const known = await this.ask();
    this.put({ name, live, preview: false, sample, ...known, revision: ++this.revision });
  }

  private put(trace: Trace): void {
    this.trace = trace;
    this.selectedRow = null;
    this.details = null;
    this.cursor = null;
    this.filter = '';
    this.filterError = '';
    this.matched = null;
    this.view = fitView(trace.bounds, this.axis);
    this.changed('trace', 'view', 'selection', 'filter', 'cursor', 'layout');
  }

  /** Closes the trace: the empty state stands again. */
  forget(): void {
    this.trace = null;
    this.selectedRow = null;
    this.details = null;
    this.cursor = null;
    this.matched = null;
    this.filter = '';
    this.filterError = '';
    this.following = false;
    this.changed('trace', 'selection', 'filter', 'cursor', 'layout');
  }

  say(kind: Notice['kind'], title: string, detail: string): void {
    this.notice = { kind, title, detail };
    this.changed('notice');
  }

  dismiss(): void {
    this.notice = null;
    this.changed('notice');
  }

  // The visible range -----------------------------------------------------------------------

  setView(view: View, byUser = true): void {
    if (!this.trace) return;
    const next = clampView(view, this.trace.bounds, this.axis);
    if (byUser) this.following = false;
    this.glide = null;
    this.moveTo(next);
  }

  fit(): void {
    if (!this.trace) return;
    this.view = fitView(this.trace.bounds, this.axis);
    this.changed('view');
  }

  fitted(): View {
    return this.trace ? fitView(this.trace.bounds, this.axis) : this.view;
  }

  /** Moves there in 120 ms, so that the eye keeps its place; at once where motion is unwanted. */
  glideTo(target: View): void {
    if (!this.trace) return;
    const { bounds } = this.trace;
    const goal = clampView(target, bounds, this.axis);
    const from = this.glide ? this.glide.goal : this.view;
    if (sameView(goal, from)) return;
    const begin = performance.now();
    const glide = { goal };
    this.glide = glide;
    // Who asks a live trace for all of it wants what is yet to come, too.
    this.following = this.trace.live && sameView(goal, this.fitted());
    if (stillPreferred.matches) {
      this.glide = null;
      this.moveTo(goal);
      return;
    }
    const start = this.view;
    const gliding = new Promise<void>((resolve) => {
      const step = (now: number) => {
        if (this.glide !== glide) return resolve();
        const share = Math.min(1, Math.max(0, (now - begin) / GLIDE_MS));
        if (share === 1) this.glide = null;
        this.moveTo(share === 1 ? goal : mixViews(start, goal, 1 - (1 - share) ** 3));
        if (share === 1) return resolve();
        requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
    });
    void this.track(gliding);
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
    const trace = this.trace;
    if (!trace) {
      this.axis = axis;
      this.changed('view', 'layout');
      return;
    }
    const view = await this.track(convertView(this.engine, this.view, trace.bounds, this.axis, axis));
    this.axis = axis;
    this.view = clampView(view, trace.bounds, axis);
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

  goToPeak(): Promise<void> {
    return this.goToEvent(this.trace?.summary.max_live_event ?? 0);
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

  /** Pans, and zooms when it must, until the row's rectangle is in sight and wide enough to see. */
  async reveal(row: number): Promise<void> {
    const rect = await this.engine.rectOf(this.axis, row);
    if (!rect || !this.trace) return;
    this.setView(viewAround(rect, this.view));
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
      this.say('note', 'Nothing leaks', 'Every buffer of this trace was released before its end.');
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
    if (terms.length === 0) return;
    const now = splitTerms(this.filter);
    const kept = now.filter((term) => !terms.includes(term));
    this.setFilter((this.hasTerms(terms) ? kept : [...kept, ...terms]).join(' '));
  }

  hasTerms(terms: string[]): boolean {
    const now = splitTerms(this.filter);
    return terms.length > 0 && terms.every((term) => now.includes(term));
  }

  // Layout ----------------------------------------------------------------------------------

  setMode(mode: Mode): void {
    if (mode === this.mode) return;
    this.mode = mode;
    this.changed('layout');
  }

  setTab(tab: Tab): void {
    if (tab === this.tab) return;
    this.tab = tab;
    this.changed('layout');
  }

  setColorBy(colorBy: ColorBy): void {
    this.colorBy = colorBy;
    this.changed('layout', 'view');
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
    const last = Math.max(0, trace.summary.events - 1);
    const answer = await this.pointing.ask(async () => {
      const event = Math.min(last, Math.max(0, Math.floor(axis === 'event' ? at : await this.engine.eventAtTime(at))));
      const [timeNs, level] = await Promise.all([
        axis === 'time' ? at : this.engine.timeOfEvent(event),
        this.engine.levelAt(event),
      ]);
      return { event, timeNs, y, level };
    });
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
