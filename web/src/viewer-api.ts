// `window.viewer`: the page for scripts and tests. Coordinates are CSS pixels of the window.
import type { App } from './app.js';
import type { Axis, Summary, TraceFormat } from './engine/protocol.js';
import type { Session, Tab } from './store/session.js';

export interface ScreenPlace {
  /** The middle of the part that is in sight: where to click. */
  x: number;
  y: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface ViewerApi {
  ready(): Promise<void>;
  idle(): Promise<void>;
  open(source: File | Blob | ArrayBuffer | Uint8Array, name?: string): Promise<Record<string, number>>;
  /** Opens a second trace, to be compared with the open one. */
  compare(source: File | Blob | ArrayBuffer | Uint8Array, name?: string): Promise<void>;
  setView(view: { view?: Tab; axis?: Axis; t0?: number; t1?: number; y0?: number; y1?: number }): Promise<void>;
  hitTest(x: number, y: number): Promise<number | null>;
  screenOf(id: number | string): Promise<ScreenPlace | null>;
  select(id: number | string | null): Promise<void>;
  stats(): Promise<Record<string, number>>;
  export(format: TraceFormat): Promise<Uint8Array>;
}

const SUMMARY_NAMES = [
  'events',
  'buffers',
  'max_live_bytes',
  'max_live_buffers',
  'alive_at_end_buffers',
  'alive_at_end_bytes',
  'total_allocated_bytes',
  'distinct_sizes',
  'skipped_events',
] as const satisfies readonly (keyof Summary)[];

export function viewerApi(session: Session, app: App): ViewerApi {
  const ready = session.engine.ready();
  ready.catch(() => undefined); // told on the page; a script that asks hears it too

  const stats = async (): Promise<Record<string, number>> => {
    const summary = await session.engine.summary();
    return Object.fromEntries(SUMMARY_NAMES.map((name) => [name, summary[name]]));
  };
  return {
    async ready() {
      await ready;
      await app.updateComplete;
    },
    idle: () => session.idle(),
    async open(source, name = source instanceof File ? source.name : 'trace.ndjson') {
      const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
      await session.open([{ name, bytes }]);
      await session.idle();
      return stats();
    },
    async compare(source, name = source instanceof File ? source.name : 'trace.ndjson') {
      const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
      await session.comparison.open([{ name, bytes }]);
      await session.idle();
    },
    async setView({ view, axis, ...range }) {
      if (view) await session.setTab(view);
      if (axis) await session.setAxis(axis);
      if (Object.keys(range).length > 0) session.setView({ ...session.view, ...range });
      await session.idle();
    },
    async hitTest(x, y) {
      const row = (await app.plot?.rowAt(x, y)) ?? null;
      return row === null ? null : (await session.engine.row(row)).id;
    },
    async screenOf(id) {
      const row = await session.engine.rowOfId(String(id));
      if (row === null) return null;
      await session.setTab(session.layout);
      await app.updateComplete;
      await session.idle(); // the picture knows its size
      await session.reveal(row);
      await session.idle();
      return (await app.plot?.placeOf(row)) ?? null;
    },
    async select(id) {
      const row = id === null ? null : await session.engine.rowOfId(String(id));
      await session.select(row, row !== null);
      await session.idle();
    },
    stats,
    export: (format) => session.engine.export(format),
  };
}
