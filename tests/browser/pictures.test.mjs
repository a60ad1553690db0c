import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch } from './browser.mjs';

// A picture of 400,000 lifecycles takes several stretches (web/src/engine/worker.ts); what the worker is told, and
// in which order, decides what becomes of it.
describe('pictures of a wide view', () => {
  let browser;
  let page;
  before(async () => {
    browser = await launch();
    ({ page } = await browser.open());
    // Notes what the worker is asked and answers. While `held` is an array, it is told nothing: as where it is busy.
    await page.addInitScript(() => {
      window.answers = [];
      window.held = null;
      const { postMessage } = Worker.prototype;
      const open = new Map();
      Worker.prototype.postMessage = function (message, ...more) {
        if (message?.kind === 'init')
          this.addEventListener('message', ({ data }) => {
            if (data.kind !== 'value' || !open.has(data.id)) return;
            window.answers.push({ ...open.get(data.id), value: data.value });
            open.delete(data.id);
          });
        if (message?.kind === 'call') open.set(message.id, { method: message.method, args: message.args });
        if (window.held)
          window.held.push({
            method: message.method,
            tell: () => postMessage.call(this, message, ...more),
          });
        else postMessage.call(this, message, ...more);
      };
    });
    await page.reload();
    await page.evaluate(async () => {
      await window.viewer.ready();
      const lines = [];
      for (let id = 0; id < 400000; id += 1) {
        const at = `0x${(0x10000 + (id % 500) * 4096).toString(16)}`;
        if (id >= 500) lines.push(`{"t":${id * 10},"op":"free","id":${id - 500}}`);
        lines.push(`{"t":${id * 10 + 5},"op":"alloc","id":${id},"size":${1 + (id % 4096)},"addr":"${at}"}`);
      }
      await window.viewer.open(new TextEncoder().encode(lines.join('\n')), 'wide.ndjson');
      await window.viewer.idle();
    });
  });
  after(() => browser.close());

  /** Asks the engine, in one turn of the page: the pictures' widths, and who answered in which order. */
  const asked = (steps) =>
    page.evaluate(async (names) => {
      const { engine, view } = document.querySelector('bufgc-app').session;
      const style = { layout: 'address', colorBy: 'state', theme: 'light', filter: '', showCached: true };
      const order = [];
      const step = {
        picture: async () => (await engine.render('event', view, 300, 200, style))?.width ?? null,
        bounds: async () => void (await engine.bounds('address')),
      };
      const late = new Promise((resolve) => setTimeout(resolve, 20000, 'too late'));
      const answers = names.map(async (name) => {
        const value = await step[name]();
        order.push(name);
        return value;
      });
      return { answers: await Promise.race([Promise.all(answers), late]), order };
    }, steps);

  test('a question that comes meanwhile is answered between two stretches', async () => {
    assert.deepEqual((await asked(['picture', 'bounds'])).order, ['bounds', 'picture']);
  });

  test('only the last of those asked for is drawn', async () => {
    assert.deepEqual((await asked(['picture', 'picture', 'bounds', 'picture'])).answers, [null, null, undefined, 300]);
    assert.deepEqual((await asked(['picture'])).answers, [300], 'what was wanted before does not end the next');
  });

  test('where none has come for long, one that comes late is drawn all the same', async () => {
    const drawn = await page.evaluate(async () => {
      const { engine, view } = document.querySelector('bufgc-app').session;
      const style = { layout: 'address', colorBy: 'state', theme: 'light', filter: '', showCached: true };
      const picture = () => engine.render('event', view, 300, 200, style);
      const end = performance.now() + 20000;
      let last = picture();
      while (performance.now() < end) {
        const next = picture();
        if ((await last) !== null) return true;
        last = next;
      }
      return false;
    });
    assert.equal(drawn, true, 'though another was always asked for before it was done');
  });

  test('a range that changes while a picture is under way ends it, and the last range is drawn', async () => {
    const box = await page.locator('lifecycle-plot').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.evaluate(async () => {
      await window.viewer.idle();
      window.answers.length = 0;
      window.held = [];
    });
    await page.mouse.wheel(0, -20);
    await page.waitForFunction(() => window.held.some(({ method }) => method === 'render'));
    await page.mouse.wheel(0, -20);
    await page.waitForFunction(() => window.held.filter(({ method }) => method === 'render').length > 1);
    const drawn = await page.evaluate(async () => {
      const messages = window.held;
      window.held = null;
      for (const { tell } of messages) tell();
      await window.viewer.idle();
      const { view } = document.querySelector('bufgc-app').session;
      return window.answers
        .filter(({ method }) => method === 'render')
        .map(({ args, value }) => ({
          picture: value !== null,
          last: args[1].t0 === view.t0 && args[1].t1 === view.t1,
        }));
    });
    assert.deepEqual(drawn[0], { picture: false, last: false }, 'the first is given up');
    assert.deepEqual(drawn[1], { picture: true, last: true }, 'then what is seen now is drawn');
  });

  test('a range that is left and come back to meanwhile stays as it is seen', async () => {
    const answered = await page.evaluate(async () => {
      await window.viewer.idle();
      const { session } = document.querySelector('bufgc-app');
      const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const { view } = session;
      window.answers.length = 0;
      window.held = [];
      session.setView({ ...view, t0: view.t0 + 1000, t1: view.t1 + 1000 });
      await frame();
      session.setView(view);
      await frame();
      for (const { tell } of window.held) tell();
      window.held = null;
      await window.viewer.idle();
      return window.answers.filter(({ method }) => method === 'render').length;
    });
    assert.equal(answered, 1, 'nothing is drawn again');
  });
});
