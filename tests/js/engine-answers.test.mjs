// The table and the questions that people open the viewer for, in the page’s engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ndjson } from './small_traces.mjs';
import { opened, skip } from './viewer-engine.mjs';

test('the table filters and sorts, and details hold neighbours at the address', { skip }, async () => {
  const { session } = await opened(['a.ndjson', ndjson]);
  const query = { filter: 'conv', sort: 'size', descending: false, aliveFirst: true };
  assert.deepEqual(session.tableQuery(query), { rows: 2, bytes: 200 });
  assert.deepEqual(
    session.tableRows(0, 10).map(({ idText }) => idText),
    ['3', '1'],
  );
  assert.equal(session.row(session.rowOfId('3')).previousAtAddress, 0);
  assert.equal(session.rowOfId('77'), null);
  assert.throws(() => session.row(3), RangeError);
});

test('the questions people open the viewer for are answered to the byte', { skip }, async () => {
  const { session, summary } = await opened(['a.ndjson', ndjson]);
  const moment = session.moment(2, 'label', '');
  assert.deepEqual(
    moment.groups.map(({ name, buffers, bytes: held }) => [name, buffers, held]),
    [['input', 1, 50]],
  );
  assert.deepEqual(
    moment.largest.map(({ idText, size }) => [idText, size]),
    [['2', 50]],
  );
  const { reserved, live, rounding, cached, gaps, outside, fragmentationPpm } = moment.account;
  assert.deepEqual([reserved, live, rounding, cached, gaps, outside], [150, 50, 0, 100, 0, 0]);
  assert.equal(fragmentationPpm, 666666);
  assert.deepEqual([...session.fragmentation('event', 0, 5, 5)], [0, 0, 666666, 0, 0]);
  assert.equal(session.moment(99, 'label', '').event, 4);

  const { groups } = session.growth('label', '');
  assert.deepEqual(
    groups.map(({ name, buffers, bytes: held, totalBuffers, grows }) => [name, buffers, held, totalBuffers, grows]),
    [['conv', 1, summary.alive_at_end_bytes, 2, false]],
  );
  assert.equal(groups[0].floor.length, 32);

  const flame = (measure, range) =>
    session.flame({
      by: 'label',
      measure,
      event: 2,
      axis: 'event',
      root: { text: 0, depth: 0 },
      leastShare: 0,
      filter: '',
      ...range,
    });
  const whole = { t0: 0, t1: 5 };
  assert.deepEqual(
    flame('allocated', whole).map(({ name, bytes: held, start, parent }) => [name, held, start, parent]),
    [
      ['', 250, 0, null],
      ['conv', 200, 0, 0],
      ['input', 50, 200, 0],
    ],
  );
  assert.equal(flame('kept', whole)[0].bytes, 100);
  assert.equal(flame('kept', { t0: 0, t1: 3 })[0].bytes, 0);
  assert.equal(flame('live', whole)[0].bytes, 50);
  const conv = flame('allocated', whole)[1];
  assert.equal(flame('allocated', { ...whole, root: { text: conv.text, depth: conv.depth } })[0].name, 'conv');

  const { actual, planned, least, saved, pairs } = await session.reuse();
  assert.deepEqual([actual, planned, least, saved, pairs.length], [150, 150, 150, 0, 0]);
  assert.throws(() => session.moment(0, 'colour', ''), /moment: expected one of/);
});
