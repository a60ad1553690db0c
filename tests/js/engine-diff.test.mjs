// A second trace beside the first, in the page’s engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, ndjson } from './small_traces.mjs';
import { bytes, noProgress, opened, skip } from './viewer-engine.mjs';

test('a second trace is compared with the open one, and closed with it', { skip }, async () => {
  const { session, summary } = await opened(['a.ndjson', ndjson]);
  assert.throws(() => session.diff('event', 'label'), /No second trace is open/);
  const second = await session.openSecond([{ name: 'b.ndjson', bytes: bytes(after) }], noProgress);
  assert.equal(second.buffers, 4);
  assert.deepEqual(session.summary(), summary);

  const diff = session.diff('event', 'label');
  assert.equal(diff.equal, false);
  assert.equal(diff.first.max_live_bytes, summary.max_live_bytes);
  assert.equal(diff.second.max_live_bytes, second.max_live_bytes);
  assert.deepEqual([diff.first.cache_hits, diff.second.cache_hits], [1, 0]);
  assert.deepEqual(
    diff.groups.map(({ name, first, second: { buffers } }) => [name, first.buffers, buffers]),
    [
      ['extra', 0, 1],
      ['conv', 2, 2],
      ['input', 1, 1],
    ],
  );
  assert.deepEqual(
    diff.onlySecond.map(({ idText, end }) => [idText, end]),
    [['4', 'alive at end']],
  );
  assert.deepEqual(
    diff.changed.map(({ changes, first, second: other }) => [changes, first.size, other.size]),
    [
      [['size'], 100, 120],
      [['end'], 50, 50],
    ],
  );
  assert.deepEqual([...session.diffLevels('event', 0, 5, 5).firstLive], [100, 150, 50, 150, 100]);
  assert.deepEqual([...session.diffLevels('event', 0, 5, 5).secondLive], [120, 170, 50, 150, 180]);
  assert.equal(session.diff('time', 'size').secondExtent, 40);
  assert.deepEqual([session.diff('phase', 'site').phases, session.diff('phase', 'site').sharedPhases], [1, 1]);
  assert.throws(() => session.diff('line', 'label'), /align: expected one of event, time, phase/);

  await session.openSecond([{ name: 'a.ndjson', bytes: bytes(ndjson) }], noProgress);
  assert.equal(session.diff('event', 'label').equal, true);
  await assert.rejects(
    session.openSecond([{ name: 'bad.ndjson', bytes: bytes(`${ndjson}{"t":9`) }], noProgress),
    /^Error: bad\.ndjson: line 6: /,
  );
  assert.throws(() => session.diff('event', 'label'), /No second trace is open/);
  await session.openSecond([{ name: 'b.ndjson', bytes: bytes(after) }], noProgress);
  await session.open([{ name: 'b.ndjson', bytes: bytes(after) }], noProgress);
  assert.throws(() => session.diff('event', 'label'), /No second trace is open/);
});

test('closing the second trace stops its reading, and the first goes on', { skip }, async () => {
  const { session, summary } = await opened(['a.ndjson', ndjson]);
  const long = Array.from({ length: 200_000 }, (_, i) => `{"t":${i},"op":"alloc","id":${i},"size":64}`).join('\n');
  const reading = session.openSecond([{ name: 'long.ndjson', bytes: bytes(long) }], () => session.closeSecond());
  await assert.rejects(reading, { name: 'AbortError' });
  assert.deepEqual(session.summary(), summary);
  assert.throws(() => session.diff('event', 'label'), /No second trace is open/);
});
