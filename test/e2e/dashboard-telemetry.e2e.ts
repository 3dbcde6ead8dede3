import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings, type Browser, desktop, openBrowser, phone, sidewaysScroll, smallest } from './browser.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';
import { traceIdOf } from './fixtures/explorer-fixtures.ts';

const trace = `/explore/traces/${traceIdOf(7)}`;
/** Where it stands, and what shows that it is there. */
const places = [
  ['signals', '/signals', '.siglist li'],
  ['a signal', '/signals/chat-api.latency-p95', '.u-over'],
  ['a signal as a table', '/signals/chat-api.latency-p95?view=table', '.tw table'],
  ['scorecards', '/scorecards', '.scorecard'],
  ['metrics', '/explore/metrics?query=up', '.u-over'],
  ['logs', '/explore/logs', '.u-over'],
  ['patterns', '/explore/logs?show=patterns', '.patterns li'],
  ['traces', '/explore/traces', '.traces li'],
  ['a trace', `${trace}?span=b3`, '.span-open'],
  ['operations', '/explore/traces?show=operations', 'tbody tr'],
  ['the service map', '/explore/traces?show=map', '.node'],
  ['the service map as a table', '/explore/traces?show=map&view=table', 'tbody tr'],
  ['statements', '/explore/traces?show=statements', '.statements li'],
  ['both paths compared', '/explore/traces?show=compare&rollout=chg_482', 'tbody tr'],
  ['errors', '/errors?open=iss_1', '.evidence'],
  ['an error', '/errors/iss_2', '.evidence'],
] as const;

const looks = [
  ['1440 px, light', desktop, false],
  ['1440 px, dark', desktop, true],
  ['390 px, light', phone, false],
  ['390 px, dark', phone, true],
] as const;

const forbiddenWords = /p-value|significan|canary|treatment|\bSRM\b|\balpha\b/i;

let server: FixtureServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await startFixtureServer();
  browser = await openBrowser(server.url);
});
afterEach(async () => {
  server.set({ isEmpty: false, failing: null, resolved: new Set() });
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
    expect(await page.locator('body').innerText()).not.toMatch(forbiddenWords);
  });
});

it.each(places)('%s fits into 320 px', async (_name, path, ready) => {
  await open(path, ready, smallest);
  expect(await sidewaysScroll(page)).toBe(0);
});

