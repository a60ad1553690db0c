// What the package weighs, file by file, each packed by gzip as a server sends it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { top } from './paths.mjs';
import { holds } from './rows.mjs';

const mostBytes = 45_000;

export const gzipBytes = (file) => gzipSync(readFileSync(join(top, file)), { level: 9 }).length;

export function packageSizeRows(part) {
  const kilobytes = (file) => gzipBytes(`wasm/dist/${file}`) / 1000;
  const files = ['index.js', 'bufgc.wasm', 'bufgc_annex.wasm', 'development.js', 'bufgc_hardened.wasm', 'recorder.js'];
  const [code, wasm, annex, development, hardened, recorder] = files.map(kilobytes);
  const first = code + wasm;
  const whole = first + annex + recorder + development + hardened;
  const show = (value) => value.toFixed(1);
  return [
    {
      part,
      what: 'package, gzip: loaded before the first buffer',
      value: first,
      text: `${show(first)} KB`,
      bars: [holds('at most 45 KB', first * 1000 <= mostBytes)],
      beside: `JavaScript ${show(code)}, WebAssembly ${show(wasm)}`,
    },
    {
      part,
      what: 'package, gzip: all of it',
      value: whole,
      text: `${show(whole)} KB`,
      beside: `when asked for: the annex (visualizer, exports, plans) ${show(annex + recorder)}, development mode ${show(development)}, the hardened core ${show(hardened)}`,
    },
  ];
}
