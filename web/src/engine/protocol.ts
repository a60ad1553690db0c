// What the page asks of the engine (C++ in a worker) and what it answers. The page computes no
// total by itself: every number here comes from the one engine that `bufgc summary` uses too.

/** Names and values of `bufgc summary --json`. */
export interface Summary {
  events: number;
  buffers: number;
  max_live_bytes: number;
  max_live_buffers: number;
  alive_at_end_buffers: number;
  alive_at_end_bytes: number;
  total_allocated_bytes: number;
  distinct_sizes: number;
  skipped_events: number;
  // What the page shows beside them.
  max_live_event: number;
  max_reserved_event: number;
  max_cached_bytes: number;
  max_reserved_bytes: number;
  cached_at_end_bytes: number;
  folded_events: number;
  folded_buffers: number;
  duration_ns: number;
  /** How long after the trace's first event this begins: 0, unless it is a range of it. */
  start_ns: number;
  has_addresses: boolean;
  /** Of a file that was read though it is cut off: where, and how far it was whole. Empty as a rule. */
  notice: string;
}

/** The horizontal axis: event number (exact) or time in ns from the first event. */
export type Axis = 'event' | 'time';
/** The vertical axis: addresses; live bytes, buffers standing on each other in order of birth; or a denser placement of the same lifetimes. */
export type Layout = 'address' | 'stack' | 'packed';
export type Theme = 'light' | 'dark';
/** What the colour of a rectangle says. */
export type ColorBy = 'state' | 'label' | 'size' | 'dtype' | 'lifetime';

/** A part of the picture: x in units of the axis, y in units of the layout (compact address bytes). Addresses grow upward: y1 is the top edge. */
export interface View {
  t0: number;
  t1: number;
  y0: number;
  y1: number;
}

/** How a picture is drawn. */
export interface PictureStyle {
  colorBy: ColorBy;
  theme: Theme;
  filter: string;
  showCached: boolean;
  layout?: Layout;
}

/** A picture as rectangles, in units of the axes, that reach beyond its edges. */
export interface Rectangles {
  rows: { idText: string; label: string; size: number; color: string; alive: boolean; matches: boolean }[];
  /** Of each its place in `rows` (-1: what waits in the cache), t0, t1, y0, y1. */
  places: Float64Array;
}

/** Which picture a question is about: its layout, visible range, and width in device pixels. The stack shows one moment a column. */
export interface Frame {
  layout: Layout;
  view: View;
  columns: number;
}

export interface Bounds {
  events: number; // x extent on the event axis
  durationNs: number; // x extent on the time axis
  height: number; // y extent of the layout
}

/** Levels over a range, one column per sample; `max` of the column, so that no peak is lost. */
export interface Levels {
  x: Float64Array; // left edge of each column, in units of the axis
  liveMax: Float64Array;
  liveMin: Float64Array;
  cachedMax: Float64Array;
  reservedMax: Float64Array;
}

export interface RowInfo {
  row: number;
  id: number;
  idText: string; // exact, also beyond 2^53
  kind: 'owned' | 'view' | 'external';
  baseRow: number | null;
  size: number;
  capacity: number;
  address: string | null; // hex
  dtype: string;
  shape: string;
  label: string;
  site: string;
  thread: string;
  allocEvent: number;
  freeEvent: number | null; // null: alive at the end
  allocTimeNs: number;
  freeTimeNs: number | null;
  lifetimeEvents: number;
  lifetimeNs: number;
  cause: 'dispose' | 'finalized' | 'collected' | 'closed' | null;
  servedBy: 'cache' | 'arena' | 'source' | null;
  freedTo: 'cache' | 'arena' | 'source' | null;
  useCount: number;
}

export interface RowDetails extends RowInfo {
  /** The frames that led to `site`, innermost first, itself among them; empty where that alone is known. */
  stack: string[];
  uses: { event: number; timeNs: number; kernel: string; access: 'read' | 'write' | 'read_write' }[]; // the first 1,000
  moves: { event: number; timeNs: number; from: string; to: string }[]; // hex; the first 1,000
  views: number[]; // rows of its views, the first 1,000
  links: { row: number; direction: 'holds' | 'held by' }[]; // the first 1,000
  previousAtAddress: number | null; // rows
  nextAtAddress: number | null;
  lastUse: { event: number; timeNs: number } | null; // by a kernel
  /** Once it was released: the birth that took its block or a part of it. */
  reuse: { event: number; timeNs: number } | null;
  reusedBy: number | null; // that row
}

