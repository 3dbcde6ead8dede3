import {
  ledgerEntry,
  recordedChange,
  scorecard,
  signalAlarm,
  signalDetail,
  signalSeries,
  signalView,
} from '@belay/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLedger } from '../ledger/api.ts';
import { call, DAY, HOUR, startServer, startWorld, stopWorld, type World, writeSpans } from './signals-testbed.ts';

/** Five past noon, so that the newest slot is complete. */
const NOW = Math.floor(Date.now() / DAY) * DAY - DAY + 12 * HOUR + 330_000;
const SHIFTED = NOW - 330_000 - 30 * HOUR;
let world: World;

beforeAll(async () => {
  world = await startWorld(NOW);
  await writeSpans(world, { service: 'shop', fromMs: SHIFTED - 28 * DAY, toMs: SHIFTED, perSlot: 40, ms: 100 });
  await writeSpans(world, { service: 'shop', fromMs: SHIFTED, toMs: NOW - 30_000, perSlot: 40, ms: 110 });
  await writeSpans(world, { service: 'new', fromMs: NOW - 2 * DAY, toMs: NOW - 30_000, perSlot: 10, ms: 20 });
  await world.server.signals.evaluate();
}, 180_000);
afterAll(() => stopWorld(world));

async function list(query = '') {
  const { body } = await call(world, 'GET', `/api/v1/signals?limit=200${query}`);
  return signalView.array().parse(body['items']);
}

async function detail(id: string) {
  return signalDetail.parse((await call(world, 'GET', `/api/v1/signals/${id}`)).body);
}

test('a starter set appears by itself for every service, and for all together', async () => {
  const ids = (await list()).map(({ id }) => id).toSorted();
  const names = ['errors', 'latency-p50', 'latency-p95', 'latency-p99', 'traffic'];
  expect(ids).toEqual(['all', 'new', 'shop'].flatMap((service) => names.map((name) => `${service}.${name}`)));
});

test('a drift of 10% is found, told once, and shown first', async () => {
  const [first] = await list('&service=shop');
  expect(first).toMatchObject({ verdict: 'higher', tone: 'bad', word: 'Higher than usual', service: 'shop' });
  const p50 = await detail('shop.latency-p50');
  expect(p50.sentence).toMatch(/^About \d+(\.\d)?% higher than usual for .*: 11\d ms now; usual at this hour is/);
  const { alarm } = p50;
  expect(alarm?.direction).toBe('higher');
  expect(alarm?.sense).toBe('worse');
  expect(alarm?.deviation).toBeGreaterThan(0.05);
  expect(alarm?.deviation).toBeLessThan(0.16);
  expect(Math.abs((alarm?.startedAt ?? 0) - SHIFTED)).toBeLessThan(12 * HOUR);
  expect(p50.resolvable?.text).toMatch(
    /^2% requested; this signal resolves \d+(\.\d)?% within a day, \d+(\.\d)?% within 6 h$/,
  );
  const { items } = await readLedger(world.server.db, { limit: 50, kind: 'alarm' });
  const told = ledgerEntry
    .array()
    .parse(items)
    .filter(({ details }) => details['signalId'] === 'shop.latency-p50');
  expect(told).toHaveLength(1);
  expect(world.events.filter((event) => event.type === 'alarm' && event.signalId === 'shop.latency-p50')).toHaveLength(
    1,
  );
});

test('what did not change is usual: failures and traffic raise nothing', async () => {
  expect((await detail('shop.traffic')).verdict).toBe('usual');
  expect((await detail('shop.errors')).verdict).toBe('usual');
  expect((await detail('shop.errors')).alarms).toEqual([]);
});

test('a service of two days is learning, with a first band and no alarm', async () => {
  const signal = await detail('new.latency-p95');
  expect(signal).toMatchObject({ verdict: 'learning', alarm: null, resolvable: null, word: 'Learning' });
  expect(signal.usual).not.toBeNull();
  expect(signal.baseline).toContain('No alarm before two weeks.');
});

test('the chart has the band for every point, gaps as gaps, and leaves the episode out of the baseline', async () => {
  const address = `/api/v1/signals/shop.latency-p50/series?from=${NOW - 3 * DAY}&to=${NOW}`;
  const series = signalSeries.parse((await call(world, 'GET', address)).body);
  expect(series.points.length).toBeLessThanOrEqual(600);
  expect(series.points.every(({ low, high }) => low !== null && high !== null && low < high)).toBe(true);
  expect(series.points.at(-4)?.excluded).toBe(true);
  expect(series.points[0]?.excluded).toBe(false);
  expect(series.alarms).toHaveLength(1);
  const before = `/api/v1/signals/new.latency-p95/series?from=${NOW - 4 * DAY}&to=${NOW}`;
  const young = signalSeries.parse((await call(world, 'GET', before)).body);
  expect(young.points[0]?.value).toBeNull();
  expect(young.points.at(-3)?.value).not.toBeNull();
});

