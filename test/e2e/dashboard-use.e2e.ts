import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, desktop, openBrowser, phone } from './browser.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';

let server: FixtureServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await startFixtureServer();
  browser = await openBrowser(server.url);
});
afterEach(async () => {
  server.set({ rolledBack: false, instancesConfirmed: 0, heartbeats: true });
  await page.close();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

async function open(path: string, size: { width: number; height: number } = desktop): Promise<void> {
  page = await browser.open(server.url + path, { size });
  await page.locator('h1').first().waitFor();
}
const heading = async (name: string) => page.getByRole('heading', { level: 1, name }).waitFor();
const wrote = (start: string) => server.writes.some((write) => write.startsWith(start));

describe('keys', () => {
  it('g and a letter go to every place', async () => {
    await open('/');
    for (const [key, name] of [
      ['c', 'Changes'],
      ['f', 'Flags'],
      ['s', 'Signals'],
      ['e', 'Errors'],
      ['t', 'Settings'],
      ['o', 'Production is healthy'],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await heading(name);
    }
  });

  it('j and k move through rows and Enter opens one', async () => {
    await open('/flags');
    await page.locator('[data-row]').nth(2).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await heading('checkout.v2');
  });

  it('the palette finds a change, shows the command of an action, and opens what is chosen', async () => {
    await open('/settings');
    await page.keyboard.press('Control+k');
    await page.getByRole('option', { name: /Roll back Semantic cache/ }).waitFor();
    expect(await page.getByRole('option', { name: /Roll back Semantic cache/ }).innerText()).toContain(
      'belay rollout rollback 482',
    );
    await page.keyboard.type('postgres');
    await page.getByRole('option', { name: /Postgres pool/ }).waitFor();
    await page.keyboard.press('Enter');
    await heading('Postgres pool');
  });

  it('letters stay letters inside fields, and the single keys can be turned off', async () => {
    await open('/changes/chg_482');
    await page.keyboard.press('?');
    await page.getByLabel('Single-key shortcuts').uncheck();
    await page.keyboard.press('Escape');
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
    await page.keyboard.press('r');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('rollback');
    expect(wrote('POST /api/v1/rollouts/chg_482/rollback')).toBe(false);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.evaluate(() => localStorage.removeItem('belay.single-keys'));
  });

  it('the arrow keys read the chart aloud', async () => {
    await open('/changes/chg_482');
    await page.locator('.chart svg').waitFor();
    await page.getByRole('group', { name: 'Effect over time' }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.getByText(/best guess .* pt, between/).waitFor();
  });
});

describe('the way back', () => {
  it('one press of R rolls back, counts instances, says how long it took, and hears of a slip', async () => {
    await open('/changes/chg_482');
    await page.keyboard.press('r');
    await page.locator('.head').getByText('Rolling back…').waitFor();
    expect(wrote('POST /api/v1/rollouts/chg_482/rollback {}')).toBe(true);
    expect(await page.locator('dialog[open]').count()).toBe(0);
    server.set({ instancesConfirmed: 2 });
    server.send({ type: 'rollout', at: Date.now(), rolloutId: 'chg_482', status: 'rolled-back' });
    await page.locator('.head').getByText('Rolling back… 2 of 6 instances').waitFor();
    server.set({ instancesConfirmed: 6 });
    server.send({ type: 'rollout', at: Date.now(), rolloutId: 'chg_482', status: 'rolled-back' });
    await page.locator('.head').getByText('Done in 1.8 s').waitFor();
    await page.locator('.head').getByRole('button', { name: 'That was a slip: start again at 1%' }).waitFor();
    await page
      .locator('[aria-live=polite]')
      .getByText(/Rolled back/)
      .waitFor({ state: 'attached' });
  });

  it('on a phone the two buttons that matter stay at the bottom, large enough for a thumb', async () => {
    await open('/changes/chg_482', phone);
    const button = page.locator('.bar-s').getByRole('button', { name: 'Roll back now' });
    const box = await button.boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(44);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan(phone.height);
    await button.click();
    await page.locator('.bar-s').getByText('Rolling back…').waitFor();
  });

  it('the other direction asks for a reason and shows what is not known', async () => {
    await open('/changes/chg_482');
    await page.getByRole('button', { name: 'Go to 50%' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Cost per answer').waitFor();
    expect(await dialog.getByText('Failed requests').count()).toBe(0);
    const go = dialog.getByRole('button', { name: 'Go to 50%' });
    expect(await go.isDisabled()).toBe(true);
    await dialog.getByLabel('Why').fill('The fix was verified by hand.');
    await go.click();
    await dialog.waitFor({ state: 'detached' });
    expect(wrote('POST /api/v1/rollouts/chg_482/promote {"reason":"The fix was verified by hand."}')).toBe(true);
  });
});

describe('the stream', () => {
  it('greys verdicts out and says since when once Belay falls silent, and recovers', async () => {
    await open('/changes/chg_482');
    await page.getByText(/data \d+ s old/).waitFor();
    server.set({ heartbeats: false });
    await page.getByText(/Can’t see live data since \d\d:\d\d/).waitFor({ timeout: 20_000 });
    const grey = await page
      .locator('.g .vv')
      .first()
      .evaluate((element) => getComputedStyle(element).color);
    expect(grey).toBe('rgb(93, 105, 121)');
    server.set({ heartbeats: true });
    await page.getByText(/data \d+ s old/).waitFor({ timeout: 20_000 });
  });

  it('keeps the chosen guard, the table and the theme over a reload', async () => {
    await open('/changes/chg_482');
    await page.getByRole('button', { name: /Cost per answer/ }).click();
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('button', { name: 'Switch between light and dark' }).click();
    await page.reload();
    await page.getByRole('heading', { name: 'Cost per answer: new path minus old path' }).waitFor();
    await page.getByRole('region', { name: 'Effect over time as a table' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    await page.evaluate(() => localStorage.removeItem('belay.theme'));
  });
});

describe('making things', () => {
  it('ships a change in three presses', async () => {
    await open('/');
    await page.getByRole('button', { name: 'Ship a change' }).click();
    await page.getByRole('button', { name: /checkout\.v2/ }).click();
    await page.getByText('1% → 10% → 50% → 100%, about 1 h 10, four guards').waitFor();
    await page.getByRole('button', { name: 'Start at 1%' }).click();
    await heading('Semantic cache for /chat');
    expect(wrote('POST /api/v1/rollouts {"flag":"checkout.v2","start":true}')).toBe(true);
  });

  it('a flag is checked while it is typed and says in words what it would do', async () => {
    await open('/flags/new');
    await page.getByLabel('Key').fill('new.flag');
    const definition = page.getByLabel('Definition (flagd JSON)');
    await definition.fill('{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"maybe"}');
    await page.getByText('Seen: "maybe". Choose one of "on", "off".').waitFor();
    expect(await page.getByRole('button', { name: 'Create the flag' }).isDisabled()).toBe(true);
    await definition.fill('{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"on"}');
    await page.getByText('Everybody gets “on”.').waitFor();
    await page.getByRole('button', { name: 'Create the flag' }).click();
    await page.waitForURL('**/flags/new.flag');
    expect(wrote('PUT /api/v1/flags/new.flag ')).toBe(true);
  });

  it('a token is shown once', async () => {
    await open('/settings');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('pipeline');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText(/^blt_x+$/).waitFor();
    await page.getByRole('button', { name: 'I have it' }).click();
    expect(await page.getByText(/^blt_x+$/).count()).toBe(0);
  });

  it('the set-up token leaves the address before anything else', async () => {
    page = await browser.open(`${server.url}/setup#token=once`, { size: desktop });
    await heading('Set Belay up');
    await page.waitForFunction(() => location.hash === '');
    await page.getByRole('button', { name: 'Set up' }).click();
    await page.getByText(/^blt_s+$/).waitFor();
    expect(wrote('POST /api/v1/setup {"token":"once"}')).toBe(true);
  });
});
