// `bufgc replay`, natively and as WebAssembly, over the shared traces.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { top } from './paths.mjs';

export const shared = join(top, '../shared/traces');
export const hosts = {
  native: [join(top, '.build/native/src/cli/bufgc')],
  wasm: [process.execPath, join(top, '.build/wasm-cli/src/cli/bufgc.js')],
};

/** A shared trace as plain text, which both hosts read; `instead` where the shared ones are absent. */
export function unpack(name, instead) {
  let file = join(shared, name);
  if (!existsSync(file) && instead !== undefined) {
    console.error(`skipped: no shared traces; taking ${instead}`);
    file = join(top, instead);
  }
  if (!file.endsWith('.gz')) return file;
  const folder = join(top, '.build/bench-traces');
  mkdirSync(folder, { recursive: true });
  const plain = join(folder, basename(file, '.gz'));
  writeFileSync(plain, gunzipSync(readFileSync(file)));
  return plain;
}

/** The names of a folder of shared traces, those with uses of buffers alone left out; none when absent. */
export const traces = (folder) =>
  existsSync(join(shared, folder))
    ? readdirSync(join(shared, folder))
        .filter((name) => /\.(csv|ndjson\.gz|pickle\.gz)$/.test(name) && !name.includes('.use.'))
        .map((name) => `${folder}/${name}`)
    : [];

/** What `bufgc replay --json` says of `files`; `complaint` when it says nothing that can be read. */
export function runReplay(host, files, ...options) {
  const [command, ...before] = hosts[host];
  const ran = spawnSync(command, [...before, 'replay', ...files, '--json', ...options], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const complaint = ran.stderr.trim().split('\n').pop();
  try {
    return { ...JSON.parse(ran.stdout), complaint, status: ran.status };
  } catch {
    return { traces: [], complaint: complaint || `exit status ${ran.status}`, status: ran.status };
  }
}

/** The option of `bufgc replay` whose name has `word` in it, if there is one. */
export function optionOf(host, word) {
  const [command, ...before] = hosts[host];
  const help = spawnSync(command, [...before, 'replay', '--help'], { encoding: 'utf8' }).stdout;
  return help.match(new RegExp(`--[a-z-]*${word}[a-z-]*`))?.[0];
}
