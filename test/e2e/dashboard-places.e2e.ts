import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings, type Browser, desktop, openBrowser, phone, sidewaysScroll, smallest } from './browser.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';

const places = [
  ['overview', '/'],
  ['a change that is going out', '/changes/chg_482'],
  ['a change that was rolled back', '/changes/chg_481'],
  ['a change that is held', '/changes/chg_480'],
  ['a change that was kept', '/changes/chg_479'],
  ['the chart as a table', '/changes/chg_482?view=table'],
  ['changes', '/changes'],
  ['flags', '/flags'],
  ['a flag', '/flags/search.ranker'],
  ['a new flag', '/flags/new'],
  ['settings', '/settings'],
  ['set-up', '/setup#token=once'],
  ['a page that is not there', '/nowhere'],
] as const;

const looks = [
  ['1440 px, light', desktop, false],
  ['1440 px, dark', desktop, true],
  ['390 px, light', phone, false],
  ['390 px, dark', phone, true],
] as const;

/** Words of statistics that may stand only under "How this was decided". */
const forbiddenWords = /p-value|significan|canary|treatment|\bSRM\b|\balpha\b/i;

let server: FixtureServer;
let browser: Browser;

beforeAll(async () => {
  server = await startFixtureServer();
  browser = await openBrowser(server.url);
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const ready = 'h1';

describe.each(looks)('at %s', (_, size, dark) => {
  it.each(places)('%s has no accessibility finding and no sideways scroll', async (_name, path) => {
    const page = await browser.open(server.url + path, { size, dark });
    await page.locator(ready).first().waitFor();
    if (path.startsWith('/changes/')) await page.locator('.chart svg, .tw table').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(await sidewaysScroll(page)).toBe(0);
    expect(await page.locator('body').innerText()).not.toMatch(forbiddenWords);
    await page.close();
  });
});

it.each(places)('%s fits into 320 px', async (_name, path) => {
  const page = await browser.open(server.url + path, { size: smallest });
  await page.locator(ready).first().waitFor();
  expect(await sidewaysScroll(page)).toBe(0);
  await page.close();
});

describe('dialogs and folds', () => {
  it.each([
    ['the palette', '/', async (page) => page.keyboard.press('Control+k')],
    ['the shortcuts', '/', async (page) => page.keyboard.press('?')],
    ['the freeze', '/', async (page) => page.getByRole('button', { name: 'Freeze changes' }).click()],
    ['going further', '/changes/chg_482', async (page) => page.getByRole('button', { name: 'Go to 50%' }).click()],
    ['a new token', '/settings', async (page) => page.getByRole('button', { name: 'New token' }).click()],
    ['the plan', '/flags/checkout.v2', async (page) => page.getByRole('button', { name: 'Ship a change' }).click()],
  ] satisfies [string, string, (page: import('playwright-core').Page) => Promise<void>][])(
    '%s has no accessibility finding, light and dark',
    async (_name, path, open) => {
      for (const dark of [false, true]) {
        const page = await browser.open(server.url + path, { size: desktop, dark });
        await page.locator('h1').first().waitFor();
        await open(page);
        await page.locator('dialog[open]').waitFor();
        expect(await axeFindings(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await page.locator('dialog[open]').waitFor({ state: 'detached' });
        await page.close();
      }
    },
  );

  it('shows how a verdict was decided, and computes it again', async () => {
    const page = await browser.open(`${server.url}/changes/chg_482`, { size: desktop });
    await page.getByText('How this was decided').click();
    await page.getByText('alpha = 0.01').waitFor();
    await page.getByRole('button', { name: 'Compute it again' }).click();
    await page.getByText('Agrees bit by bit: 1,357 blocks, 4 decisions').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.close();
  });
});

describe('empty and failing', () => {
  it('an empty Belay says the next step with a command to copy, without findings', async () => {
    server.set({ isEmpty: true });
    for (const path of ['/', '/changes', '/flags']) {
      const page = await browser.open(server.url + path, { size: desktop });
      await page
        .getByRole('button', { name: /^Copy belay/ })
        .first()
        .waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await page.close();
    }
    server.set({ isEmpty: false });
  });

  it('a failing chart says what still works and offers another try', async () => {
    server.set({ failing: '/series' });
    const page = await browser.open(`${server.url}/changes/chg_482`, { size: desktop });
    await page.getByText('The chart could not be read').waitFor();
    await page.getByText('Rollouts are still guarded').waitFor();
    await page.getByText('req_fixture').waitFor();
    server.set({ failing: null });
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.chart svg').waitFor();
    await page.close();
  });

  it('asks to sign in when nobody is, and comes back to the page that was wanted', async () => {
    server.set({ isSignedIn: false });
    const page = await browser.open(`${server.url}/flags`, { size: phone });
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('textbox', { name: 'Token' }).fill('blt_secret');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Flags' }).waitFor();
    expect(server.writes.at(-1)).toBe('POST /api/v1/session {"token":"blt_secret"}');
    await page.close();
  });
});

describe('budgets, compressed', () => {
  const folder = path.resolve(import.meta.dirname, '../../packages/web/dist/assets');
  const sizeOf = async (name: string) => gzipSync(await readFile(path.join(folder, path.basename(name)))).length;

  // The drawing of charts comes after the first paint, like every picture.
  it.each(['/', '/changes', '/changes/chg_482', '/flags', '/signals', '/errors', '/settings'])(
    '%s comes with at most 60 kB of script and 12 kB of style',
    async (place) => {
      const page = await browser.open(server.url + place, { size: desktop });
      await page.locator(ready).first().waitFor();
      const names = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name));
      const sizes = { js: 0, css: 0 };
      for (const name of names) {
        if (name.endsWith('.js') && name.includes('/assets/') && !name.includes('uplot'))
          sizes.js += await sizeOf(name);
        if (name.endsWith('.css')) sizes.css += await sizeOf(name);
      }
      expect(sizes.js).toBeGreaterThan(10_000);
      expect(sizes.js).toBeLessThanOrEqual(60_000);
      expect(sizes.css).toBeLessThanOrEqual(12_000);
      await page.close();
    },
  );

  it('the whole dashboard has at most 220 kB of script', async () => {
    let bytes = 0;
    for (const name of await readdir(folder)) if (name.endsWith('.js')) bytes += await sizeOf(name);
    expect(bytes).toBeLessThanOrEqual(220_000);
  });
});

it('asks nobody but Belay, and logs no error', () => {
  expect(browser.foreign).toEqual([]);
  expect(browser.errors).toEqual([]);
});
