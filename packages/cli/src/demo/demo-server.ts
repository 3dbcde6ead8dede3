import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Api, connect } from '../connection.ts';
import { type Child, startChild } from './child.ts';

export interface DemoServer {
  readonly url: string;
  readonly setupUrl: string | undefined;
  readonly api: Api;
  /** `kill -9`: no chance to say good-bye. */
  killNow(): Promise<void>;
  /** Starts again on the same data and the same port. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

interface Settings {
  readonly folder: string;
  readonly port: number;
}

const START_MS = 60_000;
const CLI_MAIN = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../main.ts');

/** Runs `belay server` as a user would, in a process of its own. */
export async function startDemoServer({ folder, port }: Settings): Promise<DemoServer> {
  const dataDir = path.join(folder, '.belay');
  let child = await launch(folder, port);
  const { url, setupUrl } = await child.first(readAddress, START_MS);
  const token = (await readFile(path.join(dataDir, 'cli-token'), 'utf8')).trim();
  const api = connect({ url, token }, { cwd: folder, home: folder, environment: {} });

  async function startAgain(): Promise<void> {
    child = await launch(folder, Number(new URL(url).port));
    await child.first(readAddress, START_MS);
  }
  return { url, setupUrl, api, killNow: () => child.killNow(), startAgain, stop: () => child.stop() };
}

function launch(folder: string, port: number): Promise<Child> {
  return startChild({
    name: 'The Belay server',
    script: CLI_MAIN,
    arguments: ['server', '--json', '--port', String(port), '--data', path.join(folder, '.belay')],
    environment: { NO_COLOR: '1' },
    cwd: folder,
    logFile: path.join(folder, 'server.log'),
  });
}

function readAddress(message: unknown): { url: string; setupUrl: string | undefined } | undefined {
  if (typeof message !== 'object' || message === null || !('url' in message) || typeof message.url !== 'string') {
    return undefined;
  }
  const setupUrl = 'setupUrl' in message && typeof message.setupUrl === 'string' ? message.setupUrl : undefined;
  return { url: message.url, setupUrl };
}
