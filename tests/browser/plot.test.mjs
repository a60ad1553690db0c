import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { idle, launch, ndjson, openSample, openText, press, textOf } from './browser.mjs';
import { recordMoves } from './moves.mjs';
import { sampleEvents } from './oracle.mjs';

/** The hash holds the visible range 300 ms after it last changed. */
const range = async (page) => {
  await idle(page);
  return page.evaluate(() => ({ ...document.querySelector('bufgc-app').session.view }));
};
const selectedId = (page) => page.evaluate(() => document.querySelector('bufgc-app').session.details?.id ?? null);
/** The colour of the plot at a point of the window, in the picture that it saves. */
const colorAt = (page, x, y) =>
  page.evaluate(
    async ([px, py]) => {
      const plot = document.querySelector('bufgc-app').shadowRoot.querySelector('lifecycle-plot');
      const picture = await createImageBitmap(await plot.toBlob());
      const box = plot.getBoundingClientRect();
      const scale = picture.width / box.width;
      const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
      pixel.drawImage(picture, Math.round((box.left - px) * scale), Math.round((box.top - py) * scale));
      return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    },
    [x, y],
  );

// Two buffers, one above the other: the first is never released, the second dies halfway.
const PAIR = ndjson(
  { t: 0, op: 'alloc', id: 1, size: 4096, addr: '0x1000', label: 'kept' },
  { t: 10, op: 'alloc', id: 2, size: 4096, addr: '0x2000', label: 'dropped' },
  { t: 20, op: 'free', id: 2 },
  ...Array.from({ length: 4 }, (_, i) => ({ t: 30 + i, op: 'use', kernel: 'k', bufs: [[1, 'r']] })),
);

