// A row of the report: what was measured, beside whom, and what it was to reach.

/** A bar: `ratio` of bufgc to `against` is at most `bar`. A missing figure falls short. */
export const atMost = (against, ratio, bar) => ({
  against,
  ratio: ratio ?? null,
  bar,
  pass: Number.isFinite(ratio) && ratio <= bar,
});

/** A bar that is no ratio. */
export const holds = (what, pass) => ({ against: what, ratio: null, bar: null, pass });

/** A row that could not be run says why, and falls short. */
export const notRun = (part, what, why) => ({
  part,
  what,
  value: null,
  bars: [holds(why, false)],
});

const digits = (value) =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : value.toPrecision(3);

export const bytes = (count) => {
  const units = ['B', 'KiB', 'MiB'];
  let unit = 0;
  for (; count >= 1024 && unit < 2; unit += 1) count /= 1024;
  return `${Number(count.toPrecision(3))} ${units[unit]}`;
};

export const time = (ns) => {
  if (ns >= 1e6) return `${digits(ns / 1e6)} ms`;
  if (ns >= 1e4) return `${digits(ns / 1e3)} µs`;
  return `${digits(ns)} ns`;
};

const value = (row) => (row.value === null ? 'not run' : (row.text ?? `${digits(row.value)}${row.unit ?? ''}`));
const bar = ({ against, ratio, bar: limit, pass }) =>
  limit === null
    ? `${against}${pass ? '' : ' (short)'}`
    : `${ratio === null ? '–' : ratio.toFixed(3)} × ${against} (bar ${limit}${pass ? '' : ', short'})`;
const verdict = (row) => (row.bars?.length ? (row.bars.every(({ pass }) => pass) ? 'pass' : 'short') : '');
const cells = (row) => [
  row.part,
  row.what,
  value(row),
  (row.bars ?? []).map(bar).join('; '),
  verdict(row),
  row.beside ?? '',
];
const heads = ['part', 'what', 'bufgc', 'against its bar', '', 'beside'];

export function asText(rows) {
  const table = [heads, ...rows.map(cells)];
  const widths = heads.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function asMarkdown(rows) {
  const line = (row) => `| ${row.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('\n');
}

export function count(rows) {
  const bars = rows.flatMap((row) => row.bars ?? []);
  return { passed: bars.filter(({ pass }) => pass).length, short: bars.filter(({ pass }) => !pass).length };
}
