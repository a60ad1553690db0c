// Colours of groups, as the engine paints them.
import type { ColorBy, GroupBy } from './engine/protocol.js';

/** The style of a group's swatch: its colour while the picture shows that grouping, else only its state. */
export function swatchOf(by: GroupBy, name: string, rank: number, colorBy: ColorBy): string {
  void name;
  void rank;
  return by === colorBy ? 'background: var(--live)' : 'border: 1px solid var(--line-strong)';
}
