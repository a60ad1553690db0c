// The page's engine without the page: session.ts over the built module, compared with the command.
//   BUFGC_VIEWER_DIR  folder of viewer.mjs and viewer.wasm
//   BUFGC_CLI         the native `bufgc`, for comparison
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bytes, noProgress, opened, skip, start } from './viewer-engine.mjs';

const lines = [
  { t: 10, op: 'alloc', id: 1, size: 100, addr: '0x1000', dtype: 'float32', label: 'conv' },
  { t: 20, op: 'alloc', id: 2, size: 50, addr: '0x2000', label: 'input' },
  { t: 30, op: 'free', id: 1, to: 'lru' },
  { t: 45, op: 'alloc', id: 3, size: 100, addr: '0x1000', label: 'conv', src: 'lru_hit' },
  { t: 60, op: 'free', id: 2, to: 'os' },
];
const ndjson = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;

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

test('what is alive in a live trace is painted and listed as a life, not as a leak', { skip }, async () => {
  const live = await start();
  live.openLive('lab');
  live.feed(bytes(ndjson));
  const { session } = await opened(['a.ndjson', ndjson]);
  const colours = (from) => Object.fromEntries(from.groups('state', '').map(({ name, color }) => [name, color]));
  assert.deepEqual(colours(session), { released: '#4477aa', 'alive at end': '#ee6677' });
  assert.deepEqual(colours(live), { released: '#4477aa', 'alive now': '#4477aa' });
  const bounds = live.bounds();
  const view = { t0: 0, t1: bounds.events, y0: 0, y1: bounds.height };
  const style = { colorBy: 'state', theme: 'light', filter: '', showCached: false };
  const pixelOf = (from, row) => {
    const pixels = from.render('event', view, 50, 60, style);
    const [{ t0, t1, y0, y1 }] = from.rectsOf('event', row);
    const x = Math.floor((((t0 + t1) / 2) * 50) / bounds.events);
    const y = Math.floor((1 - (y0 + y1) / 2 / bounds.height) * 60);
    return [...pixels.slice((y * 50 + x) * 4, (y * 50 + x) * 4 + 3)];
  };
  assert.deepEqual(pixelOf(session, 2), [0xee, 0x66, 0x77]);
  assert.deepEqual(pixelOf(live, 2), [0x44, 0x77, 0xaa]);
});

test('the picture shows a buffer where rectsOf says, and a hit test finds it there', { skip }, async () => {
  const { session } = await opened(['a.ndjson', ndjson]);
  const bounds = session.bounds();
  const view = { t0: 0, t1: bounds.events, y0: 0, y1: bounds.height };
  const style = { colorBy: 'state', theme: 'light', filter: '', showCached: true };
  const pixels = session.render('event', view, 50, 60, style);
  assert.equal(pixels.length, 50 * 60 * 4);
  for (const row of [0, 1, 2]) {
    const [rect] = session.rectsOf('event', row);
    const x = (rect.t0 + rect.t1) / 2;
    const y = (rect.y0 + rect.y1) / 2;
    assert.equal(session.hitTest('event', x, y, 0, 0), row);
    const at = (Math.floor((1 - y / bounds.height) * 60) * 50 + Math.floor((x / bounds.events) * 50)) * 4;
    const color = session
      .groups('state', '')
      .find(({ name }) => name === (row === 2 ? 'alive at end' : 'released')).color;
    assert.equal(`#${Buffer.from(pixels.slice(at, at + 3)).toString('hex')}`, color);
  }
});

test('a picture drawn in parts is the picture', { skip }, async () => {
  const { session } = await opened(['a.ndjson', ndjson]);
  for (const layout of ['address', 'stack']) {
    const { events, height } = session.bounds(layout);
    const view = { t0: 0, t1: events, y0: 0, y1: height };
    for (const colorBy of ['state', 'size']) {
      const style = { colorBy, theme: 'light', filter: '', showCached: true, layout };
      const pixels = new Uint8ClampedArray(64 * 30 * 4);
      for (const [from, to] of [
        [40, 64],
        [0, 1],
        [1, 40],
      ])
        session.paint(pixels, 'event', view, 64, 30, style, from, to);
      assert.deepEqual(pixels, session.render('event', view, 64, 30, style));
    }
  }
});

