import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestedServer, type TestedServer } from '../integration/tested-server.ts';
import { axeFindings, type Browser, desktop, openBrowser, phone, sidewaysScroll } from './browser.ts';

/** Real telemetry into a real server, found again in a real browser. The tests tell one story, in order. */
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const resource = {
  attributes: [
    { key: 'service.name', value: { stringValue: 'shop' } },
    { key: 'service.version', value: { stringValue: '1.4.2' } },
  ],
};
const nanos = (at: number): string => `${at}000000`;

let server: TestedServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await startTestedServer();
  const now = Date.now();
  const sent = await Promise.all([
    server.otlp('logs', logsAt(now)),
    server.otlp('metrics', metricsAt(now)),
    server.otlp('traces', tracesAt(now)),
  ]);
  expect(sent.map((answer) => answer.status)).toEqual([200, 200, 200]);
  browser = await openBrowser(server.url);
  page = await browser.open(`${server.url}/explore/logs`, { size: desktop });
  await page.getByRole('textbox', { name: 'Token' }).fill(server.secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Logs' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

it('log lines that were sent are found, counted by level, and opened with all their fields', async () => {
  await page.locator('.lines li').nth(2).waitFor();
  await page.getByText('40 lines').waitFor();
  await page.getByRole('searchbox', { name: 'Find log lines' }).fill('refused level:error');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByText('10 lines').waitFor();
  await page.locator('.lines .line').first().click();
  await page.getByText('db.example.com').waitFor();
  expect(await axeFindings(page)).toEqual([]);
});

it('a query that cannot be read says where and what to write', async () => {
  await page.getByRole('searchbox', { name: 'Find log lines' }).fill('level:loud');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page
    .getByText(/loud.* is not a level/)
    .first()
    .waitFor();
});

it('lines are grouped by what they have in common', async () => {
  await page.goto(`${server.url}/explore/logs?show=patterns`);
  await page.locator('.patterns .gap').first().waitFor();
  await page.getByText('New').first().waitFor();
});

it('a new line shows in the live view, and a pause keeps it still', async () => {
  await page.goto(`${server.url}/explore/logs?show=tail&q=fresh`);
  await page.getByText('Waiting for the next line.').waitFor();
  await server.otlp('logs', logsAt(Date.now(), 'a fresh line'));
  await page.locator('.lines').getByText('a fresh line').first().waitFor();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByText('Paused.').waitFor();
});

it('a metric is found by its name, asked with one press, and shown as the same numbers in a table', async () => {
  await page.goto(`${server.url}/explore/metrics`);
  await page.getByRole('button', { name: /shop\.orders/ }).click();
  await page.locator('.u-over').waitFor();
  await page.getByRole('button', { name: 'Table' }).click();
  await page.locator('.tw tbody tr').first().waitFor();
});

it('a wrong query is marked at its column', async () => {
  await page.goto(`${server.url}/explore/metrics`);
  await page.getByLabel('PromQL').fill('sum(rate(x[5m])');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.locator('.query-error pre').getByText('^').waitFor();
  await page.getByText('parse error').first().waitFor();
});

it('a request is found, and opens as a waterfall that leads to its lines', async () => {
  await page.goto(`${server.url}/explore/traces`);
  await page.getByRole('link', { name: 'POST /orders' }).click();
  await page.locator('.span-row').nth(1).waitFor();
  await page.getByRole('button', { name: /SELECT stock/ }).click();
  await page.locator('.span-open').waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole('link', { name: /log lines?$/ }).click();
  await page.locator('.lines li').first().waitFor();
});

it.each([
  ['operations', 'tbody tr'],
  ['map', '.node'],
])('spans make %s', async (view, shown) => {
  await page.goto(`${server.url}/explore/traces?show=${view}`);
  await page.locator(shown).first().waitFor();
});

it.each(['/', '/signals', '/scorecards', '/explore/logs', '/explore/metrics', '/explore/traces', '/settings'])(
  '%s shows real data without findings',
  async (place) => {
    for (const size of [desktop, phone]) {
      const other = await browser.open(server.url + place, { size, dark: size === phone });
      await other.locator('h1').first().waitFor();
      await other.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      expect(await axeFindings(other)).toEqual([]);
      expect(await sidewaysScroll(other)).toBe(0);
      await other.close();
    }
  },
);

it('asks nobody but Belay, and logs no error', () => {
  expect(browser.foreign).toEqual([]);
  expect(browser.errors).toEqual([]);
});

function logsAt(now: number, text = ''): unknown {
  const logRecords = Array.from({ length: text === '' ? 40 : 1 }, (_, index) => ({
    timeUnixNano: nanos(now - index * 1000),
    severityNumber: index % 4 === 0 ? 17 : 9,
    body: {
      stringValue: text || (index % 4 === 0 ? `connection ${index} refused` : `order ${index} paid in ${index} ms`),
    },
    attributes: [{ key: 'server.address', value: { stringValue: 'db.example.com' } }],
    ...(index === 0 ? { traceId: TRACE, spanId: '00f067aa0ba902b7' } : {}),
  }));
  return { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'shop' }, logRecords }] }] };
}

function metricsAt(now: number): unknown {
  const dataPoints = Array.from({ length: 30 }, (_, index) => ({
    startTimeUnixNano: nanos(now - 600_000),
    timeUnixNano: nanos(now - (29 - index) * 15_000),
    asDouble: index * 7,
    attributes: [{ key: 'http.route', value: { stringValue: '/cart' } }],
  }));
  const metric = {
    name: 'shop.orders',
    unit: '{order}',
    description: 'Orders that were paid.',
    sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints },
  };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'shop' }, metrics: [metric] }] }] };
}

function tracesAt(now: number): unknown {
  const span = (spanId: string, parentSpanId: string, name: string, startMs: number, durationMs: number) => ({
    traceId: TRACE,
    spanId,
    parentSpanId,
    name,
    kind: parentSpanId === '' ? 2 : 3,
    startTimeUnixNano: nanos(now - 2000 + startMs),
    endTimeUnixNano: nanos(now - 2000 + startMs + durationMs),
    attributes: [],
    status: {},
  });
  const spans = [
    span('00f067aa0ba902b7', '', 'POST /orders', 0, 240),
    span('00f067aa0ba902b8', '00f067aa0ba902b7', 'SELECT stock', 20, 180),
  ];
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'shop' }, spans }] }] };
}
