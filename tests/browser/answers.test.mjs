// The questions that people open the viewer for, each against a plain reading of the sample.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { launch, ndjson, openSample, openText, textOf } from './browser.mjs';
import { liveAfter, sampleEvents, summaryOf } from './oracle.mjs';

const idle = (page) => page.evaluate(() => window.viewer.idle());
const press = async (page, key) => {
  await page.keyboard.press(key);
  await idle(page);
};
const exact = (title) => Number(/^(?:.*: )?([\d\u2009]+)\u202fB/.exec(title)[1].replace(/\D/g, ''));
const session = (page, read) => page.evaluate(read);

describe('what made the peak', () => {
  let browser;
  let opened;
  let page;
  const events = sampleEvents('gpt_generate_noplan');
  const { max_live_bytes: peakBytes } = summaryOf(events);
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openSample(page, 'gpt_generate_noplan');
    await press(page, 'p');
  });
  after(() => browser.close());

  const panel = () => page.locator('moment-panel');
  const pinned = () => session(page, () => document.querySelector('bufgc-app').session.moment?.event ?? null);
  const live = async () => exact(await panel().locator('.figures .number').first().getAttribute('title'));

  test('P opens the live set of the peak: its bytes are the peak, and the groups are a plain count’s', async () => {
    assert.equal(await live(), peakBytes);
    const expected = new Map();
    const at = await pinned();
    for (const { label, size } of liveAfter(events, at)) expected.set(label, (expected.get(label) ?? 0) + size);
    const sorted = [...expected.values()].sort((a, b) => b - a);
    const titles = await panel()
      .locator('.groups tbody button')
      .evaluateAll((all) => all.map((button) => button.title));
    const bytes = titles.map((title) => Number(/: ([\d\u2009]+)\u202fB/.exec(title)[1].replace(/\D/g, '')));
    assert.ok(bytes.length >= Math.min(12, sorted.length));
    assert.deepEqual(bytes, sorted.slice(0, bytes.length));
    assert.match(await textOf(page, 'moment-panel'), /^The peak after event/);
  });

  test('the largest buffers stand there by size, and a click selects one; Escape leads back', async () => {
    const sizes = liveAfter(events, await pinned())
      .map(({ size }) => size)
      .sort((a, b) => b - a);
    const shown = await panel()
      .locator('.largest tbody td[title]')
      .evaluateAll((all) => all.map((cell) => cell.title));
    assert.deepEqual(shown.map(exact), sizes.slice(0, shown.length));
    await panel().locator('.largest tbody button').first().click();
    await idle(page);
    assert.match(await textOf(page, 'details-panel'), /← at event/);
    await press(page, 'Escape');
    assert.equal(await live(), peakBytes);
  });

  test('a click on a group filters by it, and the largest buffers are then its own', async () => {
    const group = panel().locator('.groups tbody button').first();
    await group.click();
    await idle(page);
    assert.equal(await group.getAttribute('aria-pressed'), 'true');
    const name = (await group.textContent()).trim();
    const names = await panel().locator('.largest tbody button').allTextContents();
    assert.ok(names.length > 0);
    assert.ok(names.every((text) => text.trim() === name));
    assert.equal(await live(), peakBytes);
    await group.click();
    await idle(page);
  });

  test('reserved is live, rounding, cached and gaps to the byte, and what is not known is told', async () => {
    const parts = await panel()
      .locator('.account td[title]')
      .evaluateAll((all) => all.map((cell) => cell.title));
    const [liveBytes, rounding, cached, gaps, reserved] = parts.map(exact);
    assert.equal(liveBytes, peakBytes);
    assert.equal(liveBytes + rounding + cached + gaps, reserved);
    assert.match(await textOf(page, 'moment-panel'), /tells of no segments/);
  });

  test('a click on the levels, and M at the pointer, ask about the moment that is there', async () => {
    const over = page.locator('level-chart .u-over');
    const box = await over.boundingBox();
    const { t0, t1 } = await session(page, () => document.querySelector('bufgc-app').session.view);
    await page.mouse.click(box.x + box.width / 4, box.y + 40);
    await idle(page);
    const quarter = t0 + (t1 - t0) / 4;
    assert.ok(Math.abs((await pinned()) - quarter) <= (2 * (t1 - t0)) / box.width + 1);
    assert.equal(
      await live(),
      liveAfter(events, await pinned()).reduce((sum, { size }) => sum + size, 0),
    );
    await page.mouse.move(box.x + box.width / 2, box.y + 300);
    await idle(page);
    await press(page, 'm');
    assert.ok(Math.abs((await pinned()) - (t0 + t1) / 2) <= (2 * (t1 - t0)) / box.width + 1);
  });

  test('a drag on the levels chooses a range and asks nothing', async () => {
    const before = await pinned();
    const box = await page.locator('level-chart .u-over').boundingBox();
    await page.mouse.move(box.x + 100, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 300, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await idle(page);
    assert.equal(await pinned(), before);
    await press(page, '0');
  });

  test('the moment stands in the address and comes back with it; Escape lets it go', async () => {
    const event = await pinned();
    await page.waitForFunction((at) => location.hash.includes(`at=${at}`), event);
    const other = await browser.open({ hash: await page.evaluate(() => location.hash) });
    await other.page.locator('moment-panel').waitFor();
    await idle(other.page);
    const back = await session(other.page, () => document.querySelector('bufgc-app').session.moment.event);
    assert.equal(back, event);
    await other.close();
    await press(page, 'Escape');
    assert.equal(await pinned(), null);
    assert.equal(await panel().count(), 0);
  });

  test('where the trace has segments, gaps and the largest hole are counted', async () => {
    const { page: other, complaints, close } = await browser.open();
    const lines = [
      { op: 'reserve', addr: '0x1000', size: 4096 },
      { op: 'alloc', id: 1, size: 1000, capacity: 1024, addr: '0x1000', label: 'a' },
      { op: 'alloc', id: 2, size: 500, capacity: 512, addr: '0x1800', label: 'b' },
      { op: 'alloc', id: 3, size: 256, addr: '0x1c00', label: 'c' },
      { op: 'free', id: 3, to: 'lru' },
    ];
    await openText(other, 'segments.ndjson', lines.map((line, t) => JSON.stringify({ t, ...line })).join('\n'));
    await other.evaluate(() => document.querySelector('bufgc-app').session.showMoment(4));
    await idle(other);
    const parts = await other
      .locator('moment-panel .account td[title]')
      .evaluateAll((all) => all.map((cell) => cell.title));
    assert.deepEqual(parts.map(exact), [1500, 36, 256, 2304, 4096, 1536]);
    assert.doesNotMatch(await textOf(other, 'moment-panel'), /tells of no/);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('the line of fragmentation is shown on demand, and stands in the address', async () => {
    const button = page.getByRole('button', { name: 'fragmentation', exact: true });
    assert.equal(await button.getAttribute('aria-pressed'), 'false');
    await button.click();
    await idle(page);
    assert.equal(await button.getAttribute('aria-pressed'), 'true');
    await page.waitForFunction(() => location.hash.includes('fragmentation=1'));
    const worst = await session(page, async () => {
      const { engine, trace } = document.querySelector('bufgc-app').session;
      const { events: n } = trace.bounds;
      const [levels, shares] = await Promise.all([
        engine.levels('event', 0, n, n),
        engine.fragmentation('event', 0, n, n),
      ]);
      return shares.every((ppm, i) => {
        const reserved = levels.reservedMax[i];
        const share = reserved > 0 ? (1e6 * (reserved - levels.liveMax[i])) / reserved : 0;
        return Math.abs(ppm - share) <= 1;
      });
    });
    assert.ok(worst);
  });

  test('nothing of all this made the page complain', () => {
    assert.deepEqual(opened.complaints, []);
  });
});

describe('what is leaking', () => {
  let browser;
  let opened;
  let page;
  const events = sampleEvents('mlp_leak');
  const leaked = liveAfter(events, events.length);
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openSample(page, 'mlp_leak');
    await page.getByRole('button', { name: /^Alive at end/ }).click();
    await idle(page);
  });
  after(() => browser.close());

  const rows = () =>
    page.locator('leaks-view tbody tr').evaluateAll((all) =>
      all.map((row) => ({
        name: row.cells[0].textContent.trim(),
        buffers: Number(row.cells[1].textContent.replace(/\D/g, '')),
        bytes: row.cells[3].title,
        told: row.querySelector('svg').getAttribute('aria-label'),
        grows: row.cells[6].textContent.trim() === 'grows',
      })),
    );

  test('the number “alive at end” leads to the groups: a plain count finds the same, most bytes first', async () => {
    const expected = new Map();
    for (const { label, size } of leaked) {
      const group = expected.get(label) ?? { buffers: 0, bytes: 0 };
      expected.set(label, { buffers: group.buffers + 1, bytes: group.bytes + size });
    }
    const shown = await rows();
    assert.equal(shown.length, expected.size);
    for (const { name, buffers, bytes } of shown) {
      const [, group] = [...expected].find(
        ([label]) => label.trim().replace(/\s+/g, ' ') === name.replace(/\s+/g, ' '),
      );
      assert.deepEqual({ buffers, bytes: exact(bytes) }, group);
    }
    const sizes = shown.map(({ bytes }) => exact(bytes));
    assert.deepEqual(
      sizes,
      [...sizes].sort((a, b) => b - a),
    );
  });

  test('what is kept in every step grows, and what was made once at the beginning does not', async () => {
    const growing = (await rows()).filter(({ grows }) => grows);
    const made = (name) => leaked.filter(({ label }) => label.trim() === name).length;
    assert.ok(growing.length > 0);
    for (const { name, told } of growing) {
      assert.ok(made(name) >= 3, name);
      assert.match(told, /; grows$/);
    }
    assert.ok((await rows()).some(({ grows, buffers }) => !grows && buffers < 3));
  });

  test('a click on a group shows its leaked buffers in the table; the view stands in the address', async () => {
    await page.waitForFunction(() => location.hash.includes('tab=leaks'));
    const [first] = await rows();
    await page.locator('leaks-view tbody button').first().click();
    await idle(page);
    const counted = await page.locator('buffer-table .above .number').first().textContent();
    assert.equal(Number(counted.replace(/\D/g, '')), first.buffers);
    await page.getByRole('searchbox').fill('');
    await page.keyboard.press('Enter');
    await idle(page);
  });

  test('other groupings count the same buffers', async () => {
    await page.locator('view-tabs [role=tab]', { hasText: 'Leaks' }).click();
    for (const by of ['site', 'type', 'size']) {
      await page.locator('leaks-view').getByRole('button', { name: by, exact: true }).click();
      await idle(page);
      const total = (await rows()).reduce((sum, { buffers }) => sum + buffers, 0);
      assert.equal(total, leaked.length, by);
    }
  });

  test('a trace that releases everything says that nothing leaks', async () => {
    const lines = ['{"t":1,"op":"alloc","id":1,"size":64}', '{"t":2,"op":"free","id":1}'];
    await openText(page, 'clean.ndjson', lines.join('\n'));
    await idle(page);
    assert.match(await textOf(page, 'leaks-view'), /Every buffer was released/);
    assert.deepEqual(opened.complaints, []);
  });
});

