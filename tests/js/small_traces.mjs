/** A trace of a few events, and its text. */
export const lines = [
  { t: 10, op: 'alloc', id: 1, size: 100, addr: '0x1000', dtype: 'float32', label: 'conv' },
  { t: 20, op: 'alloc', id: 2, size: 50, addr: '0x2000', label: 'input' },
  { t: 30, op: 'free', id: 1, to: 'lru' },
  { t: 45, op: 'alloc', id: 3, size: 100, addr: '0x1000', label: 'conv', src: 'lru_hit' },
  { t: 60, op: 'free', id: 2, to: 'os' },
];
export const ndjson = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;

/** A second trace of the same program: one buffer larger, one never released, one more. */
export const after = `${[
  { t: 10, op: 'alloc', id: 1, size: 120, addr: '0x1000', dtype: 'float32', label: 'conv' },
  { t: 20, op: 'alloc', id: 2, size: 50, addr: '0x2000', label: 'input' },
  { t: 30, op: 'free', id: 1, to: 'lru' },
  { t: 45, op: 'alloc', id: 3, size: 100, addr: '0x1000', label: 'conv' },
  { t: 50, op: 'alloc', id: 4, size: 30, label: 'extra' },
]
  .map((line) => JSON.stringify(line))
  .join('\n')}\n`;
