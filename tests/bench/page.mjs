// What opening the page and watching a training run cost, in Debian's Chromium without a GPU.
import { launch } from '../browser/browser.mjs';

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** ms from navigation until the page answers, and until a bundled trace stands drawn. */
async function openTimes(browser, from) {
  const { page, close } = await browser.open({ from, width: 1600, height: 900 });
  const ready = await page.evaluate(() => window.viewer.ready().then(() => performance.now()));
  const waited = await page.evaluate(() => performance.now());
  const drawn = await page
    .locator('[data-sample]')
    .first()
    .evaluate(async (button) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve()));
      const clicked = performance.now();
      button.click();
      await window.viewer.idle();
      await frame();
      return performance.now() - clicked;
    });
  await close();
  // The script's own way to the button does not count.
  return { ready: Math.min(ready, waited), picture: Math.min(ready, waited) + drawn };
}

/** Frames a second that the page itself reaches while the digits train and their lifecycles are drawn. */
async function trainingFrames(browser, seconds) {
  const { page, close } = await browser.open({ hash: '#mode=lab', width: 1600, height: 900 });
  await page.locator('bufgc-lab #run:enabled').click();
  await page.waitForTimeout(2000);
  const intervals = await page.evaluate(
    (duration) =>
      new Promise((resolve) => {
        const found = [];
        const start = performance.now();
        let last = start;
        const tick = (now) => {
          found.push(now - last);
          last = now;
          if (now - start < duration) requestAnimationFrame(tick);
          else resolve(found.slice(1));
        };
        requestAnimationFrame(tick);
      }),
    seconds * 1000,
  );
  await close();
  const sorted = [...intervals].sort((a, b) => a - b);
  return {
    perSecond: (1000 * intervals.length) / intervals.reduce((sum, interval) => sum + interval, 0),
    p95: sorted[Math.floor(sorted.length * 0.95)],
  };
}

export async function measurePage() {
  const browser = await launch();
  try {
    const rows = [];
    for (const [from, name] of [
      ['server', 'served'],
      ['file', 'file://'],
    ]) {
      const times = [];
      for (let turn = 0; turn < 5; turn += 1) times.push(await openTimes(browser, from));
      rows.push({
        what: `opened until it answers, ${name}`,
        value: median(times.map((time) => time.ready)),
        unit: 'ms',
      });
      rows.push({
        what: `opened until a bundled trace is drawn, ${name}`,
        value: median(times.map((time) => time.picture)),
        unit: 'ms',
      });
    }
    const frames = await trainingFrames(browser, 10);
    rows.push({
      what: 'while the digits train',
      value: frames.perSecond,
      unit: 'frames/s',
      beside: `interval p95 ${frames.p95.toFixed(1)} ms`,
    });
    return rows;
  } finally {
    await browser.close();
  }
}
