// What the session holds.
import type { Align, Bounds, FlameBy, FlameMeasure, GroupBy, Layout, Summary, TimeRange } from '../engine/protocol.js';

export type Mode = 'trace' | 'lab';
/** The views, by their names in the address; each layout of the picture is one. */
export const ALL_TABS = [
  'address',
  'stack',
  'packed',
  'table',
  'groups',
  'leaks',
  'reuse',
  'statistics',
  'diff',
] as const;
export type Tab = (typeof ALL_TABS)[number];
export const isLayout = (tab: Tab): tab is Layout => tab === 'address' || tab === 'stack' || tab === 'packed';
/** By what two traces are laid against each other, and what their lifetimes are grouped by. */
export const ALL_ALIGNS = ['event', 'time', 'phase'] as const satisfies readonly Align[];
export const DIFF_GROUPINGS = ['label', 'site', 'dtype', 'size'] as const satisfies readonly GroupBy[];
/** What changed; listeners name the topics that they draw. */
export type Topic =
  | 'trace'
  | 'view'
  | 'selection'
  | 'filter'
  | 'cursor'
  | 'loading'
  | 'notice'
  | 'layout'
  | 'moment'
  | 'area'
  | 'flame'
  | 'comparison';

export interface Mark {
  event: number;
  timeNs: number;
  name: string;
}
export interface Trace {
  name: string;
  live: boolean;
  /** Still being read: what is there so far. */
  preview: boolean;
  /** Which bundled sample it is, if one. */
  sample: string | null;
  /** Which part of the files alone was opened; null: all. */
  range: TimeRange | null;
  /** For opening a part of them; null where they are not at hand any more. */
  files: SourceFile[] | null;
  summary: Summary;
  /** Of the layout that is shown. */
  bounds: Bounds;
  marks: Mark[];
  /** Grows whenever the engine knows more than before: pictures and queries of older ones are stale. */
  revision: number;
}
export interface Loading {
  name: string;
  bytes: number;
  totalBytes: number | null;
  events: number;
  startedAt: number;
}
export interface Notice {
  kind: 'error' | 'note';
  title: string;
  detail: string;
}
export interface Cursor {
  event: number;
  timeNs: number;
  y: number | null;
  level: { liveBytes: number; liveBuffers: number; cachedBytes: number; reservedBytes: number } | null;
}
/** Where the live set is asked for: a point of time that stays when the pointer moves on. */
export interface PinnedMoment {
  event: number;
  timeNs: number;
}
/** What the flame graph shows: its measure, and the frame that is looked into. */
export interface Flame {
  by: FlameBy;
  measure: FlameMeasure;
  text: number;
  depth: number;
}
export interface SourceFile {
  name: string;
  bytes: Blob | Uint8Array;
}