describe('where the bytes come from', () => {
  let browser;
  let opened;
  let page;
  const events = sampleEvents('mlp_leak');
  const allocations = events.flatMap((event, at) => (event.op === 'alloc' ? [{ ...event, at }] : []));
  const leaked = new Set(liveAfter(events, events.length).map(({ id }) => id));
  const bytesOf = (all) => all.reduce((sum, { size }) => sum + size, 0);
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openSample(page, 'mlp_leak');
    await press(page, '4');
  });
  after(() => browser.close());

  const view = () => page.locator('flame-view');
  const total = async () => exact(await view().locator('.total').getAttribute('title'));
  const choose = async (name) => {
    await view().getByRole('button', { name, exact: true }).click();
    await idle(page);
  };
  const told = (name) => view().locator(`.frame[aria-label^="${name}: "]`);

  test('each measure counts what a plain count of the range finds', async () => {
    assert.equal(await total(), bytesOf(allocations));
    await page.evaluate(() => window.viewer.setView({ t0: 2000, t1: 5000 }));
    const inRange = allocations.filter(({ at }) => at >= 2000 && at < 5000);
    assert.equal(await total(), bytesOf(inRange));
    await choose('never freed');
    assert.equal(await total(), bytesOf(inRange.filter(({ id }) => leaked.has(id))));
    await choose('live');
    assert.equal(await total(), summaryOf(events).max_live_bytes);
    await page.evaluate(() => document.querySelector('bufgc-app').session.showMoment(3000));
    await idle(page);
    assert.equal(await total(), bytesOf(liveAfter(events, 3000)));
    await press(page, 'Escape');
    await choose('allocated');
    await press(page, '0');
  });

  test('names with arrows are frames: what was made by a kernel stands within it', async () => {
    const made = allocations.filter(({ label }) => / <- E_50176_4\s*$/.test(label));
    const frame = told('E_50176_4');
    assert.equal(exact(await frame.getAttribute('aria-label')), bytesOf(made));
    await frame.click();
    await idle(page);
    assert.equal(await total(), bytesOf(made));
    const rows = await view().locator('tbody tr').count();
    assert.ok(rows >= 2, `${rows}`);
  });

  test('the frame looked into stands in the address and comes back; Backspace leads out', async () => {
    await page.waitForFunction(() => /tab=groups.*depth=1/.test(location.hash));
    const inside = await total();
    const other = await browser.open({ hash: await page.evaluate(() => location.hash) });
    await other.page.locator('flame-view .total').waitFor();
    await idle(other.page);
    assert.equal(exact(await other.page.locator('flame-view .total').getAttribute('title')), inside);
    await other.close();
    await view().locator('.frame').first().focus();
    await press(page, 'Backspace');
    assert.equal(await total(), bytesOf(allocations));
  });

  test('the arrows walk the frames, Enter looks into one, and the table holds the same', async () => {
    await view().locator('.frame').first().focus();
    await press(page, 'ArrowDown');
    await press(page, 'ArrowRight');
    const focused = await view().evaluate((element) => element.shadowRoot.activeElement.ariaLabel);
    const labels = await view()
      .locator('.frame')
      .evaluateAll((all) => all.map((frame) => frame.ariaLabel));
    assert.equal(focused, labels[2]);
    const cells = await view()
      .locator('tbody td:nth-child(2)')
      .evaluateAll((all) => all.map((cell) => cell.title));
    assert.deepEqual(
      cells.map(exact).sort((a, b) => a - b),
      labels.map(exact).sort((a, b) => a - b),
    );
    await press(page, 'Enter');
    assert.equal(await total(), exact(focused));
    await choose('All');
  });

  test('however many names there are, what is narrower than a pixel is one frame', async () => {
    const lines = Array.from({ length: 20000 }, (_, i) =>
      JSON.stringify({ t: i, op: 'alloc', id: i, size: i === 0 ? 1e9 : 64, label: `name${i}` }),
    );
    await openText(page, 'names.ndjson', lines.join('\n'));
    await idle(page);
    assert.ok((await view().locator('.frame').count()) < 50);
    assert.equal(await total(), 1e9 + 64 * 19999);
    assert.match(await textOf(page, 'flame-view'), /19\s999 narrow frames/);
    assert.deepEqual(opened.complaints, []);
  });
});