test('evaluating again, also after a restart, changes and tells nothing', async () => {
  const before = {
    signals: await list(),
    alarms: (await call(world, 'GET', '/api/v1/alarms')).body,
    told: world.events.length,
  };
  await world.server.signals.evaluate();
  await world.server.close();
  world.server = await startServer(world);
  await world.server.signals.evaluate();
  expect(await list()).toEqual(before.signals);
  expect((await call(world, 'GET', '/api/v1/alarms')).body).toEqual(before.alarms);
  expect(world.events.filter(({ type }) => type !== 'signals').length).toBe(before.told - 1);
});

test('a recorded deploy is marked, judged at its horizons, and suspected', async () => {
  const at = NOW - 20 * DAY;
  const refused = await call(world, 'POST', '/api/v1/changes/record', { kind: 'deploy', title: 'x', at: NOW + DAY });
  expect(refused).toMatchObject({ status: 422, body: { code: 'request.invalid' } });
  const body = { kind: 'deploy', service: 'shop', title: 'Cart 2', version: '2.0.0', at: SHIFTED };
  const { status, body: made } = await call(world, 'POST', '/api/v1/changes/record', body);
  expect(status).toBe(201);
  const harmless = await call(world, 'POST', '/api/v1/changes/record', { ...body, title: 'Cart 1', at });
  const young = await call(world, 'POST', '/api/v1/changes/record', {
    ...body,
    service: 'new',
    title: 'First',
    at: NOW - 2 * HOUR,
  });
  await world.server.signals.evaluate();
  const read = async (id: unknown) =>
    recordedChange.parse((await call(world, 'GET', `/api/v1/changes/recorded/${String(id)}`)).body);
  const judged = await read(made['id']);
  expect(judged.verdict).toMatchObject({ state: 'worse', word: 'Worse', minutes: 60 });
  expect(judged.verdict.sentence).toMatch(/Response time, .*: about \d+(\.\d)?% higher after \d+ min/);
  expect(judged.effects.find(({ signalId }) => signalId === 'shop.traffic')?.state).toBe('no-change');
  expect((await read(young.body['id'])).verdict).toMatchObject({ state: 'too-little-history' });
  expect((await read(harmless.body['id'])).verdict.state).not.toBe('worse');
  const marks = (await call(world, 'GET', `/api/v1/changes/marks?from=${SHIFTED - HOUR}&to=${NOW}&service=shop`)).body;
  expect(marks['items']).toMatchObject([{ kind: 'deploy', title: 'Cart 2', tone: 'bad', version: '2.0.0' }]);
});

test('a new service.version is noticed as a deploy, unless it was announced', async () => {
  const second = Math.floor(NOW / 1000);
  const seen = (version: string, service: string) =>
    world.engine.client.command({
      query: `INSERT INTO resources (res_id, service, instance, version, seen)
        SELECT cityHash64('${service}${version}'), '${service}', 'a', '${version}', toDateTime(${second}, 'UTC')`,
    });
  await seen('1.0.0', 'till');
  await world.server.signals.evaluate();
  await seen('1.1.0', 'till');
  await world.server.signals.evaluate();
  await world.server.signals.evaluate();
  const { body } = await call(world, 'GET', '/api/v1/changes/recorded?service=till');
  expect(body['items']).toMatchObject([{ kind: 'deploy', title: 'till 1.1.0', version: '1.1.0', detected: true }]);
});

