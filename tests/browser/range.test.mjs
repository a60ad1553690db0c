// A time range opened alone: from a file by the card, of what is in sight, and by the address.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { idle, launch, ndjson, openSample, textOf } from './browser.mjs';
import { sampleEvents } from './oracle.mjs';

const state = (page) =>
  page.evaluate(async () => {
    const { session } = document.querySelector('bufgc-app');
    const { summary, name, range } = session.trace;
    const first = await session.engine.eventAtTime(Math.max(0, (range?.fromNs ?? 0) - summary.start_ns));
    return { summary, name, range, first, level: await session.engine.levelAt(first), view: session.view };
  });
async function command(page, title) {
  await page.keyboard.press('Control+k');
  await page.keyboard.type(title);
  await page.keyboard.press('Enter');
}

/** What lives right after the last event of those within […, to]. */
function plainly(events, to) {
  const live = new Map();
  for (const { t, op, id, size } of events) {
    if (t - events[0].t > to) break;
    if (op === 'alloc') live.set(id, size);
    else if (op === 'free') live.delete(id);
  }
  return { buffers: live.size, bytes: [...live.values()].reduce((sum, size) => sum + size, 0) };
}

describe('a time range alone', () => {
  let browser;
  let folder;
  // From a clock that does not begin at 0: a buffer each millisecond, each living for five; every tenth for ever.
  const events = [];
  for (let id = 0; id < 3000; id += 1) {
    const t = 7e9 + id * 1e6;
    events.push({ t, op: 'alloc', id, size: 100 + (id % 9) });
    if (id >= 5 && (id - 5) % 10 !== 0) events.push({ t: t + 1000, op: 'free', id: id - 5 });
  }
  before(async () => {
    browser = await launch();
    folder = mkdtempSync(join(tmpdir(), 'bufgc-'));
    writeFileSync(join(folder, 'long.ndjson'), ndjson(...events));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await browser.close();
  });

  test('the card asks for two times and a file, says what is wrong, and opens that part of it', async () => {
    const { page, complaints, close } = await browser.open();
    const choosing = page.waitForEvent('filechooser');
    await command(page, 'time range of a file');
    const card = page.locator('range-card dialog');
    assert.ok(await card.isVisible());
    const [from, to] = [card.getByLabel('from'), card.getByLabel('to')];
    await from.fill('2 s');
    await to.fill('soon');
    await page.keyboard.press('Enter');
    assert.match(await card.getByRole('alert').textContent(), /Expected two times, the earlier first/);
    assert.equal(await to.getAttribute('aria-invalid'), 'true');
    await to.fill('2100 ms');
    await page.keyboard.press('Enter');
    await (await choosing).setFiles(join(folder, 'long.ndjson'));
    await page.locator('.trace-name', { hasText: 'long.ndjson, 2.00' }).waitFor();
    await idle(page);
    assert.equal(await card.count(), 0);
    const { summary, first, level } = await state(page);
    const end = plainly(events, 2.1e9);
    assert.equal(summary.alive_at_end_bytes, end.bytes);
    assert.equal(summary.alive_at_end_buffers, end.buffers);
    assert.equal(level.liveBytes, plainly(events, 2e9).bytes);
    assert.ok((await state(page)).view.t0 >= first - 1, 'what stood before is out of sight');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('Escape closes the card, and nothing was opened', async () => {
    const { page, close } = await browser.open();
    await command(page, 'time range of a file');
    await page.locator('range-card dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('range-card').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.querySelector('bufgc-app').session.trace), null);
    await close();
  });

  test('what is in sight can be opened alone, and again of that; the address leads back to it', async () => {
    const { page, complaints, close } = await browser.open();
    await openSample(page, 'mlp_leak');
    const all = sampleEvents('mlp_leak');
    const at = (event) => all[event].t - all[0].t;
    await page.evaluate(() => window.viewer.setView({ t0: 2000, t1: 5000 }));
    await command(page, 'in sight alone');
    await page.waitForFunction(() => document.querySelector('bufgc-app').session.trace?.range);
    await idle(page);
    let now = await state(page);
    assert.deepEqual(now.range, { fromNs: at(2000), toNs: at(5000) });
    assert.equal(now.summary.alive_at_end_bytes, plainly(all, at(5000)).bytes);
    assert.equal(now.level.liveBytes, plainly(all, at(2000)).bytes);
    await page.waitForFunction(() => location.hash.includes('range='));
    const other = await browser.open({ hash: await page.evaluate(() => location.hash) });
    await other.page.waitForFunction(() => document.querySelector('bufgc-app').session.trace?.range);
    await idle(other.page);
    assert.deepEqual((await state(other.page)).summary, now.summary);
    await other.close();
    // A part of the part: its times count from the same first event.
    const from = now.first + 500;
    await page.evaluate((t0) => window.viewer.setView({ t0, t1: t0 + 800 }), from);
    const [begin, end] = await page.evaluate(
      (t0) =>
        Promise.all(
          [t0, t0 + 800].map((event) => document.querySelector('bufgc-app').session.engine.timeOfEvent(event)),
        ),
      from,
    );
    const { start_ns: start } = now.summary;
    await command(page, 'in sight alone');
    await page.waitForFunction(
      (ns) => document.querySelector('bufgc-app').session.trace?.range?.fromNs === ns,
      start + begin,
    );
    await idle(page);
    now = await state(page);
    assert.deepEqual(now.range, { fromNs: start + begin, toNs: start + end });
    assert.equal(now.summary.alive_at_end_bytes, plainly(all, start + end).bytes);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('of a trace that a script handed over there is no file to read again, and the page says so', async () => {
    const { page, close } = await browser.open();
    await page.evaluate(
      (text) => window.viewer.open(new TextEncoder().encode(text), 'given.ndjson'),
      ndjson(...events.slice(0, 50)),
    );
    await command(page, 'in sight alone');
    await page.locator('notice-bar', { hasText: 'not at hand' }).waitFor();
    assert.match(await textOf(page, 'notice-bar'), /chosen or dropped as a file/);
    await close();
  });
});
