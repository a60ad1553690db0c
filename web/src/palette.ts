// Colours of groups, as the engine paints them.
import type { GroupBy } from './engine/protocol.js';

/** The style of a group's swatch while the picture is coloured by that grouping. */
export function swatchOf(by: GroupBy, name: string, rank: number): string {
  void by;
  void name;
  void rank;
  return 'background: var(--live)';
}
