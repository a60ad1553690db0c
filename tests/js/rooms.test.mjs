// The rooms of the house: a room's place says what it may know. Lower rooms come first; none
// includes a higher one, and the engine's rooms know nothing of the hosts around them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../../', import.meta.url));

/** Lowest first; `match` tells whether a path (from src/, with forward slashes) belongs to the room. */
const rooms = [
  { name: 'status', match: (path) => path === 'bufgc/status.hpp' },
  { name: 'memory', match: (path) => path.startsWith('bufgc/memory/') },
  { name: 'buffer', match: (path) => path.startsWith('bufgc/buffer/') },
  { name: 'viz', match: (path) => path.startsWith('bufgc/viz/') },
  { name: 'manager', match: (path) => /^bufgc\/(buffer_manager|statistics)\.[ch]pp$/.test(path) },
  { name: 'trace', match: (path) => path.startsWith('trace/') },
  // The one header a program includes stands above all that it gathers.
  { name: 'umbrella', match: (path) => path === 'bufgc/bufgc.hpp' },
  { name: 'timeline', match: (path) => path.startsWith('timeline/') },
  { name: 'cli', match: (path) => path.startsWith('cli/') || path.startsWith('example/') },
];
const rankOf = (path) => rooms.findIndex((room) => room.match(path));

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : filesBelow(path);
    return [path];
  });
}
function includesOf(file) {
  return [...readFileSync(file, 'utf8').matchAll(/^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm)].map((match) => match[1]);
}
const sources = filesBelow(join(top, 'src')).filter((file) => /\.[ch]pp$/.test(file));
const fromSource = (file) => relative(join(top, 'src'), file).replaceAll('\\', '/');

test('every C++ file of src stands in a room', () => {
  assert.ok(sources.length > 20);
  assert.deepEqual(
    sources.map(fromSource).filter((path) => rankOf(path) < 0),
    [],
  );
});

test('no room includes a higher one', () => {
  const upward = [];
  for (const file of sources) {
    const path = fromSource(file);
    for (const included of includesOf(file)) {
      if (rankOf(included) > rankOf(path)) upward.push(`${path} (${rooms[rankOf(path)].name}) includes ${included}`);
    }
  }
  assert.deepEqual(upward, []);
});

test('the lifecycle pictures know no file format', () => {
  const bad = sources.filter(
    (file) => fromSource(file).startsWith('timeline/') && includesOf(file).some((name) => name.startsWith('trace/')),
  );
  assert.deepEqual(bad.map(fromSource), []);
});

test('the core knows nothing of JavaScript', () => {
  // memory/ alone may ask the platform for linear memory.
  const bad = sources.filter(
    (file) =>
      !fromSource(file).startsWith('bufgc/memory/') && includesOf(file).some((name) => name.startsWith('emscripten')),
  );
  assert.deepEqual(bad.map(fromSource), []);
});

test('the package knows nothing of the page', () => {
  const bad = filesBelow(join(top, 'wasm'))
    .filter((file) => /\.(ts|mjs|cpp|hpp)$/.test(file))
    .filter((file) => /(from\s+['"][^'"]*web\/|#include\s*["<](timeline|cli)\/)/.test(readFileSync(file, 'utf8')));
  assert.deepEqual(bad, []);
});

test('the top level holds exactly the rooms of the design', () => {
  const allowed = new Set(['CMakeLists.txt', 'README.md', 'src', 'wasm', 'web', 'tests']);
  const extra = readdirSync(top).filter((name) => !name.startsWith('.') && !allowed.has(name) && name !== 'build');
  assert.deepEqual(extra, []);
});
