// The filter term that chooses one group.
import type { GroupBy } from './engine/protocol.js';

export function termOf(by: GroupBy, name: string): string {
  if (by === 'state') return name;
  return /\s/.test(name) ? `"${name}"` : name;
}
