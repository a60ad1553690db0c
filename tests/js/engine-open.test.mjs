// Opening and closing traces in the page’s engine: forms, errors, live ones, exports.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { lines, ndjson } from './small_traces.mjs';
import { bytes, noProgress, opened, skip, start } from './viewer-engine.mjs';

test('a trace opens with the figures that its events come to', { skip }, async () => {
  const { session, summary } = await opened(['a.ndjson', ndjson]);
  assert.equal(summary.events, 5);
  assert.equal(summary.buffers, 3);
  assert.equal(summary.max_live_bytes, 150);
  assert.equal(summary.alive_at_end_bytes, 100);
  assert.equal(summary.max_cached_bytes, 100);
  assert.equal(summary.cached_at_end_bytes, 0);
  assert.deepEqual(session.levelAt(2), { liveBytes: 50, liveBuffers: 1, cachedBytes: 100, reservedBytes: 150 });
  assert.deepEqual([...session.levels('event', 0, 5, 5).liveMax], [100, 150, 50, 150, 100]);
  assert.equal(session.eventAtTime(20), 2);
  assert.equal(session.timeOfEvent(3), 35);
});

test('a PyTorch snapshot opens, packed or not, and one that would call something does not', { skip }, async () => {
  const snapshot = readFileSync(new URL('../data/snapshot.pickle', import.meta.url));
  for (const [name, contents] of [
    ['snapshot.pickle', snapshot],
    ['snapshot.pickle.gz', gzipSync(snapshot)],
  ]) {
    const { session, summary } = await opened([name, new Uint8Array(contents)]);
    assert.equal(summary.events, 20);
    assert.equal(summary.buffers, 7);
    assert.equal(summary.max_live_bytes, 5_242_780);
    assert.equal(summary.alive_at_end_bytes, 4_196_024);
    assert.equal(summary.skipped_events, 1);
    const groups = session.groups('site', '');
    assert.deepEqual(
      groups.map(({ name: site }) => site),
      ['', '/home/ada/train.py:12 train', 'torch::autograd::generated::MmBackward0::apply'],
    );
    const named = [...Array(7).keys()].map((row) => session.row(row)).find(({ label }) => label === 'logits');
    assert.equal(named.site, '/home/ada/train.py:12 train');
    assert.deepEqual(named.stack, [
      'at::_ops::add_Tensor::call',
      '/env/site-packages/torch/optim/adam.py:75 step',
      '/home/ada/train.py:12 train',
      '/home/ada/train.py:40 <module>',
    ]);
  }
  const evil = Buffer.from('\x80\x04cos\nsystem\n.', 'latin1');
  await assert.rejects(opened(['evil.pickle', new Uint8Array(evil)]), /evil\.pickle.*byte 2: .*opcode GLOBAL/);
});

test('gzip is told by its bytes, not by its name, and a damaged one names the file', { skip }, async () => {
  const packed = gzipSync(ndjson);
  const { summary } = await opened(['a.ndjson', packed]);
  assert.equal(summary.buffers, 3);
  await assert.rejects(
    opened(['cut.ndjson.gz', packed.subarray(0, packed.length - 12)]),
    /^Error: cut\.ndjson\.gz: .*gzip/,
  );
});

test('an error names the file, the line and the expectation, and what came before stays', { skip }, async () => {
  const session = await start();
  const broken = `${ndjson}{"t":70,"op":"alloc","id":9,"size":"many"}\n`;
  await assert.rejects(
    session.open([{ name: 'bad.ndjson', bytes: bytes(broken) }], noProgress),
    /^Error: bad\.ndjson: line 6: .*size.*expected/,
  );
  assert.equal(session.summary().events, 5);
});

test('uses of a second file are merged by time, right behind the allocation that they caused', { skip }, async () => {
  const uses = [
    { t: 5, op: 'use', kernel: 'fill', bufs: [[1, 'w']] },
    {
      t: 40,
      op: 'use',
      kernel: 'conv',
      bufs: [
        [3, 'w'],
        [2, 'r'],
      ],
    },
  ];
  const text = `${uses.map((line) => JSON.stringify(line)).join('\n')}\n`;
  const { session, summary } = await opened(['a.ndjson', ndjson], ['a.use.ndjson', text]);
  assert.equal(summary.events, 7);
  assert.equal(summary.skipped_events, 0);
  assert.deepEqual(session.row(2).uses, [{ event: 5, timeNs: 35, kernel: 'conv', access: 'write' }]);
  await assert.rejects(
    opened(['a.ndjson', ndjson], ['b.use.ndjson', `${text}[]\n`]),
    /^Error: b\.use\.ndjson: line 3: /,
  );
});

test('a live trace shows each event as soon as it is fed, and equals the file', { skip }, async () => {
  const session = await start();
  session.openLive('lab');
  assert.equal(session.summary().events, 0);
  for (const [index, line] of lines.entries()) {
    session.feed(bytes(`${JSON.stringify(line)}\n`));
    assert.equal(session.summary().events, index + 1);
  }
  const { summary } = await opened(['a.ndjson', ndjson]);
  assert.deepEqual(session.summary(), summary);
});

test('a binary trace that is cut off opens up to its last whole block and says so', { skip }, async () => {
  const { session } = await opened(['a.ndjson', ndjson]);
  const whole = session.export('bufgc');
  const { summary } = await opened(['cut.bufgc', whole.slice(0, -30)]);
  assert.equal(summary.buffers, 3);
  assert.match(summary.notice, /^byte \d+: the file is cut off in its index; all 5 events/);
  const broken = whole.slice();
  broken[120] ^= 1;
  await assert.rejects(opened(['bad.bufgc', broken]), /^Error: bad\.bufgc: byte \d+: expected .*sum/);
});

test('opening gives way: pictures stand before it ends, and it can be cancelled', { skip }, async () => {
  const many = [];
  for (let i = 0; i < 60000; i++) many.push(`{"t":${i},"op":"alloc","id":${i},"size":64}\n`);
  const session = await start();
  let seen = 0;
  const opening = session.open([{ name: 'many.ndjson', bytes: bytes(many.join('')) }], ({ events }) => {
    if (events === 0 || seen > 0) return;
    seen = session.bounds().events;
    session.cancelOpen();
  });
  await assert.rejects(opening, { name: 'AbortError' });
  assert.ok(seen > 0 && seen < 60000, `${seen} events stood`);
  assert.ok(session.summary().events >= seen);
});

test('an exported trace opens again with the same figures', { skip }, async () => {
  const { session, summary } = await opened(['a.ndjson', ndjson]);
  const again = await opened(['b.ndjson', session.export('ndjson')]);
  assert.deepEqual(again.summary, summary);
  const packed = session.export('bufgc');
  for (const form of [packed, gzipSync(packed)]) {
    const { session: binary, summary: figures } = await opened(['c.bufgc', form]);
    assert.deepEqual(figures, summary);
    assert.deepEqual(binary.export('ndjson'), session.export('ndjson'));
  }
  assert.match(Buffer.from(session.export('csv')).toString(), /^time,op,id,size\n/);
  assert.ok(JSON.parse(Buffer.from(session.export('chrome')).toString()));
});
