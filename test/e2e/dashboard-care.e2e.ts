import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings, type Browser, desktop, openBrowser, phone, sidewaysScroll, smallest } from './browser.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';

/** Checks and data safety, in states that a real server seldom shows. What shows that the page is there comes last. */
const places = [
  ['checks', '/checks', '.checklist li'],
  ['a golden path that fails', '/checks/shop.login', '.steps li'],
  ['a check that is well', '/checks/shop.disk', '.hours li'],
  ['data safety', '/safety', '.points li'],
  ['a restore point', '/safety/bot-000017-20261124T031700Z', '.tb'],
] as const;

const looks = [
  ['1440 px, light', desktop, false],
  ['1440 px, dark', desktop, true],
  ['390 px, light', phone, false],
  ['390 px, dark', phone, true],
] as const;

let server: FixtureServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await startFixtureServer();
  browser = await openBrowser(server.url);
});
afterEach(async () => {
  server.set({ isEmpty: false, failing: null });
  await page.close();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

async function open(path: string, ready = 'h1', size: { width: number; height: number } = desktop, dark = false) {
  page = await browser.open(server.url + path, { size, dark });
  await page.locator(ready).first().waitFor({ state: 'attached' });
}

describe.each(looks)('at %s', (_, size, dark) => {
  it.each(places)('%s has no accessibility finding and no sideways scroll', async (_name, path, ready) => {
    await open(path, ready, size, dark);
    expect(await axeFindings(page)).toEqual([]);
    expect(await sidewaysScroll(page)).toBe(0);
  });
});

it.each(places)('%s fits into 320 px', async (_name, path, ready) => {
  await open(path, ready, smallest);
  expect(await sidewaysScroll(page)).toBe(0);
});

describe('checks', () => {
  it('stand with what fails first, and open by keyboard', async () => {
    await open('/checks', '.checklist li');
    await page.getByRole('heading', { level: 1, name: '2 of 6 checks are down' }).waitFor();
    expect(await page.locator('.checklist li').first().innerText()).toContain('Log in and open the chat');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Log in and open the chat' }).waitFor();
  });

  it('are found by their words', async () => {
    await open('/checks', '.checklist li');
    await page.keyboard.press('/');
    await page.keyboard.type('queue');
    await expect.poll(() => page.locator('.checklist li').count()).toBe(1);
    expect(page.url()).toContain('search=queue');
  });

  it('say which step failed and what to do, and run again at once', async () => {
    await open('/checks/shop.login', '.steps li');
    await page.getByText('The service saw no token: the answer did not match.').waitFor();
    await page.getByText('Let the proxy pass the header on: proxy_set_header').waitFor();
    await page.getByRole('button', { name: 'Run now' }).click();
    await expect
      .poll(() => server.writes.some((write) => write.startsWith('POST /api/v1/checks/shop.login/run')))
      .toBe(true);
  });

  it('say how to begin where there is none, and what failed where they cannot be read', async () => {
    server.set({ isEmpty: true });
    await open('/checks', '.empty');
    await page.getByText('No check yet').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.close();
    server.set({ isEmpty: false, failing: '/api/v1/checks' });
    await open('/checks', '[role=alert]');
    await page.getByText('They still run, and messages about them are still sent.').waitFor();
  });
});

describe('data safety', () => {
  it('says what would be lost now, why a backup failed, and what runs', async () => {
    await open('/safety', '.points li');
    await page.getByRole('heading', { level: 1, name: '1 of 3 databases is proven restorable' }).waitFor();
    await page.getByText('pg_dump ended with 1: permission denied for table payments.').waitFor();
    await page.getByText('GRANT SELECT ON payments TO belay;').waitFor();
    await page.getByRole('progressbar').waitFor();
    await page.getByRole('button', { name: 'Back up now members' }).click();
    await expect.poll(() => server.writes.includes('POST /api/v1/safety/backups {"source":"members"}')).toBe(true);
  });

  it('restores into a copy unless one asks for more, and shows what came of it', async () => {
    await open('/safety', '.points li');
    await page.getByRole('button', { name: 'Restore… bot' }).click();
    await page.getByText('/srv/bot/data-restored.db').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Restore into a copy' }).click();
    await page.getByText('1,204,511 rows, as the manifest says').waitFor();
    expect(server.writes).toContain(`POST /api/v1/safety/backups/bot-000017-20261124T031700Z/restore {"mode":"copy"}`);
    await page.getByRole('button', { name: 'Close', exact: true }).last().click();
    await expect.poll(() => page.locator('dialog').count()).toBe(0);
  });

  it('replaces the live database only once its name is typed, after saying what is lost', async () => {
    await open('/safety', '.points li');
    await page.getByRole('button', { name: 'Restore… bot' }).click();
    await page.getByRole('radio', { name: /In place of the live database/ }).check();
    await page.getByText('The last 3 h of writes are lost.').waitFor();
    const replace = page.getByRole('button', { name: 'Replace the live database' });
    expect(await replace.isDisabled()).toBe(true);
    await page.getByLabel('Type bot to go on').fill('bot');
    await replace.click();
    await expect.poll(() => server.writes.some((write) => write.endsWith('/restore {"mode":"replace"}'))).toBe(true);
  });
});
