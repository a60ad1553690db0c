// Pictures, layouts and what is found in them, in the page’s engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ndjson } from './small_traces.mjs';
import { bytes, noProgress, opened, picture, skip, start } from './viewer-engine.mjs';

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
    const pixels = picture(from, 'event', view, 50, 60, style);
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
  const pixels = picture(session, 'event', view, 50, 60, style);
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

test('a picture drawn some boxes at a time is the picture, whatever is asked in between', { skip }, async () => {
  const { session } = await opened(['a.ndjson', ndjson]);
  for (const layout of ['address', 'stack', 'packed']) {
    const { events, height } = session.bounds(layout);
    const view = { t0: 0, t1: events, y0: 0, y1: height };
    for (const colorBy of ['state', 'size']) {
      const style = { colorBy, theme: 'light', filter: 'size>0', showCached: true, layout };
      const whole = picture(session, 'event', view, 64, 30, style);
      assert.deepEqual(picture(session, 'event', view, 64, 30, style, 1), whole);
      // Another filter takes the place of what the picture is drawn from.
      session.begin('event', view, 64, 30, style);
      assert.ok(session.draw(1) < 1);
      assert.equal(session.groups('label', 'size>1000000').length, 0);
      assert.equal(session.draw(1), 1);
      assert.deepEqual(session.pixels(64, 30), whole);
    }
  }
});

test('a picture of a trace that grows is finished, and one of a trace that was closed is none', { skip }, async () => {
  const live = await start();
  live.openLive('lab');
  const lines = ndjson.split('\n').filter((line) => line !== '');
  live.feed(bytes(`${lines.slice(0, 3).join('\n')}\n`));
  const { events, height } = live.bounds();
  const view = { t0: 0, t1: events, y0: 0, y1: height };
  const style = { colorBy: 'state', theme: 'light', filter: '', showCached: true };
  live.begin('event', view, 40, 30, style);
  assert.ok(live.draw(1) < 1);
  live.feed(bytes(`${lines.slice(3).join('\n')}\n`));
  live.bounds();
  assert.equal(live.draw(1), 1);
  assert.deepEqual(live.pixels(40, 30), picture(live, 'event', view, 40, 30, style));
  live.begin('event', view, 40, 30, style);
  await live.open([{ name: 'a.ndjson', bytes: bytes(ndjson) }], noProgress);
  assert.equal(live.draw(1), null);
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
  const pixels = picture(session, 'event', view, 80, 15, style);
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

test('a live trace that was looked at all the while answers as one that was read at once', { skip }, async () => {
  // Enough to pass blocks of events, with addresses that are new now and then, a segment, and blocks that wait.
  let seed = 7;
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const lines = ['{"t":0,"op":"reserve","addr":"0x10000","size":1048576}'];
  const held = [];
  for (let id = 1; lines.length < 3000; id += 1) {
    const slot = random(100) === 0 ? 200 + id : random(60);
    const addr = `0x${(0x10000 + slot * 4096).toString(16)}`;
    while (held.some((one) => one.addr === addr) || held.length > 40) {
      const at = Math.max(
        0,
        held.findIndex((one) => one.addr === addr),
      );
      lines.push(`{"t":${lines.length * 10},"op":"free","id":${held[at].id},"to":"${random(2) ? 'lru' : 'os'}"}`);
      held.splice(at, 1);
    }
    lines.push(`{"t":${lines.length * 10},"op":"alloc","id":${id},"size":${100 + random(3900)},"addr":"${addr}"}`);
    held.push({ id, addr });
  }
  const live = await start();
  live.openLive('lab');
  const style = { colorBy: 'size', theme: 'light', filter: '', showCached: true };
  const look = (from) => {
    const { events, height } = from.bounds();
    const view = { t0: 0, t1: events, y0: 0, y1: height };
    return { levels: from.levels('event', 0, events, 50), picture: picture(from, 'event', view, 60, 40, style) };
  };
  for (let at = 0; at < lines.length; ) {
    const count = 1 + random(80);
    live.feed(bytes(`${lines.slice(at, at + count).join('\n')}\n`));
    at += count;
    look(live);
  }
  const whole = await start();
  whole.openLive('lab');
  whole.feed(bytes(`${lines.join('\n')}\n`));
  assert.deepEqual(look(live), look(whole));
  assert.deepEqual(live.summary(), whole.summary());
  for (const row of [0, 500, 1200]) assert.deepEqual(live.row(row), whole.row(row));
});
