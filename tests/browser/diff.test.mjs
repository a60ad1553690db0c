// Two traces beside each other: what the view says against a plain reading of both, and the ways to the second.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { idle, launch, ndjson, openSample, openText, textOf } from './browser.mjs';
import { sampleEvents, samplePath, summaryOf } from './oracle.mjs';

const openDiff = async (page) => {
  await page.keyboard.press('8');
  await idle(page);
};
const compare = (page, name, text) =>
  page.evaluate(
    ([fileName, content]) =>
      window.viewer.compare(new TextEncoder().encode(content), fileName).then(
        () => null,
        (error) => error.message,
      ),
    [name, text],
  );
const verdict = (page) => page.locator('diff-view .told').first().textContent();
const toBytes = (title) => Number(/([\d\u2009]+)\u202fB/.exec(title)[1].replace(/\D/g, ''));

const BEFORE = ndjson(
  { t: 0, op: 'mark', name: 'warm' },
  { t: 10, op: 'alloc', id: 1, size: 4096, label: 'weights' },
  { t: 20, op: 'alloc', id: 2, size: 512, label: 'gone' },
  { t: 30, op: 'free', id: 2 },
  { t: 40, op: 'mark', name: 'step' },
  { t: 50, op: 'alloc', id: 3, size: 64, label: 'batch' },
  { t: 60, op: 'free', id: 3 },
  { t: 70, op: 'free', id: 1 },
);
const AFTER = ndjson(
  { t: 0, op: 'mark', name: 'warm' },
  { t: 10, op: 'alloc', id: 1, size: 8192, label: 'weights' },
  { t: 40, op: 'mark', name: 'step' },
  { t: 50, op: 'alloc', id: 3, size: 64, label: 'batch' },
  { t: 60, op: 'free', id: 3 },
  { t: 65, op: 'alloc', id: 4, size: 1024, label: '<b>new</b>\u202e' },
);