test('the stack stands on live bytes: a buffer slides down when one below it goes', { skip }, async () => {
  const sliding = [
    '{"t":0,"op":"alloc","id":1,"size":100,"addr":"0x1000"}',
    '{"t":10,"op":"alloc","id":2,"size":50,"addr":"0x9000"}',
    '{"t":20,"op":"free","id":1}',
    '{"t":30,"op":"alloc","id":3,"size":100,"addr":"0x1000"}',
    '',
  ].join('\n');
  const { session } = await opened(['sliding.ndjson', sliding]);
  const { events, height } = session.bounds('stack');
  assert.deepEqual([events, height], [4, 150]);
  const view = { t0: 0, t1: 4, y0: 0, y1: 150 };
  const frame = { layout: 'stack', view, columns: 8 };
  assert.deepEqual(session.rectsOf('event', 1, frame), [
    { t0: 1, t1: 2, y0: 100, y1: 150 },
    { t0: 2, t1: 4, y0: 0, y1: 50 },
  ]);
  assert.deepEqual(session.rectsOf('event', 2, frame), [{ t0: 3, t1: 4, y0: 50, y1: 150 }]);
  assert.equal(session.hitTest('event', 1.5, 120, 0, 0, frame), 1);
  assert.equal(session.hitTest('event', 2.5, 20, 0, 0, frame), 1);
  assert.equal(session.hitTest('event', 2.5, 52, 0, 0, frame), null);
  assert.equal(session.hitTest('event', 2.5, 52, 0, 3, frame), 1, 'near enough');
  const style = { colorBy: 'state', theme: 'light', filter: '', showCached: false, layout: 'stack' };
  const pixels = session.render('event', view, 80, 15, style);
  const at = (x, y) => Buffer.from(pixels.slice((y * 80 + x) * 4, (y * 80 + x) * 4 + 3)).toString('hex');
  assert.equal(at(30, 2), 'ee6677', 'alive at the end, on top of the first');
  assert.equal(at(30, 9), '4477aa');
  assert.equal(at(50, 2), 'ffffff', 'slid down: nothing there any more');
  assert.equal(at(50, 12), 'ee6677');
  assert.throws(() => session.bounds('heap'), /expected one of address, stack, packed/);
});

test('the packed layout is made in pieces, follows a live trace, and leaves no more room than it must', {
  skip,
}, async () => {
  const lines = [];
  for (let i = 0; i < 30000; i += 1) {
    lines.push(`{"t":${2 * i},"op":"alloc","id":${i},"size":${64 + (i % 7) * 100}}\n`);
    if (i >= 50) lines.push(`{"t":${2 * i + 1},"op":"free","id":${i - 50}}\n`);
  }
  const { session, summary } = await opened(['many.ndjson', lines.join('')]);
  let pieces = 0;
  const arranging = session.arrange();
  const counting = (async () => {
    for (; !(await Promise.race([arranging.then(() => true), new Promise((r) => setImmediate(r, false))])); )
      pieces += 1;
  })();
  await Promise.all([arranging, counting]);
  assert.ok(pieces > 1, 'others had their turn');
  const { height } = session.bounds('packed');
  assert.ok(height >= summary.max_live_bytes && height < 1.5 * summary.max_live_bytes, `${height}`);
  const frame = { layout: 'packed', view: { t0: 0, t1: 1, y0: 0, y1: 1 }, columns: 1 };
  for (const row of [0, 777, 29999]) {
    const [rect] = session.rectsOf('event', row, frame);
    assert.equal(rect.y1 - rect.y0, 64 + (row % 7) * 100);
    const place = [(rect.t0 + rect.t1) / 2, (rect.y0 + rect.y1) / 2];
    assert.equal(session.hitTest('event', ...place, 0, 0, frame), row);
  }
  const live = await start();
  live.openLive('lab');
  const heights = [];
  for (let at = 0; at < 4000; at += 1000) {
    live.feed(bytes(lines.slice(at, at + 1000).join('')));
    heights.push(live.bounds('packed').height);
  }
  const { session: whole } = await opened(['part.ndjson', lines.slice(0, 4000).join('')]);
  assert.deepEqual(
    heights,
    heights.toSorted((a, b) => a - b),
  );
  assert.ok(heights.at(-1) >= whole.summary().max_live_bytes);
});