describe('what could be reused', () => {
  let browser;
  let opened;
  let page;
  const events = sampleEvents('gpt_generate_noplan');
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openSample(page, 'gpt_generate_noplan');
    await press(page, '6');
  });
  after(() => browser.close());

  const view = () => page.locator('reuse-view');
  const titles = (selector) =>
    view()
      .locator(selector)
      .evaluateAll((all) => all.map((element) => element.title));

  test('the plan lies between what lived at once and what was reserved, and what it saves is told', async () => {
    const [actual, planned, least] = (await titles('.figures td[title]')).map(exact);
    assert.equal(least, summaryOf(events).max_live_bytes);
    assert.ok(planned >= least && planned <= actual);
    const [saved] = (await titles('.saved')).map(exact);
    assert.equal(saved, actual - planned);
    await page.waitForFunction(() => location.hash.includes('tab=reuse'));
  });

  test('each pair follows in time and stood apart; the largest comes first; a click selects', async () => {
    const pairs = await view()
      .locator('.pair tbody tr')
      .evaluateAll((all) =>
        all.map((row) => ({
          bytes: row.cells[0].title,
          ids: [1, 2].map((cell) => Number(/, id (\d+),/.exec(row.cells[cell].querySelector('button').title)[1])),
        })),
      );
    assert.ok(pairs.length > 0);
    const at = (op, id) => events.findIndex((event) => event.op === op && event.id === id);
    for (const { ids } of pairs) {
      const [first, second] = ids;
      assert.ok(at('free', first) >= 0 && at('free', first) <= at('alloc', second));
      assert.notEqual(events[at('alloc', first)].addr, events[at('alloc', second)].addr);
    }
    const sizes = pairs.map(({ bytes }) => exact(bytes));
    assert.deepEqual(
      sizes,
      [...sizes].sort((a, b) => b - a),
    );
    await view().locator('.pair tbody button').first().click();
    await idle(page);
    assert.match(await textOf(page, 'details-panel'), new RegExp(`id ?${pairs[0].ids[0]}\\b`));
  });

  test('a long plan shows how far it is, and can be cancelled and gone on with; the page answers meanwhile', async () => {
    const lines = [];
    for (let id = 0; id < 200_000; id += 1) {
      const size = 64 * (1 + ((id * 7919) % 500));
      const addr = `0x${(id * 32768 + 65536).toString(16)}`;
      lines.push({ t: lines.length, op: 'alloc', id, size, addr });
      if (id >= 1000) lines.push({ t: lines.length, op: 'free', id: id - 1000 });
    }
    await press(page, '1');
    await openText(page, 'long.ndjson', lines.map((line) => JSON.stringify(line)).join('\n'));
    // Within the page, for the plan is made while a driver would still look for the button.
    const pressed = page.evaluate(
      () =>
        new Promise((resolve) => {
          const look = () => {
            const reuse = document.querySelector('bufgc-app').renderRoot.querySelector('reuse-view');
            const button = reuse?.renderRoot.querySelector('.above button');
            if (!button) return requestAnimationFrame(look);
            button.click();
            resolve(button.textContent.trim());
          };
          look();
        }),
    );
    await page.keyboard.press('6');
    assert.equal(await pressed, 'Cancel');
    await view().getByText('The plan was cancelled').waitFor();
    await idle(page);
    const meanwhile = await page.evaluate(async () => {
      const { session, renderRoot } = document.querySelector('bufgc-app');
      const reuse = renderRoot.querySelector('reuse-view');
      reuse.renderRoot.querySelector('.above button').click();
      const { row } = await session.engine.row(7);
      await reuse.updateComplete;
      const progress = reuse.renderRoot.querySelector('progress');
      return { row, share: progress?.value, name: progress?.labels[0]?.textContent.trim() };
    });
    assert.equal(meanwhile.row, 7);
    assert.equal(meanwhile.name, 'planning');
    assert.ok(meanwhile.share < 1, 'the answer came before the plan was made');
    await idle(page);
    const [, planned, least] = (await titles('.figures td[title]')).map(exact);
    assert.ok(planned >= least);
    assert.equal(await view().locator('.pair tbody tr').count(), 100);
  });

  test('without addresses the peaks are told, and why there are no pairs', async () => {
    await openText(page, 'plain.csv', 'time,op,id,size\n1,a,1,100\n2,f,1,100\n3,a,2,100\n');
    await idle(page);
    assert.match(await textOf(page, 'reuse-view'), /tells of no addresses/);
    assert.deepEqual(opened.complaints, []);
  });
});

