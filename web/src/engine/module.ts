// The engine's WebAssembly module as JavaScript sees it: plain C exports (web/engine/exports.cpp).

export type ViewerHandle = number;

/** What the glue that Emscripten writes hands out. */
export interface ViewerModule {
  /** Replaced when memory grows: read it afresh after every call. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  _viewer_create(): ViewerHandle;
  _viewer_destroy(viewer: ViewerHandle): void;
  _viewer_scratch(size: number): number;
  _viewer_add_file(viewer: ViewerHandle): number;
  _viewer_expect(viewer: ViewerHandle, file: number, fileBytes: number): void;
  _viewer_set_range(viewer: ViewerHandle, fromNs: number, toNs: number): void;
  _viewer_in_parts(viewer: ViewerHandle): number;
  _viewer_part(viewer: ViewerHandle): void;
  _viewer_feed(viewer: ViewerHandle, file: number): number;
  _viewer_end(viewer: ViewerHandle, file: number): number;
  _viewer_wanted(viewer: ViewerHandle): number;
  _viewer_events(viewer: ViewerHandle): number;
  _viewer_set_slack(viewer: ViewerHandle, slack: number): void;
  _viewer_set_live(viewer: ViewerHandle): void;
  _viewer_text(viewer: ViewerHandle): number;
  _viewer_text_size(viewer: ViewerHandle): number;
  _viewer_numbers(viewer: ViewerHandle): number;
  _viewer_numbers_size(viewer: ViewerHandle): number;
  _viewer_pixels(viewer: ViewerHandle): number;
  _viewer_error(viewer: ViewerHandle): void;
  _viewer_summary(viewer: ViewerHandle): void;
  _viewer_arrange(viewer: ViewerHandle, events: number): number;
  _viewer_bounds(viewer: ViewerHandle, layout: number): void;
  _viewer_marks(viewer: ViewerHandle): void;
  _viewer_level_at(viewer: ViewerHandle, event: number): void;
  _viewer_levels(viewer: ViewerHandle, axis: number, t0: number, t1: number, columns: number): void;
  _viewer_event_at_time(viewer: ViewerHandle, timeNs: number): number;
  _viewer_time_of_event(viewer: ViewerHandle, event: number): number;
  _viewer_begin(
    viewer: ViewerHandle,
    layout: number,
    axis: number,
    t0: number,
    t1: number,
    y0: number,
    y1: number,
    width: number,
    height: number,
    colorBy: number,
    dark: number,
    cached: number,
    most: number,
  ): number;
  _viewer_draw(viewer: ViewerHandle, boxes: number): number;
  _viewer_hit_test(
    viewer: ViewerHandle,
    layout: number,
    axis: number,
    t0: number,
    t1: number,
    columns: number,
    x: number,
    y: number,
    toleranceX: number,
    toleranceY: number,
  ): number;
  _viewer_rects_of(
    viewer: ViewerHandle,
    layout: number,
    axis: number,
    t0: number,
    t1: number,
    columns: number,
    row: number,
  ): void;
  _viewer_row_of_id(viewer: ViewerHandle): number;
  _viewer_row(viewer: ViewerHandle, row: number): void;
  _viewer_table_query(viewer: ViewerHandle, key: number, descending: number, aliveFirst: number): void;
  _viewer_table_rows(viewer: ViewerHandle, from: number, count: number): void;
  _viewer_groups(viewer: ViewerHandle, by: number): void;
  _viewer_filter_error(viewer: ViewerHandle): void;
  _viewer_moment(viewer: ViewerHandle, event: number, by: number): void;
  _viewer_growth(viewer: ViewerHandle, by: number): void;
  _viewer_flame(
    viewer: ViewerHandle,
    by: number,
    measure: number,
    event: number,
    axis: number,
    t0: number,
    t1: number,
    rootText: number,
    rootDepth: number,
    leastShare: number,
  ): void;
  _viewer_area(
    viewer: ViewerHandle,
    layout: number,
    axis: number,
    t0: number,
    t1: number,
    y0: number,
    y1: number,
  ): void;
  _viewer_choose(
    viewer: ViewerHandle,
    layout: number,
    axis: number,
    t0: number,
    t1: number,
    y0: number,
    y1: number,
  ): number;
  _viewer_chosen_csv(viewer: ViewerHandle, from: number, count: number): void;
  _viewer_latency(viewer: ViewerHandle, stage: number, axis: number, by: number): void;
  _viewer_reuse(viewer: ViewerHandle, events: number): number;
  _viewer_fragmentation(viewer: ViewerHandle, axis: number, t0: number, t1: number, columns: number): void;
  _viewer_diff(second: ViewerHandle, first: ViewerHandle, align: number, by: number): void;
  _viewer_diff_levels(
    second: ViewerHandle,
    first: ViewerHandle,
    align: number,
    t0: number,
    t1: number,
    columns: number,
  ): void;
  _viewer_export(viewer: ViewerHandle, format: number): number;
}

export type CreateViewer = (options: { wasmBinary: Uint8Array }) => Promise<ViewerModule>;
