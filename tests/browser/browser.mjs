// What every browser test needs: the built page, served on a free port or opened as a file, in Debian's
// Chromium. A page notes what it asked of the network and what it complained about.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { servePage } from '../../web/serve.mjs';

export const pageFile = resolve(
  process.env.BUFGC_PAGE ?? fileURLToPath(new URL('../../web/dist/index.html', import.meta.url)),
);

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Debian's Chromium, as every test and benchmark starts it; `more` flags besides. */
export const startChromium = (more = []) => {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS, ...more] });
};

/** Chromium and a server; `close()` ends both. */
export async function launch() {
  if (!existsSync(pageFile)) throw new Error(`${pageFile} is not built: ./web/demo --no-serve builds it`);
  const server = await servePage(0, pageFile);
  const url = `http://127.0.0.1:${server.address().port}/`;
  const browser = await startChromium();
  return {
    url,
    /** Playwright's own, for what `open` does not offer. */
    chromium: browser,
    fileUrl: pathToFileURL(pageFile).href,
    /** A page in a profile of its own, ready. `complaints` and `requests` grow while it lives. */
    async open({ from = 'server', hash = '', width = 1280, height = 800, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, acceptDownloads: true, ...options });
      const page = await context.newPage();
      const complaints = [];
      const requests = [];
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
      page.on('request', (request) => requests.push(request.url()));
      await page.goto((from === 'file' ? pathToFileURL(pageFile).href : url) + hash);
      if (!(await page.evaluate(() => 'viewer' in window)))
        throw new Error(`the page did not start: ${complaints.join('\n')}`);
      await page.evaluate(() => window.viewer.ready());
      return { page, complaints, requests, close: () => context.close() };
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Until the page has answered and drawn all that it was asked. */
export const idle = (page) => page.evaluate(() => window.viewer.idle());

/** Presses a key, and waits for what it asks. */
export async function press(page, key) {
  await page.keyboard.press(key);
  await idle(page);
}

/** Opens a bundled sample by its button. */
export async function openSample(page, name = 'mlp_leak') {
  await page.locator(`[data-sample="${name}"]`).click();
  await idle(page);
}

/** Opens text (or bytes) as a file of that name. */
export async function openText(page, name, content) {
  return page.evaluate(
    async ([fileName, data]) => {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
      try {
        return { stats: await window.viewer.open(bytes, fileName) };
      } catch (error) {
        return { error: error.message };
      } finally {
        await window.viewer.idle();
      }
    },
    [name, typeof content === 'string' ? content : [...content]],
  );
}

/** One line of NDJSON for each event. */
export const ndjson = (...events) => `${events.map((event) => JSON.stringify(event)).join('\n')}\n`;

/** What a component of the page says, its blanks made single. */
export const textOf = async (page, component) =>
  (await page.locator(component).evaluate((element) => element.shadowRoot.textContent)).replace(/\s+/g, ' ').trim();

/** The bytes that a title tells to the last one. */
export const exactBytes = (title) => Number(/^(?:.*: )?([\d\u2009]+)\u202fB/.exec(title)[1].replace(/\D/g, ''));
