// What the viewer costs with many lifecycles, in Debian's Chromium without a GPU, at 1600 × 900: opening,
// panning and zooming by real input events, and the answers that people wait for.
import { readFileSync, statSync } from 'node:fs';
import { launch } from '../browser/browser.mjs';
import { viewerTrace } from './viewer_traces.mjs';

/** Bars by number of buffers: ms, and MB of the renderer above those of the empty page. */
const bars = {
  100000: { work: 6, interval: 17, sharp: 80, picture: 300, complete: 800, memory: 120, hit: 5, search: 30, facet: 50 },
  1000000: {
    work: 8,
    interval: 17,
    sharp: 150,
    picture: 500,
    complete: 4000,
    memory: 350,
    hit: 5,
    search: 100,
    facet: 150,
  },
  10000000: {
    work: 8,
    interval: 17,
    sharp: 400,
    picture: 1000,
    complete: 10000,
    memory: 1500,
    hit: 10,
    search: 800,
    facet: 1000,
  },
};
const randomOverStack = 1.2;

const sorted = (values) => [...values].sort((a, b) => a - b);
const p95 = (values) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * 0.95))];

/** Resident bytes of the process that draws the page, by the system's account. */
async function residentBytes(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))[1]) * 1024);
  return Math.max(...sizes); // there is one page
}

/** In the page: when the plot first shows more than its ground, and when all of the file is drawn. */
async function openFile(page, file) {
  await page.evaluate(() => {
    const deep = (root, selector) => {
      const found = root.querySelector(selector);
      if (found) return found;
      for (const element of root.querySelectorAll('*')) {
        const inside = element.shadowRoot && deep(element.shadowRoot, selector);
        if (inside) return inside;
      }
      return null;
    };
    const small = new OffscreenCanvas(64, 36);
    const context = small.getContext('2d', { willReadFrequently: true });
    const drawn = () => {
      const canvases = deep(document, 'lifecycle-plot')?.shadowRoot.querySelectorAll('.pictures canvas') ?? [];
      return [...canvases].some((canvas) => {
        if (canvas.style.visibility === 'hidden') return false;
        context.clearRect(0, 0, 64, 36);
        context.drawImage(canvas, 0, 0, 64, 36);
        const pixels = new Uint32Array(context.getImageData(0, 0, 64, 36).data.buffer);
        return pixels.some((pixel) => pixel !== pixels[0]);
      });
    };
    const input = deep(document, 'input[type=file]');
    window.opened = new Promise((resolve) => {
      input.addEventListener(
        'change',
        () => {
          const start = performance.now();
          let picture = null;
          let done = false;
          const tick = () => {
            if (picture === null && drawn()) picture = performance.now() - start;
            if (!done || picture === null) requestAnimationFrame(tick);
          };
          requestAnimationFrame(tick);
          setTimeout(async () => {
            await window.viewer.idle();
            done = true;
            const complete = performance.now() - start;
            requestAnimationFrame(() =>
              requestAnimationFrame(() => resolve({ picture: picture ?? complete, complete })),
            );
          });
        },
        { once: true, capture: true },
      );
    });
  });
  await page.locator('input[type=file]').setInputFiles(file);
  return page.evaluate(() => window.opened);
}

/** Processor time of the page's main thread in each frame, in ms, by Chromium's own trace. */
function workByFrame(trace) {
  const { traceEvents } = JSON.parse(trace);
  const fired = traceEvents.filter(({ name }) => name === 'FireAnimationFrame').sort((a, b) => a.ts - b.ts);
  if (fired.length === 0) return [];
  const { pid, tid } = fired[0];
  // Several callbacks of one frame follow each other at once.
  const frames = [];
  for (const { ts } of fired) if (frames.length === 0 || ts - frames.at(-1) > 8000) frames.push(ts);
  const work = frames.map(() => 0);
  for (const event of traceEvents) {
    if (event.name !== 'RunTask' || event.pid !== pid || event.tid !== tid || event.tdur === undefined) continue;
    const frame = frames.findLastIndex((start) => start <= event.ts + event.dur);
    work[Math.max(0, frame)] += event.tdur / 1000;
  }
  return work;
}

