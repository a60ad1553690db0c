// What the page saves: the picture as shapes, and the buffers of a selection as a table.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { idle, launch, ndjson, openSample, openText } from './browser.mjs';
import { sampleEvents } from './oracle.mjs';

const command = async (page, words) => {
  await page.keyboard.press('Control+k');
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
};
/** The file that an act saves. */
const saved = async (page, act) => {
  const [download] = await Promise.all([page.waitForEvent('download'), act()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
};
const fromMenu = (page, item) => async () => {
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('menuitem', { name: item }).click();
};

/** Rows of a table as RFC 4180 writes them, each with the head's names. */
function parseCsv(text) {
  const records = [];
  let record = [];
  for (let at = 0; at < text.length; ) {
    const quoted = /"((?:[^"]|"")*)"|([^",\r\n]*)/y;
    quoted.lastIndex = at;
    const [all, inner, plain] = quoted.exec(text);
    record.push(inner === undefined ? plain : inner.replaceAll('""', '"'));
    at += all.length;
    if (text[at] === ',') at += 1;
    else {
      assert.equal(text.slice(at, at + 2), '\r\n', `at ${at}`);
      at += 2;
      records.push(record);
      record = [];
    }
  }
  const [head, ...rows] = records;
  return rows.map((row) => {
    assert.equal(row.length, head.length);
    return Object.fromEntries(head.map((name, i) => [name, row[i]]));
  });
}

const HOSTILE = [
  '=HYPERLINK("http://x","y")',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  'two\r\nlines',
  'a,b "c"',
  '<script>alert(1)</script>&amp;',
  '\u202egnp\u0000\u0007\uffff',
];
const births = HOSTILE.map((label, id) => ({
  t: id,
  op: 'alloc',
  id,
  size: 4096,
  addr: `0x${(id + 1) * 4096}`,
  label,
}));

describe('the selection as a table', () => {
  let browser;
  let opened;
  let page;
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
  });
  after(() => browser.close());

  test('without a selection it holds every buffer, with what the trace says of it', async () => {
    await openSample(page, 'mlp_leak');
    const { name, text } = await saved(page, fromMenu(page, /^Buffers all/));
    assert.equal(name, 'buffers.csv');
    const rows = parseCsv(text);
    const events = sampleEvents('mlp_leak');
    const born = events.filter(({ op }) => op === 'alloc');
    assert.deepEqual(
      rows.map(({ id, size_bytes, label, dtype }) => [Number(id), Number(size_bytes), label, dtype]),
      born.map(({ id, size, label, dtype }) => [id, size, label, dtype]),
    );
    const freed = new Map(events.flatMap(({ op, id }, at) => (op === 'free' ? [[id, at]] : [])));
    for (const { id, released_event } of rows)
      assert.equal(released_event, freed.has(Number(id)) ? String(freed.get(Number(id))) : '');
  });

  test('with a filter it holds what matches, with an area what stands there and matches', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('alive');
    await page.keyboard.press('Enter');
    await idle(page);
    const matching = parseCsv((await saved(page, fromMenu(page, /^Buffers that match/))).text);
    assert.equal(matching.length, 432);
    await page.locator('lifecycle-plot .ink').focus();
    const box = await page.locator('lifecycle-plot .ink').boundingBox();
    await page.keyboard.down('Shift');
    await page.mouse.move(box.x + 200, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 400, box.y + 300, { steps: 3 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await idle(page);
    const told = await page
      .locator('area-panel')
      .evaluate(async ({ session }) => session.engine.area(session.area.now, session.filter));
    const rows = parseCsv((await saved(page, () => page.getByRole('button', { name: 'Save as CSV' }).click())).text);
    assert.ok(rows.length > 0 && rows.length < 432);
    assert.equal(rows.length, told.buffers);
    assert.equal(
      rows.reduce((sum, { size_bytes }) => sum + Number(size_bytes), 0),
      told.bytes,
    );
  });

  test('labels come back as they are, but none begins a formula', async () => {
    await openText(page, 'hostile.ndjson', ndjson(...births));
    const { text } = await saved(page, () => command(page, 'save csv buffers'));
    const labels = parseCsv(text).map(({ label }) => label);
    assert.deepEqual(labels, [
      ...HOSTILE.slice(0, 5).map((label) => `'${label}`),
      ...HOSTILE.slice(5, 8),
      '\u202egnp\ufffd\ufffd\uffff',
    ]);
  });

  test('of many buffers it tells how far it is, and can be cancelled', async () => {
    const buffers = 200_000;
    await page.evaluate(async (count) => {
      const lines = Array.from({ length: count }, (_, id) => `{"t":${id},"op":"alloc","id":${id},"size":64}`);
      await window.viewer.open(new TextEncoder().encode(`${lines.join('\n')}\n`), 'many.ndjson');
      const { session } = document.querySelector('bufgc-app');
      window.told = [];
      session.addEventListener('loading', () => window.told.push(session.writing.progress?.rows ?? 'over'));
    }, buffers);
    const { text } = await saved(page, () => command(page, 'save csv buffers'));
    assert.equal(text.split('\r\n').length, buffers + 2);
    const told = await page.evaluate(() => window.told);
    assert.deepEqual(told.slice(0, 2), [20_000, 40_000]);
    assert.equal(told.at(-1), 'over');
    let downloads = 0;
    page.on('download', () => {
      downloads += 1;
    });
    // From within the page, at the first word of it: from outside a quick one would be missed.
    await page.evaluate(() => {
      const app = document.querySelector('bufgc-app');
      const first = async () => {
        await app.updateComplete;
        const notice = app.shadowRoot.querySelector('notice-bar');
        await notice.updateComplete;
        window.notice = notice.shadowRoot.textContent.replace(/\s+/g, ' ');
        window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
      };
      app.session.addEventListener('loading', first, { once: true });
    });
    await command(page, 'save csv buffers');
    await idle(page);
    assert.match(await page.evaluate(() => window.notice), /Writing buffers\.csv/);
    assert.equal(await page.locator('notice-bar', { hasText: 'Writing' }).count(), 0);
    await page.waitForTimeout(200);
    assert.equal(downloads, 0);
    assert.deepEqual(opened.complaints, []);
  });
});