describe('time', () => {
  it('is chosen once and goes along from tab to tab; the address keeps it', async () => {
    await open('/explore/metrics?query=up', '.u-over');
    await page.getByRole('button', { name: 'Time range: Last hour' }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Last 6 hours' }).click();
    await page.getByRole('link', { name: 'Logs' }).click();
    await page.getByRole('button', { name: 'Time range: Last 6 hours' }).waitFor();
    expect(page.url()).toContain('last=6h');
    await page.reload();
    await page.getByRole('button', { name: 'Time range: Last 6 hours' }).waitFor();
  });

  it('takes two moments in local time, refuses an end before the start, and stops moving on', async () => {
    await open('/explore/logs', '.lines li');
    await page.getByRole('button', { name: 'Time range: Last hour' }).click();
    await page.getByLabel('From').fill('2026-11-24T10:00');
    await page.getByLabel('To', { exact: true }).fill('2026-11-24T09:00');
    await page.getByText('The end must come after the start.').waitFor();
    await page.getByLabel('To', { exact: true }).fill('2026-11-24T10:30');
    await page.getByRole('button', { name: 'Show this time' }).click();
    // Berlin is an hour ahead of UTC in November.
    await page.waitForURL(/from=1795510800000&to=1795512600000/);
    expect(await page.getByRole('button', { name: 'Live, press to pause' }).count()).toBe(0);
  });

  it('is narrowed by a drag over a chart', async () => {
    await open('/explore/logs', '.u-over');
    const box = await page.locator('.u-over').boundingBox();
    if (box === null) throw new Error('The chart has no size');
    await page.mouse.move(box.x + box.width * 0.4, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 22, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=\d+&to=\d+/);
    const search = new URL(page.url()).searchParams;
    const span = Number(search.get('to')) - Number(search.get('from'));
    expect(span).toBeGreaterThan(10 * 60_000);
    expect(span).toBeLessThan(14 * 60_000);
  });
});

describe('charts', () => {
  it('are read with the arrow keys, and keep their height while they load', async () => {
    await open('/signals/chat-api.latency-p95', '.u-over');
    const chart = page.getByRole('group', { name: /Response time, p95 over time/ });
    await chart.focus();
    await page.keyboard.press('End');
    await page.locator('.tread').getByText(/ms$/).first().waitFor();
    await page.keyboard.press('ArrowLeft');
    await page
      .locator('.tread')
      .getByText(/usual .* to/)
      .waitFor();
  });

  it('show the same numbers as a table, with the changes', async () => {
    await open('/signals/chat-api.latency-p95', '.u-over');
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('columnheader', { name: 'usual' }).waitFor();
    await page.getByRole('cell', { name: /API 2.31.0/ }).waitFor();
    expect(page.url()).toContain('view=table');
  });
});

describe('signals', () => {
  it('are found by words, opened with the keyboard, and say what changed', async () => {
    await open('/signals', '.siglist li');
    await page.keyboard.press('/');
    await page.keyboard.type('response');
    await page.locator('.siglist li').nth(1).waitFor({ state: 'detached' });
    await page.keyboard.press('Tab');
    await page.getByRole('link', { name: 'Response time, p95' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Response time, p95' }).waitFor();
    await page.getByText('2% requested; this signal resolves 5.2% within a day').waitFor();
    await page.getByText('shortly before it began').waitFor();
  });

  it('are made and tried before they are kept', async () => {
    await open('/signals', '.siglist li');
    await page.getByRole('button', { name: 'New signal' }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByLabel('Id', { exact: true }).fill('shop.errors');
    await page.getByRole('button', { name: 'Try it on the last 24 hours' }).click();
    await page.getByText('288 values between').waitFor();
    await page.getByRole('button', { name: 'Create' }).click();
    await page.waitForURL(/\/signals\//);
    expect(server.writes.at(-1)).toMatch(/^PUT \/api\/v1\/signals\/shop\.errors .*"kind":"ratio"/);
  });
});

describe('errors', () => {
  it('are walked, opened, selected and resolved by the keyboard alone, and a slip is undone', async () => {
    await open('/errors', '.issues-list li');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.locator('.evidence').getByText('src/checkout.ts:41').first().waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('x');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByText('2 errors selected').waitFor();
    await page.keyboard.press('e');
    await page.getByText('Resolved 2 errors.').waitFor();
    await page.locator('[data-issue=iss_1]').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.closest('[data-issue]') !== null)).toBe(true);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.locator('[data-issue=iss_1]').waitFor();
    expect(server.writes.filter((write) => write.includes('"reopen"'))).toHaveLength(2);
  });

  it('show our own lines first and those of libraries on request', async () => {
    await open('/errors/iss_2', '.evidence');
    expect(await page.getByText('node_modules/fastify/lib/route.js').count()).toBe(0);
    await page.getByRole('button', { name: 'Show 2 more lines of libraries' }).click();
    await page.getByText('node_modules/fastify/lib/route.js:402').waitFor();
    await page.getByRole('link', { name: 'Show the whole request' }).click();
    await page.getByRole('heading', { level: 1, name: 'POST /chat' }).waitFor();
  });

  it('of the new path alone stand on the change, and lead to what was compared', async () => {
    await open('/changes/chg_482', '.np li');
    await page.getByRole('link', { name: 'Compare requests of both paths' }).click();
    await page.getByText('Requests of the new path are 58 ms faster').waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Errors since #482' }).click();
    await page.getByRole('button', { name: /Since change/ }).waitFor();
  });
});

describe('logs and traces', () => {
  it('a line opens in place; its fields filter, and it leads to its request', async () => {
    await open('/explore/logs', '.lines li');
    await page.locator('.lines .line').first().click();
    await page.getByRole('button', { name: 'filter by this http.route' }).click();
    await page.waitForURL(/q=http\.route/);
    expect(await page.getByRole('searchbox', { name: 'Find log lines' }).inputValue()).toBe('http.route:/chat');
    await page.getByRole('button', { name: 'Lines around it' }).click();
    await page.locator('.around .lines li[aria-current]').waitFor();
    await page.getByRole('link', { name: 'Show the whole request' }).click();
    await page.locator('.waterfall').waitFor();
  });

  it('explains its language', async () => {
    await open('/explore/logs', '.lines li');
    await page.getByRole('button', { name: 'How to search' }).click();
    await page.getByText('this level or a more severe one').waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  it('a waterfall folds', async () => {
    await open(trace, '.span-row');
    const before = await page.locator('.span-row').count();
    await page.getByRole('button', { name: 'Fold find similar answers' }).click();
    await page.getByText('+6').waitFor();
    expect(await page.locator('.span-row').count()).toBe(before - 6);
  });
});

describe('metrics', () => {
  it('are found and asked with one press; others are suggested', async () => {
    await open('/explore/metrics', '.catalogue li');
    await page.getByRole('button', { name: /http.server.request.duration/ }).click();
    await page.locator('.u-over').waitFor();
    await page.getByRole('button', { name: 'Per second' }).click();
    await page.waitForURL(/rate/);
  });
});

describe('when there is nothing, or something fails', () => {
  it.each(['/signals', '/explore/metrics', '/explore/logs', '/explore/traces'])(
    '%s says how to connect a service, with the address of this Belay',
    async (path) => {
      server.set({ isEmpty: true });
      await open(path);
      await page.getByText(`OTEL_EXPORTER_OTLP_ENDPOINT=${server.url}`).waitFor();
      expect(await axeFindings(page)).toEqual([]);
    },
  );

  it('an empty list of errors says what would fill it', async () => {
    server.set({ isEmpty: true });
    await open('/errors');
    await page.getByText('Nothing broke in this time').waitFor();
    await page.getByText('SENTRY_DSN=http://<key>@').waitFor();
  });

  it.each([
    ['/signals', '/signals', 'what services send is still stored'],
    ['/errors', '/errors', 'What services report is still stored'],
    ['/explore/logs', '/logs', 'What services write is still stored'],
    [trace, '/traces', 'Its figures stay in metrics'],
  ])('%s says what failed, what still works, and offers another try', async (path, failing, works) => {
    server.set({ failing });
    await open(path);
    await page.getByText(works).first().waitFor();
    await page.getByText('req_fixture').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    server.set({ failing: null });
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.getByText(works).first().waitFor({ state: 'detached' });
  });
});

it('asks nobody but Belay, and logs no error', async () => {
  await open('/signals');
  expect(browser.foreign).toEqual([]);
  expect(browser.errors).toEqual([]);
});
