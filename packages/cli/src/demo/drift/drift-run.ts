import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RecordedChange, SignalDetail } from '@belay/protocol';
import type { Api } from '../../connection.ts';
import type { World } from '../../run.ts';
import { type DemoServer, startDemoServer } from '../demo-server.ts';
import type { DemoStory } from '../demo-story.ts';
import { freePort } from '../free-port.ts';
import { interrupted, waitUntil } from '../wait-until.ts';
import { type DriftResult, driftSeen } from './drift-result.ts';
import { type Destination, sendRequests } from './send-requests.ts';
import { createShopHistory, type ShopRequest, SLOT_MS } from './shop-history.ts';

export interface DriftSettings {
  readonly seed: number;
  readonly port: number | undefined;
  readonly keepsFolder: boolean;
}

export interface DriftDemo {
  readonly result: DriftResult;
  readonly server: DemoServer;
  readonly folder: string;
  /** Sends what the shop has done since, so that the signals stay alive. */
  goOn(): Promise<void>;
  close(): Promise<void>;
}

interface Parts {
  readonly story: DemoStory;
  readonly world: World;
  readonly onServer: (server: DemoServer) => void;
}

const DAY_MS = 86_400_000;
const WEEKS_BEFORE = 4;
const DAYS_AFTER = 4;
const SLOWER = 0.05;
const SPANS_A_REQUEST = 8_000;
const LEARN_MS = 180_000;
const SIGNAL = 'shop.latency-p50';
/** Signals that appeared while the history is on its way would learn from its first half only. */
const WHILE_SENDING = 'signal_settings:\n  starter: false\n';

/** Four weeks of a shop, a change that makes it 5% slower, four days more; then what Belay makes of it. */
export async function runDriftDemo(settings: DriftSettings, parts: Parts): Promise<DriftDemo> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).toReversed()) await one();
  };
  try {
    return { ...(await play(settings, parts, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function play(
  settings: DriftSettings,
  { story, world, onServer }: Parts,
  closers: (() => Promise<void>)[],
): Promise<Omit<DriftDemo, 'close'>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belay-drift-'));
  if (!settings.keepsFolder) closers.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await mkdir(path.join(folder, '.belay'), { recursive: true });
  await writeFile(path.join(folder, 'belay.yaml'), WHILE_SENDING);
  story.tell('Starting Belay ...');
  const server = await startDemoServer({ folder, port: settings.port ?? (await freePort(4600)) });
  closers.push(() => server.stop());
  const { secret } = await server.api.call('tokenCreate', { body: { name: 'shop', scopes: ['ingest'] } });
  const shop = openShop(settings.seed, { url: server.url, key: secret }, world);

  story.tell(
    `The shop sends what it did in the last ${WEEKS_BEFORE * 7 + DAYS_AFTER} days: OTLP over HTTP, each span with its own time.`,
  );
  const sendingSince = world.clock.now();
  await shop.catchUp();
  const secondsToSend = (world.clock.now() - sendingSince) / 1000;
  story.tell(
    `  ${shop.spans().toLocaleString('en')} spans are stored. Now somebody tells of a change of four days ago:`,
  );
  const change = await recordChange(server.api, shop.changedAt);
  story.tell(
    `  belay change record --kind config --service shop --title '${change.title}' --at ${new Date(change.at).toISOString()}`,
  );

  story.tell('Belay learns what is usual from what is stored ...');
  const learningSince = world.clock.now();
  await server.stop();
  await writeFile(path.join(folder, 'belay.yaml'), '');
  await server.startAgain();
  onServer(server);
  const seen = await waitForVerdicts(server.api, change, world);
  const result: DriftResult = {
    story: 'drift',
    seed: settings.seed,
    spans: shop.spans(),
    weeksBefore: WEEKS_BEFORE,
    injected: SLOWER,
    ...driftSeen(seen),
    secondsToSend,
    secondsToLearn: (world.clock.now() - learningSince) / 1000,
    url: `${server.url}/signals/${SIGNAL}`,
    folder,
  };
  return { result, server, folder, goOn: shop.catchUp };
}

/** The shop, and how far it has told what it did. */
function openShop(seed: number, destination: Destination, world: World) {
  const slotOf = (at: number): number => Math.floor(at / SLOT_MS) * SLOT_MS;
  const changedAt = slotOf(world.clock.now()) - DAYS_AFTER * DAY_MS;
  let told = changedAt - WEEKS_BEFORE * 7 * DAY_MS;
  let spans = 0;
  const history = createShopHistory({ seed, from: told, changedAt, slower: SLOWER });
  async function catchUp(): Promise<void> {
    let waiting: ShopRequest[] = [];
    const send = async (): Promise<void> => {
      if (waiting.length === 0) return;
      await sendRequests(waiting, destination);
      spans += waiting.length;
      waiting = [];
    };
    for (; told + SLOT_MS <= world.clock.now(); told += SLOT_MS) {
      if (world.interrupted.aborted) throw interrupted();
      waiting.push(...history.next());
      if (waiting.length >= SPANS_A_REQUEST) await send();
    }
    await send();
  }
  return { changedAt, catchUp, spans: () => spans };
}

function recordChange(api: Api, at: number): Promise<RecordedChange> {
  return api.call('changeRecord', {
    body: { kind: 'config', service: 'shop', title: 'Smaller connection pool', at },
  });
}

/** Until the signal is brought up to now, and the change has the verdict of its first hour. */
async function waitForVerdicts(
  api: Api,
  { id }: RecordedChange,
  world: World,
): Promise<{ readonly signal: SignalDetail; readonly change: RecordedChange }> {
  let seen: { signal: SignalDetail; change: RecordedChange } | undefined;
  await waitUntil(
    async () => {
      const change = await api.call('changeRecordedGet', { params: { id } });
      if (change.effects.length === 0) return false;
      seen = { change, signal: await signalOnce(api) };
      return seen.signal.current !== null;
    },
    { what: 'Belay to learn what is usual', timeoutMs: LEARN_MS, world },
  );
  if (seen === undefined) throw interrupted();
  return seen;
}

async function signalOnce(api: Api): Promise<SignalDetail> {
  return api.call('signalGet', { params: { id: SIGNAL } });
}
