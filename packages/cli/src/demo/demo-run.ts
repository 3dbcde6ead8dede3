import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RolloutView } from '@belay/protocol';
import { exitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { World } from '../run.ts';
import { demoFaults, type DemoFaultName } from './demo-fault.ts';
import { type DemoLoad, startDemoLoad } from './demo-load.ts';
import { DEMO_FLAG, demoConfig, demoFlag, demoPlan } from './demo-plan.ts';
import { demoResult, type DemoResult } from './demo-result.ts';
import { type DemoServer, startDemoServer } from './demo-server.ts';
import { startDemoShops } from './demo-shops.ts';
import type { DemoStory } from './demo-story.ts';
import { freePort } from './free-port.ts';
import { followRollout } from './follow-rollout.ts';
import { openTelemetryGate, type TelemetryGate } from './telemetry-gate.ts';
import { waitUntil } from './wait-until.ts';

export interface DemoSettings {
  readonly fault: DemoFaultName;
  readonly ratePerSecond: number;
  readonly seed: number;
  /** Undefined: 4600 where it is free, else any. */
  readonly port: number | undefined;
  readonly keepsFolder: boolean;
}

export interface Demo {
  readonly result: DemoResult;
  readonly server: DemoServer;
  readonly folder: string;
  /** Ends all children, in order, and removes the folder. */
  close(): Promise<void>;
}

/** What the demo plays in: the server, the shops behind their traffic. */
export interface DemoSetting {
  readonly server: DemoServer;
  readonly gate: TelemetryGate | undefined;
  readonly load: DemoLoad;
  readonly folder: string;
}

interface Parts {
  readonly story: DemoStory;
  readonly world: World;
  /** The dashboard can be opened now. */
  readonly onServer: (server: DemoServer) => void;
}

const INSTANCES = 3;
const USERS = 20_000;
const WARM_UP_REQUESTS = 600;
const WARM_UP_MS = 60_000;

/** Runs the whole demo up to the end of change #1. Whatever fails, no child and no folder stays behind. */
export function runDemo(settings: DemoSettings, parts: Parts): Promise<Demo> {
  return closingOnFailure((closing) => play(settings, parts, closing));
}

/** Opens the demo's server, shops and traffic without any change; for measurements. */
export function openDemoSetting(settings: DemoSettings, parts: Parts): Promise<DemoSetting & Pick<Demo, 'close'>> {
  return closingOnFailure(async (closing) => ({
    ...(await openSetting(settings, parts, closing)),
    close: closing.close,
  }));
}

async function closingOnFailure<T>(open: (closing: Closing) => Promise<T>): Promise<T> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).toReversed()) await one();
  };
  try {
    return await open({ closers, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Closing {
  readonly closers: (() => Promise<void>)[];
  readonly close: () => Promise<void>;
}

async function play(settings: DemoSettings, parts: Parts, closing: Closing): Promise<Demo> {
  const { story, world } = parts;
  const { server, gate, load, folder } = await openSetting(settings, parts, closing);
  story.tell(`Change #1: ${demoPlan.title ?? DEMO_FLAG}. ${demoFaults[settings.fault].tells}`);
  const started = await server.api.call('rolloutCreate', { body: { ...demoPlan, start: true } });
  const view = await followRollout(started, { fault: settings.fault, server, load, gate, story, world });
  const result = await measure(settings, { view, server, load });
  return { result, server, folder, close: closing.close };
}

/** Server, shops and traffic, before any change. */
async function openSetting(settings: DemoSettings, parts: Parts, { closers }: Closing): Promise<DemoSetting> {
  const { story, world } = parts;
  const folder = await makeFolder(settings, closers);
  story.tell('Starting Belay ...');
  const server = await startDemoServer({ folder, port: settings.port ?? (await freePort(4600)) });
  closers.push(() => server.stop());
  parts.onServer(server);
  const gate = settings.fault === 'blind' ? await openTelemetryGate(server.url) : undefined;
  if (gate !== undefined) closers.push(() => gate.close());

  const load = await openShops({ settings, server, gate, folder, closers });
  story.tell(`Three shops are open, ${settings.ratePerSecond} requests arrive a second.`);
  const enough = (): boolean => load.totals().oldPath >= WARM_UP_REQUESTS;
  await waitUntil(enough, { what: 'the first requests', timeoutMs: WARM_UP_MS, world });
  await waitForInstances(server, world);
  return { server, gate, load, folder };
}

async function makeFolder(settings: DemoSettings, closers: (() => Promise<void>)[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belay-demo-'));
  if (!settings.keepsFolder) closers.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await mkdir(path.join(folder, '.belay'), { recursive: true });
  await writeFile(path.join(folder, 'belay.yaml'), demoConfig);
  return folder;
}

interface ShopsWanted {
  readonly settings: DemoSettings;
  readonly server: DemoServer;
  readonly gate: TelemetryGate | undefined;
  readonly folder: string;
  readonly closers: (() => Promise<void>)[];
}

async function openShops({ settings, server, gate, folder, closers }: ShopsWanted): Promise<DemoLoad> {
  const { secret } = await server.api.call('tokenCreate', { body: { name: 'shop', scopes: ['ingest', 'evaluate'] } });
  await server.api.call('flagPut', { params: { key: DEMO_FLAG }, body: { definition: demoFlag }, ifMatch: 'absent' });
  const shops = await startDemoShops({
    folder,
    count: INSTANCES,
    seed: settings.seed,
    fault: demoFaults[settings.fault].shopFault,
    belayUrl: gate?.url ?? server.url,
    belayKey: secret,
  });
  closers.push(() => shops.stop());
  const load = await startDemoLoad(folder, {
    targets: shops.urls,
    ratePerSecond: settings.ratePerSecond,
    seed: settings.seed,
    users: USERS,
  });
  closers.push(async () => void (await load.stop()));
  return load;
}

/** A rollout that starts before the shops listen would be judged on some of them only. */
async function waitForInstances(server: DemoServer, world: World): Promise<void> {
  await waitUntil(
    async () => {
      const { items } = await server.api.call('instanceList', {});
      return items.filter(({ connected }) => connected).length >= INSTANCES;
    },
    { what: `${INSTANCES} shops to report to Belay`, timeoutMs: WARM_UP_MS, world },
  );
}

interface Ended {
  readonly view: RolloutView;
  readonly server: DemoServer;
  readonly load: DemoLoad;
}

const AFTER_UNDO_MS = 3_000;

async function measure(settings: DemoSettings, { view, server, load }: Ended): Promise<DemoResult> {
  const { api } = server;
  const undoneAt = view.endedAt === null || view.undo.ms === null ? null : view.endedAt + view.undo.ms;
  if (view.status === 'rolled-back') await new Promise((resolve) => setTimeout(resolve, AFTER_UNDO_MS));
  const exposures =
    view.status === 'rolled-back' && undoneAt !== null ? (await load.exposuresAfter(undoneAt)).exposures : null;
  const evidence = await api.call('rolloutEvidence', { params: { id: view.id } });
  const replay = await api.call('rolloutReplay', { params: { id: view.id } });
  const last = await api.call('rolloutGet', { params: { id: view.id } });
  const totals = load.totals();
  if (totals.answered === 0) throw nothingAnswered(totals.otherwise);
  return demoResult({ fault: settings.fault, view: last, evidence, replay, totals, exposuresAfterUndo: exposures });
}

function nothingAnswered(otherwise: readonly string[]): CliFailure {
  return new CliFailure({
    code: 'server.failed',
    exitCode: exitCode.failed,
    what: 'The shops answered nothing.',
    why: otherwise[0] ?? 'No request was sent.',
    fix: 'belay demo --keep   (and read shop-1.log in the folder it prints)',
  });
}
