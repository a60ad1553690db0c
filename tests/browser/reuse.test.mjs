// What could be reused: the plan and its pairs, against a plain reading of the sample.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exactBytes, idle, launch, openSample, openText, press, textOf } from './browser.mjs';
import { sampleEvents, summaryOf } from './oracle.mjs';

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
    const [actual, planned, least] = (await titles('.figures td[title]')).map(exactBytes);
    assert.equal(least, summaryOf(events).max_live_bytes);
    assert.ok(planned >= least && planned <= actual);
    const [saved] = (await titles('.saved')).map(exactBytes);
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
    const sizes = pairs.map(({ bytes }) => exactBytes(bytes));
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
    const [, planned, least] = (await titles('.figures td[title]')).map(exactBytes);
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