describe('diff', () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  test('before there is a second trace the view says what it is for, and a sample is one click away', async () => {
    const { page, complaints, close } = await browser.open();
    await openSample(page, 'mlp_leak');
    await openDiff(page);
    assert.match(await textOf(page, 'diff-view'), /Before and after: what changed\?.*Open a second trace…/);
    await page.locator('[data-second="mlp_train_noplan_long"]').click();
    await idle(page);

    const totals = { A: summaryOf(sampleEvents('mlp_leak')), B: summaryOf(sampleEvents('mlp_train_noplan_long')) };
    for (const name of ['max_live_bytes', 'total_allocated_bytes', 'alive_at_end_bytes']) {
      const titles = await page
        .locator(`diff-view [data-total="${name}"] td`)
        .evaluateAll((cells) => cells.map((cell) => cell.title));
      assert.deepEqual(titles.slice(0, 2).map(toBytes), [totals.A[name], totals.B[name]], name);
      const more = totals.B[name] - totals.A[name];
      assert.equal(toBytes(titles[2]), Math.abs(more), name);
      assert.equal(titles[2][0], more < 0 ? '−' : '+');
    }
    await page.waitForFunction(() => location.hash.includes('second=mlp_train_noplan_long'));
    assert.deepEqual(complaints, []);
    await close();
  });

  test('groups are a plain count’s: what one trace lacks first, then the largest difference', async () => {
    const { page, close } = await browser.open({
      width: 1600,
      hash: '#tab=diff&sample=mlp_leak&second=mlp_train_noplan_long',
    });
    await page.locator('diff-view .groups').waitFor();
    await idle(page);
    const counted = new Map();
    for (const [at, sample] of ['mlp_leak', 'mlp_train_noplan_long'].entries()) {
      for (const { op, label, size } of sampleEvents(sample)) {
        if (op !== 'alloc') continue;
        if (!counted.has(label)) counted.set(label, { buffers: [0, 0], bytes: [0, 0] });
        counted.get(label).buffers[at] += 1;
        counted.get(label).bytes[at] += size;
      }
    }
    const rows = await page.locator('diff-view .groups tbody tr').evaluateAll((all) =>
      all.map((row) => {
        const cells = [...row.cells].map((cell) => cell.title || cell.textContent.trim());
        return { name: row.querySelector('button').title.replace(/\. [^.]*\.$/, ''), cells };
      }),
    );
    assert.equal(rows.length, counted.size);
    const number = (text) => Number(text.replace(/\D/g, ''));
    for (const { name, cells } of rows) {
      const { buffers, bytes } = counted.get(name);
      assert.deepEqual([number(cells[2]), number(cells[3])], buffers, name);
      assert.deepEqual([number(cells[5]), number(cells[6])], bytes, name);
    }
    const ranks = rows.map(({ name }) => {
      const { buffers, bytes } = counted.get(name);
      return [buffers.includes(0) ? 1 : 0, Math.abs(bytes[1] - bytes[0])];
    });
    for (let i = 1; i < ranks.length; i++) {
      const [before, now] = [ranks[i - 1], ranks[i]];
      assert.ok(before[0] > now[0] || (before[0] === now[0] && before[1] >= now[1]), rows[i].name);
    }
    await close();
  });

  test('what only one trace has, and what changed, stand there by name; names stay text', async () => {
    const { page, close } = await browser.open();
    await openText(page, 'before.ndjson', BEFORE);
    await openDiff(page);
    assert.equal(await compare(page, 'after.ndjson', AFTER), null);
    assert.match(await verdict(page), /different: 2 unmatched, 1 changed, 1 shifted/);
    const names = async (table) => {
      const cells = await page.getByRole('table', { name: table }).locator('tbody tr td:first-child').allTextContents();
      return cells.map((cell) => cell.trim());
    };
    assert.deepEqual(await names('Buffers only in A'), ['gone']);
    assert.deepEqual(await names('Buffers only in B'), ['<b>new</b>‹U+202E›']);
    assert.deepEqual(await names('Buffers that changed'), ['weights']);
    const changed = page.getByRole('table', { name: 'Buffers that changed' });
    assert.match(
      await changed.textContent(),
      /size, end[\s\S]*4\.00\u202fKiB → 8\.00\u202fKiB[\s\S]*released → alive at end/,
    );
    await changed.getByRole('button', { name: 'weights' }).click();
    await idle(page);
    assert.match(await textOf(page, 'details-panel'), /weights/);
    await close();
  });

  test('by phase, what comes after a difference is at its place again; by event, a slower run is equal', async () => {
    const { page, close } = await browser.open();
    await openText(page, 'before.ndjson', BEFORE);
    await openDiff(page);
    await compare(page, 'after.ndjson', AFTER);
    const align = (name) => page.getByRole('group', { name: 'Align by' }).getByRole('button', { name });
    await align('phases').click();
    await idle(page);
    assert.equal(await align('phases').getAttribute('aria-pressed'), 'true');
    assert.match(await verdict(page), /0 shifted; 2 of 2 phases in both/);
    await align('events').click();
    await idle(page);
    assert.match(await verdict(page), /1 shifted$/);

    const slower = BEFORE.replace(/"t":(\d+)/g, (_, t) => `"t":${3 * t}`);
    await compare(page, 'slower.ndjson', slower);
    assert.match(await verdict(page), /^equal, event by event/);
    await align('time').click();
    await idle(page);
    assert.match(await verdict(page), /^different/);
    await close();
  });

  test('both levels stand over one axis, and the pointer tells both', async () => {
    const { page, close } = await browser.open();
    await openText(page, 'before.ndjson', BEFORE);
    await openDiff(page);
    await compare(page, 'after.ndjson', AFTER);
    const chart = page.locator('diff-chart');
    assert.equal(
      await chart.locator('.chart').getAttribute('aria-label'),
      'Live bytes of both traces over one axis. Peaks: A 4.50\u202fKiB, B 9.00\u202fKiB.',
    );
    assert.equal(await chart.locator('.at').textContent(), '8 events');
    const box = await chart.locator('.u-over').boundingBox();
    await page.mouse.move(box.x + (box.width * 2.5) / 8, box.y + 60);
    assert.equal(await chart.locator('.at').textContent(), 'event 2: A 4.50\u202fKiB, B 8.00\u202fKiB');
    await page.mouse.move(box.x + (box.width * 7.5) / 8, box.y + 60);
    assert.equal(await chart.locator('.at').textContent(), 'event 7: A 0\u202fB, B has ended');
    await close();
  });

  test('a click on a group shows its buffers of the open trace; one that it lacks cannot be clicked', async () => {
    const { page, close } = await browser.open();
    await openText(page, 'before.ndjson', BEFORE);
    await openDiff(page);
    await compare(page, 'after.ndjson', AFTER);
    const groups = page.locator('diff-view .groups tbody button');
    assert.equal(await groups.filter({ hasText: 'new' }).isDisabled(), true);
    await groups.filter({ hasText: 'weights' }).focus();
    await page.keyboard.press('Enter');
    await idle(page);
    const state = await page.evaluate(() => {
      const { session } = document.querySelector('bufgc-app');
      return { tab: session.tab, filter: session.filter, rows: session.matched?.rows };
    });
    assert.deepEqual(state, { tab: 'table', filter: 'label=weights', rows: 1 });
    await openDiff(page);
    await page.getByRole('group', { name: 'Group by' }).getByRole('button', { name: 'size' }).click();
    await idle(page);
    assert.match(await textOf(page, 'diff-view'), /4 KiB to 8 KiB/);
    await close();
  });

  test('a second file that is broken is told with its place, and the first stays open', async () => {
    const { page, complaints, close } = await browser.open();
    await openText(page, 'before.ndjson', BEFORE);
    await openDiff(page);
    const message = await compare(page, 'broken.ndjson', `${AFTER}{"t":90,"op":"alloc","id":9,"size":\n`);
    assert.match(message, /broken\.ndjson: line 7: .*expected/);
    assert.match(await page.getByRole('alert').textContent(), /Could not open broken\.ndjson.*line 7/s);
    assert.match(await textOf(page, 'diff-view'), /Open a second trace…/);
    assert.equal((await page.evaluate(() => window.viewer.stats())).buffers, 3);
    assert.equal(await compare(page, 'after.ndjson', AFTER), null);
    assert.equal(await page.getByRole('alert').count(), 0);
    assert.match(await verdict(page), /different/);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('reading the second is told and can be cancelled, while the first can be looked at', async () => {
    const { page, close } = await browser.open();
    await openText(page, 'before.ndjson', BEFORE);
    await openDiff(page);
    await page.evaluate(() => {
      const lines = [];
      for (let i = 0; i < 400_000; i++)
        lines.push(`{"t":${i},"op":"alloc","id":${i},"size":4096,"label":"number ${i}"}`);
      window.reading = window.viewer.compare(new TextEncoder().encode(lines.join('\n')), 'large.ndjson').then(
        () => 'read',
        (error) => error.name,
      );
    });
    await page.getByText('Reading large.ndjson').waitFor();
    assert.equal((await page.evaluate(() => window.viewer.stats())).buffers, 3);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await idle(page);
    assert.match(await page.evaluate(() => window.reading), /read|AbortError/);
    assert.equal(await page.getByRole('button', { name: 'Cancel' }).count(), 0);
    assert.match(await textOf(page, 'diff-view'), /Open a second trace…/);
    assert.equal(await compare(page, 'after.ndjson', AFTER), null);
    await close();
  });

  test('a file chosen in the view, dropped on it, or dropped with Alt is the second; any other is the first', async () => {
    const { page, close } = await browser.open();
    await openText(page, 'before.ndjson', BEFORE);
    await openDiff(page);
    const names = () =>
      page.evaluate(() => {
        const { session } = document.querySelector('bufgc-app');
        return [session.trace?.name, session.comparison.second?.name];
      });
    await page.getByLabel('Files of the second trace').setInputFiles(samplePath('mlp_leak'));
    await page.locator('diff-view .groups').waitFor();
    assert.deepEqual(await names(), ['before.ndjson', 'mlp_leak.ndjson.gz']);

    const drop = async (target, name, altKey) => {
      const dataTransfer = await page.evaluateHandle(
        ([text, fileName]) => {
          const data = new DataTransfer();
          data.items.add(new File([text], fileName));
          return data;
        },
        [AFTER, name],
      );
      await page.locator(target).first().dispatchEvent('dragenter', { dataTransfer, altKey, composed: true });
      await page.locator(target).first().dispatchEvent('drop', { dataTransfer, altKey, composed: true });
      await idle(page);
    };
    await drop('diff-view .above', 'here.ndjson', false);
    assert.deepEqual(await names(), ['before.ndjson', 'here.ndjson']);
    await page.keyboard.press('1');
    await drop('lifecycle-plot', 'alt.ndjson', true);
    assert.deepEqual(await names(), ['before.ndjson', 'alt.ndjson']);
    assert.equal(await page.evaluate(() => document.querySelector('bufgc-app').session.tab), 'diff');
    await drop('facets-panel', 'first.ndjson', false);
    assert.deepEqual(await names(), ['first.ndjson', undefined]);
    await close();
  });

  test('the address brings both traces, the alignment and the grouping back', async () => {
    const { page, close } = await browser.open({
      hash: '#tab=diff&sample=mlp_leak&second=gpt_generate_noplan&align=time&groups=site',
    });
    await page.locator('diff-view .groups').waitFor();
    await idle(page);
    for (const [group, name] of [
      ['Align by', 'time'],
      ['Group by', 'site'],
    ]) {
      const pressed = page.getByRole('group', { name: group }).getByRole('button', { pressed: true });
      assert.equal((await pressed.textContent()).trim(), name);
    }
    await page.getByRole('button', { name: 'Close B' }).click();
    await idle(page);
    assert.match(await textOf(page, 'diff-view'), /Open a second trace…/);
    await page.waitForFunction(() => !location.hash.includes('second='));
    await close();
  });

  test('without a trace there is nothing to compare a second one with', async () => {
    const { page, close } = await browser.open();
    assert.match(await compare(page, 'after.ndjson', AFTER), /^A trace must be open/);
    await close();
  });

  test('a button above and the palette lead to the second trace', async () => {
    const { page, close } = await browser.open();
    const button = page.getByRole('button', { name: 'Compare…' });
    assert.equal(await button.isDisabled(), true);
    await openText(page, 'before.ndjson', BEFORE);
    const [first] = await Promise.all([page.waitForEvent('filechooser'), button.click()]);
    await first.setFiles(samplePath('gpt_generate_noplan'));
    await page.locator('diff-view .groups').waitFor();
    assert.match(await textOf(page, 'diff-view'), /gpt_generate_noplan\.ndjson\.gz/);
    await page.keyboard.press('Control+k');
    await page.locator('command-palette input').fill('Compare with another');
    const option = page.locator('command-palette li', { hasText: 'Compare with another trace' });
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), option.click()]);
    await chooser.setFiles(samplePath('mlp_leak'));
    await page.locator('diff-view .trace', { hasText: 'mlp_leak' }).waitFor();
    assert.match(await textOf(page, 'diff-view'), /mlp_leak\.ndjson\.gz/);
    await close();
  });
});