/**
 * Zooms at the pointer and drags, every third turn back from the whole trace: adds what each frame cost and how
 * long each gesture took from its end until nothing was left to be drawn sharper.
 */
async function gestures(browser, page, seconds, { interval, sharp, work }) {
  const box = await page.locator('lifecycle-plot').boundingBox();
  const middle = { x: box.x + box.width * 0.6, y: box.y + box.height * 0.45 };
  const settle = async (from) => {
    sharp.push(
      await page.evaluate(async (start) => {
        await window.viewer.idle();
        return performance.now() - start;
      }, from),
    );
  };
  const watch = () =>
    page.evaluate(() => {
      window.frames_seen = [];
      window.frames_on = true;
      let last = null;
      const tick = (now) => {
        if (last !== null) window.frames_seen.push(now - last);
        last = now;
        if (window.frames_on) requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
      window.addEventListener(
        'pointermove',
        () => {
          window.last_input = performance.now();
        },
        true,
      );
      window.addEventListener(
        'wheel',
        () => {
          window.last_input = performance.now();
        },
        true,
      );
    });
  const unwatch = () =>
    page.evaluate(() => {
      window.frames_on = false;
      return window.frames_seen;
    });
  const lastInput = () => page.evaluate(() => window.last_input);
  const end = performance.now() + seconds * 1000;
  for (let turn = 0; performance.now() < end; turn += 1) {
    await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'] });
    await watch();
    await page.mouse.move(middle.x, middle.y);
    for (let step = 0; step < 12; step += 1) {
      await page.mouse.wheel(0, turn % 3 === 2 ? 120 : -120);
      await page.waitForTimeout(16);
    }
    await settle(await lastInput());
    await page.mouse.down();
    for (let step = 1; step <= 40; step += 1) {
      const angle = (step / 40) * 2 * Math.PI;
      await page.mouse.move(middle.x + 300 * Math.sin(angle), middle.y + 120 * (1 - Math.cos(angle)));
    }
    await page.mouse.up();
    await settle(await lastInput());
    interval.push(...(await unwatch()));
    work.push(...workByFrame((await browser.stopTracing()).toString()));
    if (turn % 3 === 2) {
      await page.keyboard.press('0');
      await page.evaluate(() => window.viewer.idle());
    }
  }
}

async function answers(page) {
  const box = await page.locator('lifecycle-plot').boundingBox();
  const hit = await page.evaluate(async ({ x, y, width, height }) => {
    const times = [];
    for (let i = 0; i < 100; i += 1) {
      const start = performance.now();
      await window.viewer.hitTest(x + 80 + ((i * 37) % (width - 100)), y + 8 + ((i * 53) % (height - 40)));
      times.push(performance.now() - start);
    }
    return times;
  }, box);
  const timed = async (act) => {
    await page.evaluate(() => {
      const start = () => {
        window.acted = performance.now();
      };
      for (const type of ['keydown', 'pointerdown'])
        window.addEventListener(type, start, { once: true, capture: true });
    });
    await act();
    return page.evaluate(async () => {
      await window.viewer.idle();
      return performance.now() - window.acted;
    });
  };
  const search = [];
  await page.keyboard.press('/');
  for (const letter of 'gradient') search.push(await timed(() => page.keyboard.press(letter)));
  for (let i = 0; i < 8; i += 1) search.push(await timed(() => page.keyboard.press('Backspace')));
  await page.keyboard.press('Escape');
  await page.evaluate(() => window.viewer.idle());
  const facet = [];
  const buttons = page.locator('facets-panel button');
  for (let i = 0; i < 6; i += 1) facet.push(await timed(() => buttons.nth(2 + (i >> 1)).click()));
  return { hit: p95(hit), search: p95(search), facet: p95(facet) };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values) => sorted(values)[values.length >> 1];

/** Opens a file in a page of its own and adds all that is measured there. */
async function measure(launched, file, seconds, found) {
  const { page, complaints, close } = await launched.open({ width: 1600, height: 900 });
  const browser = launched.chromium;
  const add = (values) => {
    for (const [name, value] of Object.entries(values)) found[name].push(value);
  };
  try {
    const empty = await residentBytes(browser);
    const opened = await openFile(page, file);
    add({ ...opened, memory: ((await residentBytes(browser)) - empty) / 1e6 });
    await gestures(browser, page, seconds, found);
    await page.keyboard.press('0');
    await page.evaluate(() => window.viewer.idle());
    add(await answers(page));
    if (complaints.length > 0) throw new Error(complaints[0]);
  } finally {
    await close();
  }
}

/** Both orders by turns, so that what else the machine does meets both: of each all that was measured, by name. */
async function measureOrders(buffers, { quick, log }) {
  const found = {};
  const launched = await launch();
  try {
    for (let round = 0; round < (quick ? 1 : 3); round += 1) {
      for (const order of ['stack', 'random']) {
        const file = viewerTrace(buffers, order);
        if (round === 0)
          log(`${buffers} buffers, released in ${order} order, ${(statSync(file).size / 1e6).toFixed(0)} MB`);
        found[order] ??= Object.fromEntries(Object.keys(rowsOf).map((name) => [name, []]));
        await measure(launched, file, quick ? 4 : 25, found[order]);
      }
    }
  } finally {
    await launched.close();
  }
  return found;
}

/**
 * What a row is called, its unit, and what it tells of the values measured: there is one of each opened page, and one
 * of each frame and gesture.
 */
const rowsOf = {
  picture: ['open until the first picture', ' ms', median],
  complete: ['open until complete', ' ms', median],
  work: ['work of a frame, p95', ' ms', p95],
  interval: ['frame interval, p95', ' ms', p95],
  sharp: ['gesture end until sharp, p95', ' ms', p95],
  memory: ['renderer above the empty page', ' MB', median],
  hit: ['hit test, p95', ' ms', median],
  search: ['search keystroke, p95', ' ms', median],
  facet: ['facet click, p95', ' ms', median],
};

/** With 100,000 and 1,000,000 buffers. */
export const viewerRows = (context) => rowsFor([100000, 1000000], context);

/** With 10,000,000, from the binary form: some minutes. */
export const hugeViewerRows = (context) => rowsFor([10000000], context);

async function rowsFor(sizes, context) {
  const rows = [];
  for (const buffers of sizes) {
    const { stack, random } = await measureOrders(buffers, context);
    const part = `viewer, ${buffers.toLocaleString('en').replaceAll(',', ' ')}`;
    for (const [name, [what, unit, of]] of Object.entries(rowsOf)) {
      const bar = bars[buffers][name];
      const value = of(random[name]);
      rows.push({
        part,
        what,
        value,
        unit,
        bars: [{ against: `${bar}${unit}`, ratio: value / bar, bar: 1, pass: value <= bar }],
        beside: `stack order ${of(stack[name]).toPrecision(3)}${unit}`,
      });
    }
    const ratio = p95(random.sharp) / p95(stack.sharp);
    rows.push({
      part,
      what: 'gesture end until sharp, random ÷ stack order',
      value: ratio,
      bars: [{ against: 'stack order', ratio, bar: randomOverStack, pass: ratio <= randomOverStack }],
      // Steps of a frame: the means of as many gestures tell smaller differences.
      beside: `of the means ${(mean(random.sharp) / mean(stack.sharp)).toFixed(2)} ×, ${random.sharp.length} gestures each`,
    });
  }
  return rows;
}