test('a moved buffer stands at each of its addresses, live or from a file', { skip }, async () => {
  const moving = [
    '{"t":0,"op":"alloc","id":1,"size":100,"addr":"0x1000"}',
    '{"t":10,"op":"alloc","id":2,"size":100,"addr":"0x1064"}',
    '{"t":20,"op":"free","id":1}',
    '{"t":30,"op":"move","id":2,"from":"0x1064","addr":"0x1000"}',
    '{"t":40,"op":"alloc","id":3,"size":100,"addr":"0x1064"}',
    '{"t":50,"op":"free","id":2}',
    '',
  ].join('\n');
  const { session: opening } = await opened(['moving.ndjson', moving]);
  // With a file of uses beside it, which the merger puts between.
  const { session: merged } = await opened(
    ['moving.ndjson', moving],
    ['moving.use.ndjson', '{"t":35,"op":"use","kernel":"k","bufs":[[2,"r"]]}\n'],
  );
  const live = await start();
  live.openLive('lab');
  const half = moving.indexOf('{"t":30');
  live.feed(bytes(moving.slice(0, half)));
  assert.equal(live.rectsOf('event', 1).length, 1);
  live.feed(bytes(moving.slice(half)));
  for (const [session, events] of [
    [opening, 6],
    [merged, 7],
    [live, 6],
  ]) {
    const end = events - 1;
    assert.equal(session.summary().events, events);
    assert.deepEqual(session.rectsOf('event', 1), [
      { t0: 1, t1: 3, y0: 100, y1: 200 },
      { t0: 3, t1: end, y0: 0, y1: 100 },
    ]);
    assert.deepEqual(session.rectsOf('time', 1), [
      { t0: 10, t1: 30, y0: 100, y1: 200 },
      { t0: 30, t1: 50, y0: 0, y1: 100 },
    ]);
    const packed = { layout: 'packed', view: { t0: 0, t1: end, y0: 0, y1: 200 }, columns: 10 };
    assert.deepEqual(session.rectsOf('event', 1, packed), [{ t0: 1, t1: end, y0: 100, y1: 200 }], 'packed, it stays');
    assert.equal(session.hitTest('event', end - 0.5, 150, 0, 0, packed), 1);
    assert.equal(session.hitTest('event', 2.5, 150, 0, 0), 1);
    assert.equal(session.hitTest('event', 3.5, 50, 0, 0), 1);
    assert.equal(session.hitTest('event', 3.5, 150, 0, 0), null);
    assert.deepEqual(session.row(1).moves, [{ event: 3, timeNs: 30, from: '0x1064', to: '0x1000' }]);
    assert.deepEqual(session.row(0).moves, []);
    const again = Buffer.from(session.export('ndjson')).toString();
    assert.match(again, /"op":"move","id":2,"from":"0x1064","addr":"0x1000"/);
  }
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

test('an area of a picture answers with the figures of what stands in it, and matches', { skip }, async () => {
  const { session, summary } = await opened(['a.ndjson', ndjson]);
  const area = (layout, axis, [t0, t1, y0, y1], filter = '') =>
    session.area({ layout, axis, view: { t0, t1, y0, y1 } }, filter);
  for (const layout of ['address', 'stack', 'packed']) {
    for (const [axis, end] of [
      ['event', 5],
      ['time', 50],
    ]) {
      const all = area(layout, axis, [0, end, 0, 1e9]);
      assert.deepEqual(all, {
        buffers: 3,
        bytes: summary.total_allocated_bytes,
        leastBytes: 50,
        meanBytes: 83,
        mostBytes: 100,
        allocations: 3,
        allocatedBytes: 250,
        frees: 2,
        freedBytes: 150,
        external: 0,
      });
    }
  }
  // Addresses: 0x1000 below, 0x2000 above. The stack: 1 below, 2 above, and below once 1 is gone.
  const short = ({ buffers, bytes: sum, allocations, frees }) => [buffers, sum, allocations, frees];
  assert.deepEqual(short(area('address', 'event', [1.5, 2, 0, 100])), [1, 100, 0, 0]);
  assert.deepEqual(short(area('address', 'event', [2, 3, 0, 100])), [0, 0, 0, 0]);
  assert.deepEqual(short(area('address', 'event', [2, 5, 0, 100])), [1, 100, 1, 0]);
  assert.deepEqual(short(area('stack', 'event', [1, 2, 100, 150])), [1, 50, 1, 0]);
  assert.deepEqual(short(area('stack', 'event', [2, 3, 0, 1])), [1, 50, 0, 0]);
  assert.deepEqual(short(area('stack', 'time', [20, 34, 0, 1])), [1, 50, 0, 0]);
  assert.deepEqual(short(area('stack', 'event', [0, 5, 0, 1e9], 'label=conv')), [2, 200, 2, 1]);
  for (const edge of [Number.NaN, -1e300, 1e300]) area('address', 'event', [edge, edge, edge, edge]);
});

test('a picture comes as rectangles, unless they are too many; a selection as a table, in pieces', {
  skip,
}, async () => {
  const { session } = await opened(['a.ndjson', ndjson]);
  const style = { colorBy: 'state', theme: 'light', filter: 'label=conv', showCached: true, layout: 'address' };
  const view = { t0: 0, t1: 5, y0: 0, y1: 150 };
  const { rows, places } = session.rectangles('event', view, 100, 100, style, 4);
  assert.deepEqual(
    rows.map(({ idText, label, size, alive, matches }) => [idText, label, size, alive, matches]),
    [
      ['1', 'conv', 100, false, true],
      ['2', 'input', 50, false, false],
      ['3', 'conv', 100, true, true],
    ],
  );
  const shapes = Array.from({ length: places.length / 5 }, (_, i) => [...places.subarray(5 * i, 5 * i + 5)]);
  assert.deepEqual(shapes[0].slice(0, 3), [-1, 2, 3], 'the first block waits in the cache');
  assert.deepEqual(
    shapes.slice(1).map(([row, t0, t1]) => [row, t0, t1]),
    [
      [0, 0, 2],
      [1, 1, 4],
      [2, 3, 5],
    ],
  );
  assert.equal(session.rectangles('event', view, 100, 100, style, 3), null);
  const stack = session.rectangles('event', view, 5, 100, { ...style, layout: 'stack' }, 100);
  assert.equal(stack.rows.length, 3);

  const table = (area, filter, from, count) => {
    const all = session.choose(area, filter);
    return [all, new TextDecoder().decode(session.chosenCsv(from, count)).split('\r\n').length - 1];
  };
  assert.deepEqual(table(null, '', 0, 99), [3, 4]);
  assert.deepEqual(table(null, '', 1, 1), [3, 1]);
  assert.deepEqual(table(null, 'conv', 1, 99), [2, 1]);
  assert.deepEqual(table({ layout: 'address', axis: 'event', view: { ...view, t1: 2 } }, 'conv', 0, 99), [1, 2]);
});

/** A second trace of the same program: one buffer larger, one never released, one more. */
const after = `${[
  { t: 10, op: 'alloc', id: 1, size: 120, addr: '0x1000', dtype: 'float32', label: 'conv' },
  { t: 20, op: 'alloc', id: 2, size: 50, addr: '0x2000', label: 'input' },
  { t: 30, op: 'free', id: 1, to: 'lru' },
  { t: 45, op: 'alloc', id: 3, size: 100, addr: '0x1000', label: 'conv' },
  { t: 50, op: 'alloc', id: 4, size: 30, label: 'extra' },
]
  .map((line) => JSON.stringify(line))
  .join('\n')}\n`;

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
