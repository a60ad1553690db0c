// How numbers read: bytes with three significant digits, times in the unit that reads best,
// counts with thin spaces. Exact values go into titles.

const THIN = '\u2009';
const NARROW = '\u202f'; // between a number and its unit: never breaks
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

const threeDigits = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
};

/** 1536 → "1.50 KiB"; below 1 KiB the exact count. */
export function bytes(value: number): string {
  let unit = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 999.5 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${unit === 0 ? count(value) : threeDigits(scaled)}${NARROW}${BYTE_UNITS[unit]}`;
}

/** What was added or is missing, with its sign: "+1.50 KiB", "−3", "0". */
export const delta = (before: number, after: number, text: (value: number) => string): string =>
  before === after ? '0' : `${after > before ? '+' : '−'}${text(Math.abs(after - before))}`;

/** "1 572 864 B", for titles and copies. */
export const exactBytes = (value: number): string => `${count(value)}${NARROW}B`;

/** 1234567 → "1 234 567" with thin spaces. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const whole = Math.round(value).toString();
  return whole.replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

const TIME_UNITS: [string, number][] = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['min', 60e9],
  ['h', 3600e9],
];

/** The unit in which a duration of so many ns reads best. */
export function timeUnit(nanoseconds: number): { name: string; ns: number } {
  const size = Math.abs(nanoseconds);
  let chosen = TIME_UNITS[0]!;
  for (const unit of TIME_UNITS) if (size >= unit[1] * (unit[1] >= 60e9 ? 2 : 1)) chosen = unit;
  return { name: chosen[0], ns: chosen[1] };
}

/** 1234567 ns → "1.23 ms". */
export function time(nanoseconds: number): string {
  const unit = timeUnit(nanoseconds);
  const value = unit.ns === 1 ? count(nanoseconds) : threeDigits(nanoseconds / unit.ns);
  return `${value}${NARROW}${unit.name}`;
}

export const percent = (part: number, whole: number): string =>
  whole > 0 ? `${threeDigits((100 * part) / whole)}${NARROW}%` : '–';

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

const CONTROL = /\p{Cc}/gu;
const DIRECTION = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const controlPicture = (code: number): string =>
  code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';

/**
 * Text out of a file, made safe to stand in a line: cut to `most` characters, control characters as
 * their pictures, marks that would turn the writing direction round as their code points.
 */
export function label(text: string, most = 120): string {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return cut
    .replace(CONTROL, (c) => controlPicture(c.charCodeAt(0)))
    .replace(DIRECTION, (c) => `‹U+${c.charCodeAt(0).toString(16).toUpperCase()}›`);
}
