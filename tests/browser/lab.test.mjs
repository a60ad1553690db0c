// The live lab in a real browser: every workload starts, learns, reclaims, leaks and pauses as it
// says, on a served page and on one opened as a file, and watching changes nothing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch } from './browser.mjs';

const WORKLOADS = ['digits', 'image', 'nobody', 'leak', 'replay'];
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** A page in the lab, with a workload chosen and ready. */
async function openLab(workload, options = {}) {
  const opened = await browser.open({ hash: '#mode=lab', ...options });
  const { page } = opened;
  await page.locator('bufgc-lab').waitFor();
  if (workload !== 'digits') await page.locator(`bufgc-lab input[value="${workload}"]`).check();
  await state(page, ({ status, workload: chosen }, wanted) => status === 'ready' && chosen === wanted, workload);
  return opened;
}

/** What the lab knows, as plain data. */
const labState = (page) =>
  page.evaluate(() => {
    const { session } = document.querySelector('bufgc-app').shadowRoot.querySelector('bufgc-lab');
    const { status, message, workload, stats, figures, settings, proof, history } = session;
    const { losses, accuracies, leak, nobody, replay } = history;
    const picture = history.stages?.result;
    return {
      status,
      message,
      workload,
      stats,
      figures,
      settings,
      proof,
      leak,
      nobody,
      replay,
      losses: losses.columns[2],
      accuracies: accuracies.columns[1],
      picture: picture ? { width: picture.width, height: picture.height, bytes: picture.pixels.length } : null,
    };
  });

/** Waits until the lab's state holds what the condition asks. */
async function state(page, condition, argument) {
  for (let tries = 0; tries < 1200; tries++) {
    const now = await labState(page);
    if (condition(now, argument)) return now;
    assert.notEqual(now.status, 'failed', now.message);
    await page.waitForTimeout(50);
  }
  throw new Error(`the lab never came to ${condition}: ${JSON.stringify({ ...(await labState(page)), losses: [] })}`);
}

const press = (page, id) => page.locator(`bufgc-lab #${id}`).click();

for (const from of ['server', 'file']) {
  describe(`from ${from}`, () => {
    for (const workload of WORKLOADS) {
      test(`${workload} starts, steps, and its buffers reach the viewer`, async () => {
        const { page, complaints, close } = await openLab(workload, { from });
        await press(page, 'run');
        await state(page, ({ figures, status }) => figures.steps >= 10 || status === 'finished');
        const { status } = await labState(page);
        if (status === 'running') await press(page, 'run');
        await state(page, (now) => now.status === 'paused' || now.status === 'finished');
        await page.evaluate(() => window.viewer.idle());
        const { figures, stats } = await labState(page);
        assert.ok(figures.eventsSent > 10);
        const seen = await page.evaluate(() => window.viewer.stats());
        assert.equal(seen.alive_at_end_bytes, stats.live_bytes, 'the viewer and the package count the same live bytes');
        assert.equal(seen.buffers, stats.allocations);
        assert.deepEqual(complaints, []);
        await close();
      });
    }
  });
}

test('the network learns while the page watches: the loss falls, accuracy passes 80 %', async () => {
  const { page, close } = await openLab('digits');
  await press(page, 'run');
  const { losses, accuracies } = await state(page, ({ figures }) => figures.steps >= 130);
  assert.ok(losses.at(-1) < 0.5 * losses[0], `${losses[0]} to ${losses.at(-1)}`);
  assert.ok(accuracies.at(-1) > 0.8, `accuracy ${accuracies.at(-1)}`);
  assert.equal(
    await page.locator('bufgc-lab-output lab-digits li.right, bufgc-lab-output lab-digits li.wrong').count(),
    20,
  );
  await close();
});

test('the picture pipeline shows its result, and takes a picture of the user’s own', async () => {
  const { page, close } = await openLab('image');
  await press(page, 'step');
  const { picture } = await state(page, (now) => now.picture);
  assert.deepEqual(picture, { width: 480, height: 360, bytes: 480 * 360 * 4 });
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(1024, 512);
    const context = canvas.getContext('2d');
    context.fillStyle = 'teal';
    context.fillRect(0, 0, 1024, 512);
    const file = new File([await canvas.convertToBlob()], 'own.png', { type: 'image/png' });
    const files = new DataTransfer();
    files.items.add(file);
    const place = document
      .querySelector('bufgc-app')
      .shadowRoot.querySelector('bufgc-lab-output')
      .shadowRoot.querySelector('lab-image')
      .shadowRoot.querySelector('.result');
    place.dispatchEvent(
      new DragEvent('drop', { dataTransfer: files, bubbles: true, composed: true, cancelable: true }),
    );
  });
  await page.getByRole('button', { name: 'Built-in picture' }).waitFor();
  await press(page, 'step');
  await state(page, (now) => now.picture?.width === 512 && now.picture.height === 256);
  await close();
});

