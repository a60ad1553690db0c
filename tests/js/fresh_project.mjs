// A project as a user begins one: a folder of its own in which the package is installed from its tarball.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const wasmFolder = fileURLToPath(new URL('../../wasm/', import.meta.url));

/** `packed` is what `npm pack` tells of the tarball; `remove` ends it. */
export function freshProject() {
  const folder = mkdtempSync(join(tmpdir(), 'bufgc-fresh-'));
  const npm = (...words) =>
    execFileSync('npm', words, { encoding: 'utf8', cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const [packed] = JSON.parse(npm('pack', wasmFolder, '--json', '--ignore-scripts', '--pack-destination', folder));
  writeFileSync(join(folder, 'package.json'), '{ "name": "fresh", "version": "1.0.0", "type": "module" }');
  npm('install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', `./${packed.filename}`);
  return { folder, packed, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