describe('the picture as SVG', () => {
  let browser;
  let opened;
  let page;
  const fresh = async () => {
    await opened?.close();
    opened = await browser.open();
    page = opened.page;
  };
  before(async () => {
    browser = await launch();
    await fresh();
  });
  after(() => browser.close());

  /** What a parser finds in it. */
  const read = (svg) =>
    page.evaluate((source) => {
      const parsed = new DOMParser().parseFromString(source, 'image/svg+xml');
      const all = (selector) => [...parsed.querySelectorAll(selector)];
      return {
        faults: all('parsererror').length,
        titles: all('path > title').map(({ textContent }) => textContent),
        texts: all('text').map(({ textContent }) => textContent),
        images: all('image').map((image) => image.getAttribute('href').slice(0, 22)),
        others: all('script, foreignObject, a, [onload]').length,
      };
    }, svg);
  /** Colours of the SVG and of the PNG at the same points. */
  const colors = (svg, points) =>
    page.evaluate(
      async ([source, places]) => {
        const plot = document.querySelector('bufgc-app').shadowRoot.querySelector('lifecycle-plot');
        const image = new Image();
        image.src = URL.createObjectURL(new Blob([source], { type: 'image/svg+xml' }));
        await image.decode();
        const png = await createImageBitmap(await plot.toBlob());
        return places.map(([x, y]) =>
          [image, png].map((picture) => {
            const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
            pixel.drawImage(picture, -x, -y, plot.clientWidth, plot.clientHeight);
            return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
          }),
        );
      },
      [svg, points],
    );
  const alike = ([a, b]) => a.every((part, i) => Math.abs(part - b[i]) <= 24);

  for (const view of ['address', 'stack', 'packed']) {
    test(`${view}: every buffer is a shape with its name, in the colour and place that the picture has`, async () => {
      await fresh();
      await openSample(page, 'mlp_leak');
      await page.evaluate((tab) => window.viewer.setView({ view: tab, t0: 1000, t1: 1400 }), view);
      const { name, text } = await saved(page, fromMenu(page, /^SVG/));
      assert.equal(name, 'lifecycles.svg');
      const { faults, titles, texts, images, others } = await read(text);
      assert.equal(faults + others + images.length, 0);
      const events = sampleEvents('mlp_leak');
      const freed = new Map(events.flatMap(({ op, id }, at) => (op === 'free' ? [[id, at]] : [])));
      const shown = events.filter(
        ({ op, id }, at) => op === 'alloc' && at < 1400 && (freed.get(id) ?? Number.POSITIVE_INFINITY) > 1000,
      );
      if (view === 'stack') assert.ok(titles.length > 0 && titles.length <= shown.length);
      else assert.equal(titles.length, shown.length);
      assert.ok(texts.includes('event') && texts.includes('1\u2009200') && texts.some((tick) => /MiB$/.test(tick)));
      const points = [];
      const { width, height } = await page.locator('lifecycle-plot').boundingBox();
      for (let i = 0; i < 400; i += 1)
        points.push([Math.floor(80 + ((i * 37) % (width - 90))), Math.floor(4 + ((i * 53) % (height - 34)))]);
      const pairs = await colors(text, points);
      // Hatching and hairlines are drawn by two hands; all else agrees.
      const same = pairs.filter(alike).length;
      assert.ok(same > 0.8 * points.length, `${same} of ${points.length}`);
      assert.ok(new Set(pairs.map(([, png]) => png.join())).size > 2, 'there is something to see');
    });
  }

  test('labels are text in it, whatever they hold, and what a filter leaves out is a shade', async () => {
    await openText(page, 'hostile.ndjson', ndjson(...births));
    await page.keyboard.press('/');
    await page.keyboard.type('script');
    await page.keyboard.press('Enter');
    await idle(page);
    const { text } = await saved(page, () => command(page, 'save svg'));
    const { faults, titles, others } = await read(text);
    assert.equal(faults + others, 0);
    assert.equal(titles.length, HOSTILE.length);
    assert.ok(titles.includes('<script>alert(1)</script>&amp;, 4.00\u202fKiB'));
    assert.equal(text.match(/class="out"/g).length, HOSTILE.length - 1);
  });

  test('with too many buffers for shapes the picture itself stands between the axes', async () => {
    await fresh();
    await openSample(page, 'mlp_train_noplan_long');
    await idle(page);
    const { text } = await saved(page, fromMenu(page, /^SVG/));
    assert.deepEqual(opened.complaints, []); // before it is read here, where the page's policy forbids its style
    const { faults, titles, texts, images } = await read(text);
    assert.equal(faults + titles.length, 0);
    assert.deepEqual(images, ['data:image/png;base64,']);
    assert.ok(texts.includes('event'));
    const { width, height } = await page.locator('lifecycle-plot').boundingBox();
    const points = Array.from({ length: 100 }, (_, i) => [
      Math.floor(80 + ((i * 37) % (width - 90))),
      Math.floor(4 + ((i * 53) % (height - 34))),
    ]);
    const pairs = await colors(text, points);
    assert.ok(pairs.filter(alike).length >= 95);
  });
});