test('nobody disposes: five times the budget passes through, and reserved stays under it', async () => {
  const { page, close } = await openLab('nobody');
  // The panel is drawn a moment after the choice, which would take back what was typed before.
  const budget = page.locator('bufgc-lab #budget');
  while ((await budget.inputValue()) !== '128') await page.waitForTimeout(20);
  await budget.fill('64');
  await budget.press('Enter');
  await state(page, ({ settings: now }) => now.budgetBytes === 64 * 2 ** 20);
  await press(page, 'reset');
  await press(page, 'run');
  const { stats, nobody, settings } = await state(
    page,
    (now) => now.nobody?.droppedBytes > 5 * now.settings.budgetBytes,
  );
  assert.equal(settings.budgetBytes, 64 * 2 ** 20);
  assert.ok(stats.peak_reserved_bytes <= settings.budgetBytes);
  assert.equal(stats.disposed_buffers, 0);
  assert.ok(nobody.reclaimed > 0);
  await close();
});

test('the leak shows as alive: the viewer lists the thumbnails, and nothing else', async () => {
  const { page, close } = await openLab('leak');
  await press(page, 'run');
  await state(page, ({ leak }) => leak?.aliveEntries > 60);
  await press(page, 'run');
  const { leak } = await state(page, ({ status }) => status === 'paused');
  await page.evaluate(() => window.viewer.idle());
  const seen = await page.evaluate(() => window.viewer.stats());
  assert.equal(seen.alive_at_end_buffers, leak.aliveEntries);
  assert.equal(seen.alive_at_end_bytes, leak.aliveBytes);
  assert.ok(leak.believedEntries === 24 && leak.aliveEntries > 60);
  await close();
});

test('pause really pauses, step takes one, reset begins again with the seed', async () => {
  const { page, close } = await openLab('digits');
  await press(page, 'run');
  await state(page, ({ figures }) => figures.steps > 5);
  await press(page, 'run');
  const paused = await state(page, ({ status }) => status === 'paused');
  await page.waitForTimeout(300);
  assert.equal((await labState(page)).figures.steps, paused.figures.steps);
  await press(page, 'step');
  await state(page, ({ figures }) => figures.steps === paused.figures.steps + 1);
  const first = (await labState(page)).losses.slice(0, 5);
  await press(page, 'reset');
  await state(page, ({ status, figures }) => status === 'ready' && figures.steps === 0);
  for (let i = 1; i <= 5; i++) {
    await press(page, 'step');
    await state(page, ({ figures, status }) => figures.steps === i && status === 'paused');
  }
  assert.deepEqual((await labState(page)).losses.slice(0, 5), first);
  await close();
});

test('"Prove it" says that watching changed nothing, and shows both columns', async () => {
  const { page, close } = await openLab('leak');
  await press(page, 'prove');
  const verdict = page.locator('bufgc-lab .verdict');
  await verdict.waitFor({ timeout: 60_000 });
  const { proof } = await labState(page);
  assert.deepEqual(proof.differing, []);
  assert.equal(await verdict.getAttribute('data-equal'), 'true');
  assert.match(await verdict.textContent(), /same releases, same order, same counts/);
  assert.equal(proof.off.hash, proof.on.hash);
  assert.ok(proof.off.releases > 100);
  await close();
});

test('the lab leaves an opened trace alone until it is started, and the keyboard runs it', async () => {
  const { page, close } = await browser.open();
  await page.locator('[data-sample="mlp_leak"]').click();
  await page.evaluate(() => window.viewer.idle());
  const opened = await page.evaluate(() => window.viewer.stats());
  await page.getByRole('button', { name: 'Live lab' }).click();
  await state(page, ({ status }) => status === 'ready');
  assert.deepEqual(await page.evaluate(() => window.viewer.stats()), opened);
  await page.locator('bufgc-lab #step:not([disabled])').focus();
  await page.keyboard.press('Enter');
  await state(page, ({ figures }) => figures.steps === 1);
  await page.evaluate(() => window.viewer.idle());
  assert.notDeepEqual(await page.evaluate(() => window.viewer.stats()), opened);
  await close();
});

test('the page keeps drawing while the digits train', async (t) => {
  const { page, close } = await openLab('digits');
  await press(page, 'run');
  await state(page, ({ figures }) => figures.steps > 20);
  const frames = await page.evaluate(
    () =>
      new Promise((resolve) => {
        let count = 0;
        const from = performance.now();
        const tick = (now) => {
          count++;
          if (now - from < 3000) requestAnimationFrame(tick);
          else resolve((1000 * count) / (now - from));
        };
        requestAnimationFrame(tick);
      }),
  );
  const { figures } = await labState(page);
  t.diagnostic(`${frames.toFixed(1)} frames a second, ${figures.stepsPerSecond.toFixed(1)} batches a second`);
  assert.ok(figures.steps > 20 && frames > 0);
  await close();
});