describe('the lifecycle plot', () => {
  let browser;
  let session;
  let page;
  before(async () => {
    browser = await launch();
    session = await browser.open();
    page = session.page;
    await openSample(page, 'mlp_train_noplan_long');
    await page.getByRole('button', { name: 'Got it' }).click();
  });
  after(() => browser.close());
  const middle = async () => {
    const box = await page.locator('lifecycle-plot').boundingBox();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  };
  const fit = () => press(page, '0');

  test('the level chart fills each column up to its live bytes, and hatches what is cached above them', async () => {
    const { page: other, close } = await browser.open();
    // A unit lives; then three; then one, the others cached.
    const buffer = (t, id, size) => ({ t, op: 'alloc', id, size, addr: `0x${id}000`, label: 'b' });
    const free = (t, id) => ({ t, op: 'free', id, to: 'lru' });
    await openText(other, 'steps.ndjson', ndjson(buffer(0, 1, 4096), buffer(1, 2, 8192), free(2, 2), free(3, 1)));
    const columns = await other.evaluate(() => {
      const chart = document.querySelector('bufgc-app').shadowRoot.querySelector('level-chart').shadowRoot;
      const canvas = chart.querySelector('.u-wrap canvas');
      const box = canvas.getBoundingClientRect();
      const plot = chart.querySelector('.u-over').getBoundingClientRect();
      const scale = canvas.width / box.width;
      const [left, top, width, height] = [plot.left - box.left, plot.top - box.top, plot.width, plot.height].map((at) =>
        Math.round(at * scale),
      );
      const pixels = canvas.getContext('2d').getImageData(left, top, width, height).data;
      const [red, green, blue] = [...pixels.slice(4 * ((height - 3) * width + Math.round(0.1 * width)))];
      return [0.1, 0.35, 0.6, 0.85].map((share) => {
        const x = Math.round(share * width);
        const of = (good) => Array.from({ length: height }, (_, y) => 4 * (y * width + x)).filter(good).length / height;
        return {
          live: of((at) => pixels[at] === red && pixels[at + 1] === green && pixels[at + 2] === blue),
          hatched: of((at) => pixels[at + 3] < 128),
        };
      });
    });
    await close();
    const unit = columns[0].live;
    const about = (share, units) => assert.ok(Math.abs(share - units * unit) < 0.08, `${share}, ${units} × ${unit}`);
    assert.ok(Math.abs(unit - 1 / 3 / 1.06) < 0.08);
    for (const [index, [live, cached]] of [
      [1, 0],
      [3, 0],
      [1, 2],
      [0, 3],
    ].entries()) {
      about(columns[index].live, live);
      about(columns[index].hatched, cached);
    }
  });

  test('undo goes back through the ranges that were looked at, redo forth again', async () => {
    await press(page, '0');
    await page.waitForTimeout(500);
    const all = await range(page);
    for (const key of ['w', 'w', 'd']) await page.keyboard.press(key); // one gesture
    await page.waitForTimeout(700);
    const near = await range(page);
    assert.notDeepEqual(near, all);
    await press(page, 'p');
    await page.waitForTimeout(700);
    const peak = await range(page);
    assert.notDeepEqual(peak, near);
    await press(page, 'Control+z');
    assert.deepEqual(await range(page), near);
    await press(page, 'Control+z');
    assert.deepEqual(await range(page), all);
    await press(page, 'Control+z'); // there is none before it
    assert.deepEqual(await range(page), all);
    await press(page, 'Control+y');
    await press(page, 'Control+Shift+Z');
    assert.deepEqual(await range(page), peak);
    await press(page, 'Control+z');
    await press(page, 'a');
    await page.waitForTimeout(700);
    const other = await range(page);
    await press(page, 'Control+y'); // another way was taken
    assert.deepEqual(await range(page), other);
    await press(page, '0');
  });

  test('hovering names the buffer under the pointer and tells the moment in the status line', async () => {
    const id = sampleEvents('mlp_train_noplan_long').find(({ op, size }) => op === 'alloc' && size > 500_000).id;
    const place = await page.evaluate((wanted) => window.viewer.screenOf(wanted), id);
    await page.mouse.move(place.x, place.y);
    await page.locator('lifecycle-plot .tip').waitFor();
    await idle(page);
    assert.match(await page.locator('lifecycle-plot .tip').textContent(), /KiB|MiB/);
    assert.match(await textOf(page, 'status-line'), /event ?[\d ]+ time.*live ?[\d.]+ .iB/);
    await page.mouse.move(5, 5);
    assert.equal(await page.locator('lifecycle-plot .tip').count(), 0);
    await fit();
  });

  test('the wheel zooms at the pointer: the moment under it stays there', async () => {
    const { x, y } = await middle();
    await page.mouse.move(x, y);
    const before = await range(page);
    await page.mouse.wheel(0, -400);
    const after = await range(page);
    assert.ok(after.t1 - after.t0 < 0.6 * (before.t1 - before.t0));
    assert.deepEqual([after.y0, after.y1], [before.y0, before.y1]);
    const box = await page.locator('lifecycle-plot .ink').boundingBox();
    const share = (x - box.x - 72) / (box.width - 72);
    const at = (view) => view.t0 + share * (view.t1 - view.t0);
    assert.ok(Math.abs(at(before) - at(after)) < 0.01 * (after.t1 - after.t0));
    await fit();
  });

  test('dragging pans by as much as the pointer moves', async () => {
    await page.evaluate(() => window.viewer.setView({ t0: 4000, t1: 5000 }));
    const { x, y } = await middle();
    const box = await page.locator('lifecycle-plot .ink').boundingBox();
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 100, y, { steps: 5 });
    await page.mouse.up();
    const after = await range(page);
    const moved = (100 / (box.width - 72)) * 1000;
    assert.ok(Math.abs(after.t0 - (4000 - moved)) < 2, `${after.t0}`);
    assert.ok(Math.abs(after.t1 - after.t0 - 1000) < 1e-6);
    await fit();
  });

  test('what lies over the pictures moves with them, and is sharp with the sharp one', async () => {
    const over = page.locator('lifecycle-plot .over canvas');
    const place = () => over.evaluate((canvas) => new DOMMatrix(canvas.style.transform).toFloat64Array().join());
    const still = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1].join();
    await page.evaluate(() => window.viewer.setView({ t0: 4000, t1: 5000 }));
    await page.evaluate(() => window.viewer.idle());
    assert.equal(await place(), still);
    const moved = await over.evaluate(async (canvas) => {
      window.viewer.setView({ t0: 4100, t1: 5100 });
      await new Promise(requestAnimationFrame);
      return new DOMMatrix(canvas.style.transform).e / canvas.clientWidth;
    });
    assert.ok(Math.abs(moved + 0.1) < 1e-6, `${moved}`);
    await page.evaluate(() => window.viewer.idle());
    assert.equal(await place(), still);
    await fit();
  });

  test('the brush of the minimap stands over the range', async () => {
    const { t1: all } = await range(page);
    await page.evaluate(() => window.viewer.setView({ t0: 4000, t1: 5000 }));
    const track = await page.locator('mini-map canvas').boundingBox();
    const brush = await page.locator('mini-map .brush').boundingBox();
    assert.ok(Math.abs(brush.x - (track.x + (4000 / all) * track.width)) < 1, `${brush.x}`);
    assert.ok(Math.abs(brush.width - (1000 / all) * track.width) < 1, `${brush.width}`);
    const [before, after] = await page
      .locator('mini-map .shade')
      .evaluateAll((shades) => shades.map((shade) => shade.getBoundingClientRect().toJSON()));
    assert.ok(Math.abs(before.right - brush.x) < 1 && Math.abs(after.left - (brush.x + brush.width)) < 1);
    await page.locator('mini-map .brush[aria-valuenow="4000"]').waitFor(); // what it is called follows
    await fit();
  });

  test('the keyboard zooms, pans, fits, goes to the peak and from leak to leak', async () => {
    await page.mouse.move(5, 5);
    const whole = await range(page);
    await press(page, 'w');
    const near = await range(page);
    assert.ok(Math.abs((near.t1 - near.t0) / (whole.t1 - whole.t0) - 0.75) < 1e-6);
    await press(page, 'd');
    assert.ok((await range(page)).t0 > near.t0);
    await press(page, 'a');
    await press(page, 's');
    await press(page, '0');
    assert.deepEqual(await range(page), whole);
    await press(page, 'p');
    const peak = await range(page);
    const { max_live_event: event } = await page.evaluate(
      () => document.querySelector('bufgc-app').session.trace.summary,
    );
    assert.ok(peak.t0 <= event && event <= peak.t1);
    await press(page, 'l');
    const first = await selectedId(page);
    await press(page, 'l');
    const second = await selectedId(page);
    assert.ok(first !== null && second !== null && first !== second);
    assert.match(await textOf(page, 'details-panel'), /never released/);
    await press(page, 'Escape');
    assert.equal(await selectedId(page), null);
    await fit();
  });

  test('the brackets walk along the lifetimes at one address', async () => {
    const events = sampleEvents('mlp_train_noplan_long');
    const again = events.findLast(({ op, src }) => op === 'alloc' && src === 'lru_hit');
    await page.evaluate((id) => window.viewer.select(id), again.id);
    await press(page, '[');
    const earlier = await selectedId(page);
    assert.notEqual(earlier, again.id);
    const address = (id) => events.find((event) => event.op === 'alloc' && event.id === id).addr;
    assert.equal(address(earlier), again.addr);
    await press(page, ']');
    assert.equal(await selectedId(page), again.id);
    await press(page, 'Escape');
    await fit();
  });

  test('switching the axis keeps the stretch that is in sight', async () => {
    await page.evaluate(() => window.viewer.setView({ t0: 4000, t1: 5000 }));
    await page.getByRole('button', { name: 'time', exact: true }).click();
    const inTime = await range(page);
    assert.ok(inTime.t1 > 1e6, 'nanoseconds');
    await page.getByRole('button', { name: 'events', exact: true }).click();
    const back = await range(page);
    assert.ok(Math.abs(back.t0 - 4000) <= 2 && Math.abs(back.t1 - 5000) <= 2, JSON.stringify(back));
    await fit();
  });

  test('the brush of the minimap sets the visible range', async () => {
    const box = await page.locator('mini-map .track').boundingBox();
    const whole = await range(page);
    await page.mouse.move(box.x + box.width * 0.25, box.y + 30);
    await page.evaluate(() => window.viewer.setView({ t0: 0, t1: 100 }));
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 30, { steps: 4 });
    await page.mouse.up();
    const after = await range(page);
    assert.ok(Math.abs(after.t0 - 0.25 * whole.t1) < 0.01 * whole.t1);
    assert.ok(Math.abs(after.t1 - 0.5 * whole.t1) < 0.01 * whole.t1);
    await fit();
  });

  test('a buffer alive at the end reaches the right edge in its own colour, a released one ends at its release', async () => {
    const { stats } = await openText(page, 'pair.ndjson', PAIR);
    assert.equal(stats.alive_at_end_buffers, 1);
    const box = await page.locator('lifecycle-plot .ink').boundingBox();
    const x = (event) => box.x + 72 + ((box.width - 72) * event) / stats.events;
    const y = (address) => box.y + (box.height - 24) * (1 - address / 8192);
    const kept = await colorAt(page, x(4.5), y(2500));
    const dropped = await colorAt(page, x(1.4), y(6500));
    const after = await colorAt(page, x(4.5), y(6500));
    assert.ok(kept[0] > 200 && kept[1] < 140, `red: ${kept}`);
    assert.ok(dropped[2] > 140 && dropped[0] < 110, `blue: ${dropped}`);
    assert.ok(Math.min(...after) > 120 && Math.max(...after) - Math.min(...after) < 40, `no colour: ${after}`);
    assert.equal(await page.evaluate(([a, b]) => window.viewer.hitTest(a, b), [x(4.5), y(6500)]), null);
    assert.equal(await page.evaluate(([a, b]) => window.viewer.hitTest(a, b), [x(6.5), y(2500)]), 1);
  });

  test('nothing of all this made the page complain', () => {
    assert.deepEqual(session.complaints, []);
  });
});