export type SortKey =
  | 'row'
  | 'id'
  | 'size'
  | 'label'
  | 'dtype'
  | 'allocEvent'
  | 'freeEvent'
  | 'lifetimeEvents'
  | 'useCount'
  | 'cause';
export interface TableQuery {
  filter: string; // words that label, site, dtype, id or cause must contain; `size>1MiB`, `alive`, `leaked` too
  sort: SortKey;
  descending: boolean;
  aliveFirst: boolean;
}

export interface GroupCount {
  name: string;
  buffers: number;
  bytes: number; // allocated in total
  aliveBuffers: number;
  aliveBytes: number;
  /** `#rrggbb`, as `render` paints it when coloured by the same; null where it paints no such thing (site, cause). */
  color: string | null;
}
export type TraceFormat = 'ndjson' | 'bufgc' | 'csv' | 'chrome';
/** Sizes are put together by powers of two, lifetimes by powers of ten of events. */
export type GroupBy = 'label' | 'dtype' | 'size' | 'state' | 'site' | 'cause' | 'lifetime';

/** Why reserved is above live: reserved + outside = live + rounding + cached + gaps. */
export interface ReservedAccount {
  reserved: number;
  live: number; // as requested
  rounding: number; // what live blocks have beyond that
  cached: number;
  gaps: number; // room between blocks in held segments
  outside: number; // of live blocks, what stands in no segment that the trace tells of
  largestHole: number; // longest stretch of held addresses without a live buffer
  knowsSegments: boolean; // without: gaps and holes are not known
  knowsBlocks: boolean; // without: rounding is not known
  /** Reserved bytes that hold no live one, in millionths of reserved. */
  fragmentationPpm: number;
}

/** As much of a row as a list shows. */
export interface BriefRow {
  row: number;
  idText: string;
  label: string;
  size: number;
}

/** Who held memory right after an event. */
export interface Moment {
  event: number;
  timeNs: number;
  buffers: number;
  bytes: number;
  groups: { name: string; buffers: number; bytes: number; color: string | null }[]; // the 500 largest
  allGroups: number;
  /** The 100 largest of those that match the filter. */
  largest: BriefRow[];
  account: ReservedAccount;
}

/** Groups with members alive at the end of the trace. */
export interface Growth {
  groups: {
    name: string;
    buffers: number; // alive at the end
    bytes: number;
    totalBuffers: number; // ever allocated
    /** The fewest that lived at any moment of each 32nd of the events. */
    floor: number[];
    /** The floor rises through most of the trace. */
    grows: boolean;
  }[]; // the 500 largest
  allGroups: number;
}

/** unused: from a buffer's last use by a kernel to its release; idle: from its release until its block is taken again. */
export type LatencyStage = 'unused' | 'idle';
/** Waits in units of the axis; each figure is a wait that there was. */
export interface LatencyFigures {
  buffers: number;
  median: number;
  p95: number;
  longest: number;
}
export interface Latency extends LatencyFigures {
  /** Waits within [from, to), edges at 1, 2 and 5 times powers of ten; from the first that holds any to the last. */
  bins: { from: number; to: number; buffers: number }[];
  /** Those with the most waiting in total first; 10 at most. */
  groups: (LatencyFigures & { name: string; total: number })[];
  allGroups: number;
  without: number; // released ones whose wait is not known, or not over
}

/** What could be saved if all lifetimes were known beforehand; of blocks, as they were rounded. */
export interface Reuse {
  actual: number; // the most that was reserved
  planned: number; // the height of a plan for the same lifetimes
  least: number; // the most that lived at once: no plan is lower
  saved: number; // actual less planned; 0 where the plan is no lower
  /** In the plan the second takes the first's place; in the run it stood elsewhere. The 100 largest. */
  pairs: { bytes: number; first: BriefRow; second: BriefRow }[];
  allPairs: number;
  hasAddresses: boolean; // without: no pairs
}

/** A part of a layout, on one of its axes. */
export interface Area {
  layout: Layout;
  axis: Axis;
  view: View;
}
/** Of the buffers that hold bytes and stand in an area at some moment, be it drawn or not. */
export interface AreaStatistics {
  buffers: number;
  bytes: number; // of all of them, as requested
  leastBytes: number;
  meanBytes: number;
  mostBytes: number;
  allocations: number; // of them within the area's time
  allocatedBytes: number;
  frees: number;
  freedBytes: number;
  external: number; // that stand there too, and hold none
}

export type FlameBy = 'label' | 'site';
/** live: what lived after `event`; allocated: what was born in the range; kept: the same, as far as never released. */
export type FlameMeasure = 'live' | 'allocated' | 'kept';