describe('stacks of a snapshot', () => {
  let browser;
  let opened;
  let page;
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openText(page, 'snapshot.pickle', readFileSync(new URL('../data/snapshot.pickle', import.meta.url)));
  });
  after(() => browser.close());

  const chain = [
    '/home/ada/train.py:40 <module>',
    '/home/ada/train.py:12 train',
    '/env/site-packages/torch/optim/adam.py:75 step',
  ];

  test('the flame graph nests their frames, the outermost on top, and names files without their path', async () => {
    await press(page, '4');
    await session(page, () => document.querySelector('bufgc-app').session.setFilter('site:train.py'));
    const view = page.locator('flame-view');
    await view.getByRole('button', { name: 'stack', exact: true }).click();
    await idle(page);
    const places = [];
    for (const name of chain) {
      const frame = view.locator(`.frame[aria-label^="${name}: "]`);
      places.push(await frame.boundingBox());
      assert.equal((await frame.textContent()).trim(), name.replace(/^.*\//, ''));
    }
    for (let i = 1; i < places.length; i += 1) {
      assert.ok(places[i].y > places[i - 1].y);
      assert.ok(places[i].x >= places[i - 1].x - 1);
    }
    // Three allocations came from there, of 1000, 400 and 512 bytes.
    const told = await view.locator(`.frame[aria-label^="${chain[2]}: "]`).getAttribute('aria-label');
    assert.equal(exact(told), 1912);
  });

  test('a frame that is looked into can be filtered by: all stacks through it match', async () => {
    await page.locator(`flame-view .frame[aria-label^="${chain[2]}: "]`).click();
    await idle(page);
    await session(page, () => document.querySelector('bufgc-app').session.setFilter(''));
    await page.locator('flame-view .where').getByRole('button', { name: 'Filter' }).click();
    await idle(page);
    assert.equal(await session(page, () => document.querySelector('bufgc-app').session.matched?.rows), 3);
    await session(page, () => document.querySelector('bufgc-app').session.setFilter(''));
    await idle(page);
  });

  test('details list the stack from the innermost frame out, the user’s own one marked', async () => {
    await session(page, async () => {
      const { session } = document.querySelector('bufgc-app');
      for (let row = 0; ; row += 1) if ((await session.engine.row(row)).label === 'logits') return session.select(row);
    });
    await idle(page);
    const frames = page.locator('details-panel .stack li');
    assert.deepEqual(await frames.allTextContents(), ['at::_ops::add_Tensor::call', ...chain.toReversed()]);
    const own = page.locator('details-panel .stack li[aria-current]');
    assert.deepEqual(await own.allTextContents(), [chain[1]]);
    assert.match(await textOf(page, 'details-panel'), /site\/home\/ada\/train\.py:12 train/);
    assert.deepEqual(opened.complaints, []);
  });
});