describe('a buffer that compaction moved', () => {
  let browser;
  let session;
  let page;
  before(async () => {
    browser = await launch();
    session = await browser.open();
    page = session.page;
  });
  after(() => browser.close());
  const gotIt = () => page.getByRole('button', { name: 'Got it' });
  /** The point of the window at a place of the plot, in its units. */
  const pointAt = (t, y) =>
    page.locator('lifecycle-plot').evaluate(
      (plot, [atT, atY]) => {
        const box = plot.getBoundingClientRect();
        const scale = plot.scale();
        return { x: box.left + scale.xOf(atT), y: box.top + scale.pixelOf(atY) };
      },
      [t, y],
    );
  const rectsOf = (id) =>
    page.locator('lifecycle-plot').evaluate(async ({ session: { engine } }, wanted) => {
      return engine.rectsOf('event', await engine.rowOfId(String(wanted)));
    }, id);

  test('is drawn at both places, found in each, and its moves are listed', async () => {
    const moving = ndjson(
      { t: 0, op: 'alloc', id: 1, size: 4096, addr: '0x1000', label: 'first' },
      { t: 10, op: 'alloc', id: 2, size: 4096, addr: '0x2000', label: 'moved' },
      { t: 20, op: 'free', id: 1 },
      { t: 30, op: 'move', id: 2, from: '0x2000', addr: '0x1000' },
      { t: 40, op: 'alloc', id: 3, size: 4096, addr: '0x3000', label: 'other' },
      { t: 50, op: 'free', id: 2 },
      { t: 60, op: 'free', id: 3 },
    );
    const { stats } = await openText(page, 'moving.ndjson', moving);
    assert.equal(stats.events, 7);
    assert.equal(stats.max_live_bytes, 8192);
    if (await gotIt().count()) await gotIt().click();
    const rects = await rectsOf(2);
    assert.equal(rects.length, 2);
    const colors = [];
    for (const { t0, t1, y0, y1 } of rects) {
      const { x, y } = await pointAt((t0 + t1) / 2, (y0 + y1) / 2 + 700);
      assert.equal(await page.evaluate((point) => window.viewer.hitTest(point.x, point.y), { x, y }), 2);
      colors.push(await colorAt(page, x, y));
    }
    assert.deepEqual(colors[0], colors[1]);
    // Where it is no more, and where it is not yet, there is the ground; so is the notch in its edge.
    const isGround = async (x, y) => assert.ok(Math.min(...(await colorAt(page, x, y))) > 200, `${x}, ${y}`); // but for the grid
    const [before, behind] = rects;
    const gone = await pointAt(before.t1 + 0.3, (before.y0 + before.y1) / 2 + 700);
    await isGround(gone.x, gone.y);
    const edge = await pointAt(before.t1, (before.y0 + before.y1) / 2);
    await isGround(edge.x - 2, edge.y);
    const begins = await pointAt(behind.t0, (behind.y0 + behind.y1) / 2);
    await isGround(begins.x + 2, begins.y);
    // A click in the second place selects it; the panel lists the move.
    const second = await pointAt((behind.t0 + behind.t1) / 2, (behind.y0 + behind.y1) / 2 + 700);
    await page.mouse.click(second.x, second.y);
    await idle(page);
    assert.equal(await selectedId(page), 2);
    assert.match(await textOf(page, 'details-panel'), /Moved 1\s*3\s*to 0x1000/);
    await page.locator('details-panel .move').click();
    await idle(page);
    assert.match(await page.locator('details-panel .move').getAttribute('title'), /^from 0x2000 to 0x1000, 30\s?ns$/);
  });

  test('of a recorded run stands at as many places as it had addresses', async () => {
    const text = await recordMoves();
    const events = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
    await openText(page, 'moves.ndjson', text);
    const moves = events.filter(({ op }) => op === 'move');
    assert.ok(moves.length > 20);
    const { id } = moves[0];
    const own = moves.filter((move) => move.id === id);
    const rects = await rectsOf(id);
    assert.equal(rects.length, own.length + 1);
    const birth = events.find((event) => event.op === 'alloc' && event.id === id);
    const addresses = [birth.addr, ...own.map(({ addr }) => addr)].map(Number);
    for (let i = 1; i < rects.length; i += 1) {
      assert.equal(rects[i].t0, rects[i - 1].t1);
      assert.equal(Math.sign(rects[i].y0 - rects[i - 1].y0), Math.sign(addresses[i] - addresses[i - 1]));
    }
    assert.deepEqual(session.complaints, []);
  });
});
