import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { axeFindings, type Browser, desktop, openBrowser, phone, sidewaysScroll } from './browser.ts';

/**
 * The demo as somebody meets it: real server, three real shops, real traffic, a bad change, and a real browser that is
 * set up, watches it being taken back, and then uses the rest of the dashboard. The tests tell one story, in order.
 */
const BIN = path.resolve(import.meta.dirname, '../../packages/cli/bin/belay.js');
const VERDICT_MS = 90_000;

let demo: ChildProcess;
let browser: Browser;
let page: Page;
let setupUrl: URL;

beforeAll(async () => {
  demo = spawn(process.execPath, [BIN, 'demo', '--fault', 'errors', '--port', '0', '--rate', '150'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  setupUrl = await addressOf(demo);
  browser = await openBrowser(setupUrl.origin);
});
afterAll(async () => {
  await browser?.close();
  const ended = new Promise((resolve) => demo.once('exit', resolve));
  demo.kill('SIGINT');
  await ended;
});

it('the printed address sets Belay up and clears its token from the address bar', async () => {
  page = await browser.open(setupUrl.href, { size: desktop });
  await page.getByLabel('Your name').fill('Mira');
  expect(page.url()).not.toContain('setup_');
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByText(/^blt_/).waitFor();
  await page.getByRole('button', { name: 'Open the dashboard' }).click();
  await page.getByRole('link', { name: 'Checkout, second version' }).first().waitFor({ timeout: 30_000 });
});

it('the change page shows the automatic rollback without a reload, with its reason in one sentence', async () => {
  await page.getByRole('link', { name: 'Checkout, second version' }).first().click();
  await page.locator('.pill', { hasText: 'Rolled back' }).waitFor({ timeout: VERDICT_MS });
  expect(await page.locator('.banner').innerText()).toMatch(
    /Failed checkouts rose by [\d.]+ to [\d.]+ points, past your limit of 0\.1\./,
  );
  await page.getByText('3 of 3 instances confirmed the old path').first().waitFor();
  expect(await page.getByRole('button', { name: /^Failed checkouts/ }).innerText()).toContain('Worse');
  await page.locator('.chart svg .taken-back').waitFor({ state: 'attached' });
});

it('the verdict is computed again from stored outcomes and agrees', async () => {
  await page.getByText('How this was decided').click();
  await page.getByRole('button', { name: 'Compute it again' }).click();
  await page.getByText(/^Agrees bit by bit/).waitFor({ timeout: 30_000 });
});

it.each(['/', '/changes', '/flags', '/flags/checkout.v2', '/settings'])(
  '%s shows real data without findings, wide and narrow',
  async (place) => {
    for (const size of [desktop, phone]) {
      const other = await browser.open(setupUrl.origin + place, { size, dark: size === phone });
      await other.locator('h1').waitFor();
      await other.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      expect(await other.getByRole('alert').count()).toBe(0);
      expect(await axeFindings(other)).toEqual([]);
      expect(await sidewaysScroll(other)).toBe(0);
      await other.close();
    }
  },
);

it('the ledger is filtered by what an entry is about', async () => {
  await page.goto(`${setupUrl.origin}/changes?kind=rollout`);
  await page
    .locator('.ledger')
    .getByText(/^Rolled back/)
    .waitFor();
  expect(await page.locator('.ledger').innerText()).not.toContain('token');
  await page.getByRole('button', { name: 'Tokens' }).click();
  await page
    .locator('.ledger')
    .getByText(/created the token/)
    .first()
    .waitFor();
  expect(await page.locator('.ledger').innerText()).not.toContain('Rolled back');
});

it('the tester asks the real rules who would get what', async () => {
  await page.goto(`${setupUrl.origin}/flags/checkout.v2`);
  await page.getByLabel('Users, one a line').fill('anna\nbert');
  await page.getByRole('button', { name: 'Try' }).click();
  await page.locator('.tried li').nth(1).waitFor();
  expect(await page.locator('.tried').innerText()).toMatch(/anna\s+off[\s\S]+bert\s+off/);
});

it('a flag is made, edited, and a stale edit elsewhere is refused', async () => {
  await page.goto(`${setupUrl.origin}/flags/new`);
  await page.getByLabel('Key').fill('search.v2');
  await page.getByRole('button', { name: 'Create the flag' }).click();
  await page.waitForURL('**/flags/search.v2');
  const other = await browser.open(page.url(), { size: desktop });
  await other.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Description').fill('The second search');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The second search').waitFor();
  await other.getByLabel('Description').fill('Another thought');
  await other.getByRole('button', { name: 'Save' }).click();
  await other.getByRole('alert').waitFor();
  await other.close();
});

it('a token is made, works until it is revoked, and is then refused', async () => {
  await page.goto(`${setupUrl.origin}/settings`);
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByLabel('Name').fill('pipeline');
  await page.getByRole('checkbox', { name: /^read/ }).check();
  await page.getByRole('button', { name: 'Create' }).click();
  const secret = (await page.getByRole('dialog').getByText(/^blt_/).innerText()).trim();
  await page.getByRole('button', { name: 'I have it' }).click();
  const ask = async () =>
    (await fetch(`${setupUrl.origin}/api/v1/flags`, { headers: { authorization: `Bearer ${secret}` } })).status;
  expect(await ask()).toBe(200);
  await page.getByRole('button', { name: 'Revoke pipeline' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await ask()).toBe(401);
});

it('a person ships, holds, resumes, rolls back with one key and takes the slip back', async () => {
  await page.goto(`${setupUrl.origin}/flags/search.v2`);
  await page.getByRole('button', { name: 'Ship a change' }).click();
  await page.getByRole('button', { name: /^Start at/ }).click();
  await page.waitForURL('**/changes/*');
  await page.locator('.pill', { hasText: 'Going out' }).waitFor();
  await page.keyboard.press('h');
  await page.locator('.pill', { hasText: 'Held' }).waitFor();
  await page.locator('.head').getByRole('button', { name: 'Resume' }).click();
  await page.locator('.pill', { hasText: 'Going out' }).waitFor();
  await page.keyboard.press('r');
  await page.locator('.head').getByText(/^Done/).waitFor({ timeout: 15_000 });
  await page
    .locator('.head')
    .getByRole('button', { name: /^That was a slip/ })
    .click();
  await page.locator('.pill', { hasText: 'Going out' }).waitFor();
});

it('freezing changes is seen at once and can be ended', async () => {
  await page.goto(setupUrl.origin);
  await page.getByRole('button', { name: 'Freeze changes' }).click();
  await page.getByLabel('Why').fill('The shop moves tonight.');
  await page.getByRole('dialog').getByRole('button', { name: 'Freeze changes' }).click();
  await page.getByRole('button', { name: /^Frozen until/ }).click();
  await page.getByText('The shop moves tonight.').first().waitFor();
  await page.getByRole('button', { name: 'End the freeze' }).click();
  await page.getByRole('button', { name: 'Freeze changes' }).waitFor();
});

it('nothing outside Belay was asked, and no page logged an error', () => {
  expect(browser.foreign).toEqual([]);
  expect(browser.errors).toEqual([]);
});

/** The one address that the demo prints. */
async function addressOf(child: ChildProcess): Promise<URL> {
  const { stdout } = child;
  if (stdout === null) throw new Error('the demo has no stdout');
  for await (const line of createInterface({ input: stdout })) {
    const found = /https?:\/\/\S+\/setup#\S+/.exec(line);
    if (found !== null) {
      // What the demo says later is not needed, but must not fill its pipe.
      stdout.resume();
      return new URL(found[0]);
    }
  }
  throw new Error('the demo ended before it printed its address');
}
