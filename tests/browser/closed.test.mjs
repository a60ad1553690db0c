// A page that is closed while it exports: what arrives is whole, or nothing does, and the browser goes on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, ndjson, openText } from './browser.mjs';

const buffers = 4000;
const trace = ndjson(
  ...Array.from({ length: buffers }, (_, id) => ({
    t: id,
    op: 'alloc',
    id,
    size: 4096,
    addr: `0x${((id + 1) * 4096).toString(16)}`,
    label: `buffer ${id} of a program whose page is closed`,
  })),
);
/** From the choice in the menu on; and from when the download began. */
const pauses = [0, 10, 40, 160, 'begun'];
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Opens the trace and chooses the table of its buffers. `downloads` are those that began. */
async function exportTable() {
  const { page, close } = await browser.open();
  const downloads = [];
  page.on('download', (download) => downloads.push(download));
  await openText(page, 'run.ndjson', trace);
  await page.getByRole('button', { name: 'Export' }).click();
  const item = page.getByRole('menuitem', { name: /^Buffers all/ });
  await item.waitFor();
  return { page, downloads, choose: () => item.click(), close };
}

async function whole() {
  const { page, choose, close } = await exportTable();
  try {
    const [download] = await Promise.all([page.waitForEvent('download'), choose()]);
    return readFileSync(await download.path(), 'utf8');
  } finally {
    await close();
  }
}

test('an export whose page is closed arrives whole or not at all', { timeout: 180_000 }, async (t) => {
  const expected = await whole();
  assert.equal(expected.split('\r\n').length, buffers + 2, 'a line each, the names, and the end');
  let arrived = 0;
  for (const pause of pauses) {
    const { page, downloads, choose, close } = await exportTable();
    const begun = pause === 'begun' ? page.waitForEvent('download') : null;
    await choose();
    await (begun ?? new Promise((resolve) => setTimeout(resolve, pause)));
    await page.close();
    for (const download of downloads) {
      if ((await download.failure()) !== null) continue;
      assert.equal(readFileSync(await download.path(), 'utf8'), expected, `closed after ${pause}`);
      arrived += 1;
    }
    await close();
  }
  t.diagnostic(`${arrived} of ${pauses.length} had arrived`);
  assert.equal(await whole(), expected, 'the next page exports as ever');
});
