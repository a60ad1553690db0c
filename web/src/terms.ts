// The filter terms that choose one group, in the grammar of src/timeline/row_filter.hpp.
import type { GroupBy } from './engine/protocol.js';

const quoted = (text: string): string => (/^$|\s/.test(text) ? `"${text}"` : text);

/** Terms that together choose a group, and nothing else where the grammar can say so. */
export function termsOf(by: GroupBy, name: string): string[] {
  if (by === 'state') return [name.startsWith('alive') ? 'alive' : name];
  if (by === 'size' || by === 'lifetime') return rangeTerms(by, name);
  if (by === 'cause' && name.startsWith('alive')) return ['alive'];
  // A quotation mark cannot be written inside a term: what stands before it is what is looked for.
  const [text = '', rest] = name.split('"');
  if (rest === undefined) return [`${by}=${quoted(text)}`];
  return text.trim() === '' ? [] : [`${by}:${quoted(text)}`];
}

/** Terms that choose what contains a part of a name. */
export function containing(by: 'label' | 'site', part: string): string[] {
  const [text = ''] = part.split('"');
  return text.trim() === '' ? [] : [`${by}:${quoted(text)}`];
}

const DIGITS: Record<string, string> = { k: '000', M: '000000', G: '000000000' };

/** "64 KiB to 128 KiB" → size>=64KiB size<128KiB; "1 B" → size=1B; "1k to 10k" → lifetime>=1000 lifetime<10000. */
function rangeTerms(by: 'size' | 'lifetime', name: string): string[] {
  const bounds = name.split(' to ').map((bound) => bound.replace(' ', ''));
  const [from, to] = by === 'size' ? bounds : bounds.map((bound) => bound.replace(/[kMG]/, (unit) => DIGITS[unit]!));
  if (!from) return [];
  return to ? [`${by}>=${from}`, `${by}<${to}`] : [`${by}=${from}`];
}

/** Terms are parted by spaces; a quoted part keeps its spaces. */
const splitTerms = (filter: string): string[] => filter.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];

export function holdsTerms(filter: string, terms: string[]): boolean {
  const now = splitTerms(filter);
  return terms.length > 0 && terms.every((term) => now.includes(term));
}

/** The filter with the terms added, or without them when they all stand there. */
export function toggled(filter: string, terms: string[]): string {
  const kept = splitTerms(filter).filter((term) => !terms.includes(term));
  return (holdsTerms(filter, terms) ? kept : [...kept, ...terms]).join(' ');
}
