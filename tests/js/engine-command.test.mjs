// The page’s engine and the command agree.
//   BUFGC_CLI         the native `bufgc`
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { after, ndjson } from './small_traces.mjs';
import { bytes, noProgress, opened, skip } from './viewer-engine.mjs';

test('the engine and the command agree on every figure', { skip }, async (context) => {
  if (!process.env.BUFGC_CLI) return context.skip('skipped: BUFGC_CLI is not set');
  const folder = mkdtempSync(join(tmpdir(), 'bufgc-'));
  try {
    const file = join(folder, 'a.ndjson');
    writeFileSync(file, ndjson);
    const { traces } = JSON.parse(
      execFileSync(process.env.BUFGC_CLI, ['summary', file, '--json'], { encoding: 'utf8' }),
    );
    const { trace: _name, ...figures } = traces[0];
    const { summary } = await opened(['a.ndjson', ndjson]);
    assert.ok(Object.keys(figures).length >= 9);
    for (const [name, value] of Object.entries(figures)) assert.equal(summary[name], value, name);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the engine and the command agree on what differs', { skip }, async (context) => {
  if (!process.env.BUFGC_CLI) return context.skip('skipped: BUFGC_CLI is not set');
  const folder = mkdtempSync(join(tmpdir(), 'bufgc-'));
  try {
    const [a, b] = ['a.ndjson', 'b.ndjson'].map((name) => join(folder, name));
    writeFileSync(a, ndjson);
    writeFileSync(b, after);
    const { status, stdout } = spawnSync(process.env.BUFGC_CLI, ['diff', a, b, '--json', '--by', 'dtype'], {
      encoding: 'utf8',
    });
    assert.equal(status, 1);
    const told = JSON.parse(stdout);
    const { session } = await opened(['a.ndjson', ndjson]);
    await session.openSecond([{ name: 'b.ndjson', bytes: bytes(after) }], noProgress);
    const diff = session.diff('event', 'dtype');
    assert.deepEqual(told.totals, { a: diff.first, b: diff.second });
    assert.equal(told.lifetimes.only_b_bytes, diff.counts.onlySecondBytes);
    assert.equal(told.lifetimes.changed, diff.counts.changed);
    assert.deepEqual(
      told.groups.map(({ name, a: { bytes: inA }, b: { bytes: inB }, changed }) => [name, inA, inB, changed]),
      diff.groups.map(({ name, first, second, changed }) => [name, first.bytes, second.bytes, changed]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