describe('how long from unreachable to released to reused', () => {
  let browser;
  let opened;
  let page;
  // Buffers of one block, each used 1 µs before its release and taken again 3 µs after it; the last one is kept.
  const events = [];
  for (let id = 0; id < 40; id += 1) {
    const t = id * 10_000;
    events.push({ t, op: 'alloc', id, size: 64, addr: '0x1000', label: id % 2 ? 'odd' : 'even' });
    events.push({ t: t + 6000, op: 'use', kernel: 'k', bufs: [[id, 'r']] });
    if (id < 39) events.push({ t: t + 7000, op: 'free', id, to: 'cache', cause: 'finalized' });
  }
  before(async () => {
    browser = await launch();
    opened = await browser.open();
    page = opened.page;
    await openText(page, 'waits.ndjson', ndjson(...events));
    await press(page, '7');
  });
  after(() => browser.close());

  const stage = (name) => page.locator(`statistics-view section.${name}`);
  const cells = async (name, row) =>
    (await stage(name).locator('.waits tbody tr').nth(row).locator('th, td').allTextContents()).map((text) =>
      text.trim(),
    );

  test('both waits stand there with their median, p95 and longest, and what is not known is said', async () => {
    assert.deepEqual(await cells('unused', 0), ['all', '39', '1.00\u202fµs', '1.00\u202fµs', '1.00\u202fµs']);
    assert.deepEqual(await cells('idle', 0), ['all', '39', '3.00\u202fµs', '3.00\u202fµs', '3.00\u202fµs']);
    assert.match(await textOf(page, 'statistics-view'), /When the last reference to a buffer went stands in no trace/);
  });

  test('the distribution counts every wait once', async () => {
    for (const [name, bin] of [
      ['unused', '1.00\u202fµs to 2.00\u202fµs'],
      ['idle', '2.00\u202fµs to 5.00\u202fµs'],
    ]) {
      const rows = stage(name).locator('table').nth(1).locator('tbody tr');
      assert.equal(await rows.count(), 1);
      assert.deepEqual((await rows.locator('th, td').allTextContents()).map((text) => text.trim()).slice(0, 2), [
        bin,
        '39',
      ]);
    }
  });

  test('waits are told in events too, and by label, site or cause; a group filters', async () => {
    const press = async (name) => {
      await page.locator('statistics-view .how').getByRole('button', { name, exact: true }).click();
      await idle(page);
    };
    await press('events');
    assert.deepEqual(await cells('unused', 0), ['all', '39', '1', '1', '1']);
    assert.deepEqual(await cells('unused', 1), ['even', '20', '1', '1', '1']);
    await stage('unused').getByRole('button', { name: 'odd' }).click();
    await idle(page);
    assert.deepEqual(await cells('unused', 0), ['all', '19', '1', '1', '1']);
    await stage('unused').getByRole('button', { name: 'odd' }).click();
    await idle(page);
    await press('cause');
    assert.deepEqual(await cells('idle', 1), ['finalized', '39', '1', '1', '1']);
    await press('time');
  });

  test('details tell of the last use, of what is not recorded, and who took the block', async () => {
    await session(page, () => document.querySelector('bufgc-app').session.select(4));
    await idle(page);
    const told = await textOf(page, 'details-panel');
    assert.match(told, /last used13 at 46\.0 µs, 1\.00 µs before that/);
    assert.match(told, /droppednot recorded: at its last use or later/);
    assert.match(told, /reused15 at 50\.0 µs, after 3\.00 µs: by whom/);
    await page.locator('details-panel').getByRole('button', { name: 'by whom' }).click();
    await idle(page);
    assert.equal(await session(page, () => document.querySelector('bufgc-app').session.selectedRow), 5);
    await session(page, () => document.querySelector('bufgc-app').session.select(39));
    await idle(page);
    assert.doesNotMatch(await textOf(page, 'details-panel'), /reused|dropped/);
  });

  test('a trace without uses and addresses says that neither is known', async () => {
    await openText(page, 'plain.ndjson', '{"t":1,"op":"alloc","id":1,"size":64}\n{"t":2,"op":"free","id":1}\n');
    await idle(page);
    const told = await textOf(page, 'statistics-view');
    assert.match(told, /tells of no use by a kernel/);
    assert.match(told, /No block was taken again, or the trace tells of no addresses/);
    assert.deepEqual(opened.complaints, []);
  });
});