/** The first `depth` frames of a text; depth 0 is the root of all. */
export interface FlameFrame {
  text: number;
  depth: number;
}
export interface FlameQuery {
  by: FlameBy;
  measure: FlameMeasure;
  event: number;
  axis: Axis;
  t0: number;
  t1: number;
  root: FlameFrame; // the frame that is looked into
  leastShare: number; // narrower frames are merged into one
  filter: string;
}
export interface FlameNode extends FlameFrame {
  name: string;
  parent: number | null; // index of the node around it, which stands before it
  start: number; // bytes from the root's left edge
  bytes: number;
  selfBytes: number; // of buffers whose name ends here
  buffers: number;
  merged: number; // for how many narrow frames it stands; 0 is a frame itself
}

/** By what two traces are laid against each other: event numbers, ns from the first event, or the phases between marks. */
export type Align = 'event' | 'time' | 'phase';

/** Names and values of `bufgc diff --json`. */
export interface DiffTotals {
  events: number;
  buffers: number;
  frees: number;
  total_allocated_bytes: number;
  max_live_bytes: number;
  max_live_buffers: number;
  max_reserved_bytes: number;
  cache_hits: number;
  alive_at_end_buffers: number;
  alive_at_end_bytes: number;
}
export interface DiffCounts {
  same: number; // matched, alike, and born at the same place of the alignment
  shifted: number; // matched and alike, but born elsewhere
  changed: number; // matched and different; of these, several of the next may hold
  sizeChanged: number;
  dtypeChanged: number;
  endChanged: number;
  lifetimeChanged: number;
  onlyFirstBuffers: number;
  onlyFirstBytes: number;
  onlySecondBuffers: number;
  onlySecondBytes: number;
}
export interface DiffSide {
  buffers: number;
  bytes: number; // allocated in total
  peakBytes: number; // of it that lived at the peak of its trace
  aliveBuffers: number;
  aliveBytes: number;
  unmatched: number; // buffers that the other trace lacks
}
export interface DiffGroup {
  name: string;
  first: DiffSide;
  second: DiffSide;
  changed: number;
}
export interface DiffRow extends BriefRow {
  site: string;
  dtype: string;
  allocEvent: number;
  lifetime: number; // events; by time ns
  end: string; // the cause, "released" where none is known, or "alive at end"
}
export interface DiffPair {
  changes: ('size' | 'dtype' | 'end' | 'lifetime')[];
  first: DiffRow;
  second: DiffRow;
}
/** What the second trace has more or less than the first. */
export interface Diff {
  equal: boolean;
  first: DiffTotals;
  second: DiffTotals;
  counts: DiffCounts;
  phases: number; // of both together; 0 unless aligned by phase
  sharedPhases: number;
  // How far each reaches on the axis that both are drawn on, which ends with the longer one.
  firstExtent: number;
  secondExtent: number;
  /** What one trace lacks first, then the largest difference; 500 at most. */
  groups: DiffGroup[];
  allGroups: number;
  // The 100 that matter most of each.
  onlyFirst: DiffRow[];
  onlySecond: DiffRow[];
  changed: DiffPair[];
}
/** The highest of each column. */
export interface DiffLevels {
  x: Float64Array; // left edges, in units of the alignment
  firstLive: Float64Array;
  firstReserved: Float64Array;
  secondLive: Float64Array;
  secondReserved: Float64Array;
}

/** Of a trace, in ns from its first event; both ends belong to it. */
export interface TimeRange {
  fromNs: number;
  toNs: number;
}

export interface LoadProgress {
  bytes: number;
  totalBytes: number | null;
  events: number;
}

/** A trace that could not be read: the file, the place, what was expected. */
export interface OpenError {
  name: string;
  message: string;
}