test('a scorecard tells target, trend and the error budget over 7, 28 and 90 days', async () => {
  const input = {
    title: 'Failed requests',
    kind: 'ratio',
    from: { type: 'spans', service: 'shop' },
    dimension: 'quality',
    target: '2%',
    owner: 'payments',
  };
  const before = await call(world, 'GET', '/api/v1/signals/shop.errors');
  const put = await call(world, 'PUT', '/api/v1/signals/shop.errors', input, { 'if-match': before.etag ?? '' });
  expect(put).toMatchObject({ status: 200, body: { origin: 'api', target: 2, owner: 'payments', verdict: 'usual' } });
  const latency = {
    title: 'p95',
    kind: 'quantile',
    quantile: 0.95,
    from: { type: 'spans', service: 'shop' },
    dimension: 'latency',
    target: '60ms',
  };
  await call(world, 'PUT', '/api/v1/signals/shop.promise', latency, { 'if-none-match': '*' });
  await world.server.signals.evaluate();
  const card = scorecard.parse((await call(world, 'GET', '/api/v1/scorecards/shop')).body);
  expect(card).toMatchObject({
    service: 'shop',
    owners: ['payments'],
    headline: '1 of 2 promises broken over 28 days.',
  });
  const errors = card.rows.find(({ signalId }) => signalId === 'shop.errors');
  const [week, month, quarter] = errors?.slo ?? [];
  expect(week?.performance).toBeGreaterThan(0.985);
  expect(week?.budgetLeft).toBeGreaterThan(0.3);
  expect(week?.budgetLeft).toBeLessThan(0.7);
  expect(month?.coverage).toBeGreaterThan(0.95);
  expect(quarter?.coverage).toBeLessThan(0.4);
  expect(errors?.trend.direction).toBe('flat');
  expect(card.rows.find(({ signalId }) => signalId === 'shop.promise')?.slo[1]?.budgetLeft).toBeLessThan(-90);
  expect((await call(world, 'GET', '/api/v1/scorecards/nobody')).status).toBe(404);
});

test('accepting an alarm ends it, and the new level is usual at once', async () => {
  const { alarm } = await detail('shop.latency-p50');
  const accepted = await call(world, 'POST', `/api/v1/alarms/${alarm?.id}/accept`, { reason: 'bigger carts' });
  expect(signalAlarm.parse(accepted.body)).toMatchObject({ ending: 'accepted' });
  const after = await detail('shop.latency-p50');
  expect(after.verdict).toBe('usual');
  expect(after.usual?.expected).toBeGreaterThan((after.current?.value ?? 0) * 0.95);
  expect((await call(world, 'POST', `/api/v1/alarms/${alarm?.id}/accept`, {})).body['code']).toBe('alarm.over');
  expect((await call(world, 'POST', '/api/v1/alarms/alm_x/accept', {})).status).toBe(404);
});

test('a deleted starter signal stays away, and its alarm ends with it', async () => {
  const before = await call(world, 'GET', '/api/v1/signals/shop.latency-p99');
  expect((await call(world, 'DELETE', '/api/v1/signals/shop.latency-p99')).status).toBe(428);
  expect(
    (await call(world, 'DELETE', '/api/v1/signals/shop.latency-p99', undefined, { 'if-match': '"77"' })).status,
  ).toBe(412);
  await call(world, 'DELETE', '/api/v1/signals/shop.latency-p99', undefined, { 'if-match': before.etag ?? '' });
  await world.server.signals.evaluate();
  expect((await call(world, 'GET', '/api/v1/signals/shop.latency-p99')).status).toBe(404);
  expect((await call(world, 'GET', '/api/v1/alarms?signal=shop.latency-p99&state=open')).body['items']).toEqual([]);
});

test('a change told before the first signal of its service gets its verdict once there is one', async () => {
  const at = NOW - 330_000 - 2 * DAY;
  const told = { kind: 'config', service: 'late', title: 'Smaller pool', at };
  const { body: made } = await call(world, 'POST', '/api/v1/changes/record', told);
  const read = async () =>
    recordedChange.parse((await call(world, 'GET', `/api/v1/changes/recorded/${String(made['id'])}`)).body);
  await world.server.signals.evaluate();
  expect(await read()).toMatchObject({ verdict: { state: 'no-data' }, effects: [] });
  const spans = { service: 'late', perSlot: 12, ms: 50 };
  await writeSpans(world, { ...spans, fromMs: at - 14 * DAY, toMs: at });
  await writeSpans(world, { ...spans, fromMs: at, toMs: NOW - 30_000, ms: 100 });
  await world.server.signals.evaluate();
  expect((await read()).verdict).toMatchObject({ state: 'worse', minutes: 60 });
  expect((await detail('late.latency-p50')).alarms[0]?.suspects).toMatchObject([{ changeId: made['id'] }]);
});

test('when the service falls silent its signals say so', async () => {
  world.clock.set(NOW + HOUR);
  await world.server.signals.evaluate();
  expect(await detail('shop.traffic')).toMatchObject({ verdict: 'no-data', current: null, tone: 'wait' });
});
