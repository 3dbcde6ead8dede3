import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
import type { LoadCommand, LoadReport, LoadSettings, LoadTotals } from './load/load-message.ts';

export interface DemoLoad {
  /** What users have seen until half a second ago. */
  totals(): LoadTotals;
  /** Requests of the new path sent after a moment (Unix milliseconds). */
  exposuresAfter(sentAfter: number): Promise<{ exposures: number; lastSentAt: number | null }>;
  addNoisyUser(user: string, ratePerSecond: number): void;
  /** Waits for the answers that are still out, and ends. */
  stop(): Promise<LoadTotals>;
}

const START_MS = 15_000;
const STOP_MS = 20_000;
const COUNT_MS = 10_000;
const SCRIPT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), 'load/load-process.ts');

/** Starts the load generator in a process of its own. */
export async function startDemoLoad(folder: string, settings: LoadSettings): Promise<DemoLoad> {
  const child = await startChild({
    name: 'The load generator',
    script: SCRIPT,
    arguments: [JSON.stringify(settings)],
    cwd: folder,
    logFile: path.join(folder, 'load.log'),
  });
  let latest: LoadTotals | undefined;
  let stopped: Promise<LoadTotals> | undefined;
  let nextId = 0;
  child.process.on('message', (report: LoadReport) => {
    if (report.type === 'totals' || report.type === 'stopped') latest = report.totals;
  });
  const tell = (command: LoadCommand): void => void child.process.send(command);
  await child.first((message) => reportOf(message, 'totals'), START_MS);

  async function exposuresAfter(sentAfter: number) {
    const id = nextId++;
    tell({ type: 'count', id, sentAfter });
    return child.first((message) => {
      const counted = reportOf(message, 'counted');
      return counted?.id === id ? counted : undefined;
    }, COUNT_MS);
  }

  async function stop(): Promise<LoadTotals> {
    stopped ??= (async () => {
      if (child.process.exitCode !== null || !child.process.connected) return totals();
      tell({ type: 'stop' });
      const { totals: last } = await child.first((message) => reportOf(message, 'stopped'), STOP_MS);
      await child.stop();
      return last;
    })();
    return stopped;
  }

  function totals(): LoadTotals {
    return latest ?? NOTHING;
  }
  return {
    totals,
    exposuresAfter,
    addNoisyUser: (user, ratePerSecond) => tell({ type: 'noisy', user, ratePerSecond }),
    stop,
  };
}

const NOTHING: LoadTotals = {
  sent: 0,
  answered: 0,
  failedByShop: 0,
  failedOtherwise: 0,
  otherwise: [],
  newPath: 0,
  newPathFailed: 0,
  oldPath: 0,
  oldPathFailed: 0,
};

function reportOf<T extends LoadReport['type']>(
  message: unknown,
  type: T,
): Extract<LoadReport, { type: T }> | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message) || message.type !== type)
    return undefined;
  // Both ends of the channel are ours and share the type.
  return message as Extract<LoadReport, { type: T }>;
}