/** The page's door to the worker. Every call is answered in order; those that cancel overtake. */
export interface Engine {
  ready(): Promise<void>;
  /**
   * Several files make one trace (events and their `.use` file). Rejects with an `Error` whose message names file, place and expectation.
   * With a range only that is opened, behind what stands at its beginning; of a `.bufgc` file no more than it needs is read.
   */
  open(
    files: { name: string; bytes: Blob | Uint8Array }[],
    onProgress: (progress: LoadProgress) => void,
    range?: TimeRange | null,
  ): Promise<Summary>;
  cancelOpen(): void;
  /** An empty trace that grows by `feed`: the live lab. Coloured by state, what is alive has the colour of every life: it is no leak yet. */
  openLive(name: string): Promise<void>;
  /** More NDJSON of the live trace. */
  feed(ndjson: Uint8Array): Promise<void>;
  summary(): Promise<Summary>;
  /** The packed layout is made when it is first asked for, giving way to other requests; it may take some seconds. */
  bounds(layout?: Layout): Promise<Bounds>;
  marks(): Promise<{ event: number; timeNs: number; name: string }[]>;
  levels(axis: Axis, t0: number, t1: number, columns: number): Promise<Levels>;
  /** Levels at one event, exact. */
  levelAt(
    event: number,
  ): Promise<{ liveBytes: number; liveBuffers: number; cachedBytes: number; reservedBytes: number }>;
  /** The event at a time, and the time of an event: for switching the axis in place. */
  eventAtTime(timeNs: number): Promise<number>;
  timeOfEvent(event: number): Promise<number>;
  /**
   * The lifecycle plot of `view` as an RGBA picture of width × height device pixels. Each buffer is
   * a rectangle from allocation to release at its place; a sub-pixel one leaves its share of colour. In the stack
   * each column of pixels shows the moment of its highest live level.
   * Drawn in short stretches, between which other questions are answered. Whoever asks for a picture wants none before
   * it: those under way answer null, but where none was drawn for long, one that is nearly done. So does one whose
   * trace is closed meanwhile.
   */
  render(axis: Axis, view: View, width: number, height: number, style: PictureStyle): Promise<ImageBitmap | null>;
  /** The same as rectangles; null where there are more than `most`. */
  rectangles(
    axis: Axis,
    view: View,
    width: number,
    height: number,
    style: PictureStyle,
    most: number,
  ): Promise<Rectangles | null>;
  /** The row at a point of the layout (axis units), or null. The tolerance is in units too. */
  hitTest(
    axis: Axis,
    x: number,
    y: number,
    toleranceX: number,
    toleranceY: number,
    frame?: Frame,
  ): Promise<number | null>;
  /**
   * Where a row stands in the layout, in order of time: one rectangle for each address that it had; in the stack
   * one for each step of it over the frame's columns. None without a place.
   */
  rectsOf(axis: Axis, row: number, frame?: Frame): Promise<View[]>;
  rowOfId(id: string): Promise<number | null>;
  row(row: number): Promise<RowDetails>;
  /** Applies the query and answers how many rows match, and their bytes. */
  tableQuery(query: TableQuery): Promise<{ rows: number; bytes: number }>;
  /** Rows `from … from+count` of the last query's order. */
  tableRows(from: number, count: number): Promise<RowInfo[]>;
  groups(by: GroupBy, filter: string): Promise<GroupCount[]>;
  /** Which term of a filter cannot be read, and what was expected there; empty when all is well. Such a term holds for every row. */
  filterError(filter: string): Promise<string>;
  /** The live set and the account of what is reserved after an event; past the end, after the last. */
  moment(event: number, by: GroupBy, filter: string): Promise<Moment>;
  growth(by: GroupBy, filter: string): Promise<Growth>;
  /** Level by level, the root first; beside each other the largest first. At most 4,000 frames. */
  flame(query: FlameQuery): Promise<FlameNode[]>;
  /** Of those that match the filter, too. */
  area(area: Area, filter: string): Promise<AreaStatistics>;
  latency(stage: LatencyStage, axis: Axis, by: GroupBy, filter: string): Promise<Latency>;
  /**
   * Planned when it is first asked for, giving way to other requests; `onProgress` tells the share that is done.
   * Of a trace that grows meanwhile it is about the events that were there when it was begun.
   */
  reuse(onProgress?: (share: number) => void): Promise<Reuse>;
  /** Each `reuse` under way rejects with an `AbortError`; the next goes on where it stopped. */
  cancelReuse(): void;
  /** The worst `fragmentationPpm` of each column, cut as `levels` cuts them. */
  fragmentation(axis: Axis, t0: number, t1: number, columns: number): Promise<Float64Array>;
  /** Reads a second trace beside the open one, which `open` and `openLive` close again. Rejects as `open` does; then there is none. */
  openSecond(
    files: { name: string; bytes: Blob | Uint8Array }[],
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Summary>;
  /** Stops `openSecond`, and closes the second trace. */
  closeSecond(): void;
  /** The second trace against the open one. */
  diff(align: Align, by: GroupBy): Promise<Diff>;
  diffLevels(align: Align, t0: number, t1: number, columns: number): Promise<DiffLevels>;
  /** Chooses the buffers that match and, where there is an area, stand in it; answers how many they are. */
  choose(area: Area | null, filter: string): Promise<number>;
  /** Some of those that were chosen last, in order of birth, as a table for spreadsheets; its head is before the first. */
  chosenCsv(from: number, count: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The open trace, converted. */
  export(format: TraceFormat): Promise<Uint8Array>;
}
