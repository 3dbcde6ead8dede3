import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';

export interface DemoShops {
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

interface Settings {
  readonly folder: string;
  readonly count: number;
  readonly seed: number;
  readonly fault: string;
  readonly belayUrl: string;
  readonly belayKey: string;
}

const START_MS = 30_000;
const SHOP_MAIN = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../../examples/shop/src/main.ts');

/** Opens the shop several times over one database, each instance in a process of its own. */
export async function startDemoShops(settings: Settings): Promise<DemoShops> {
  const instances = await Promise.all(
    Array.from({ length: settings.count }, (_, index) => startInstance(settings, index + 1)),
  );
  return {
    urls: instances.map(({ url }) => url),
    stop: async () => void (await Promise.all(instances.map(({ child }) => child.stop()))),
  };
}

async function startInstance(settings: Settings, number: number) {
  const cwd = path.join(settings.folder, `shop-${number}`);
  await mkdir(cwd, { recursive: true });
  const child = await startChild({
    name: `Shop ${number}`,
    script: SHOP_MAIN,
    environment: {
      PORT: '0',
      SHOP_DB: path.join(settings.folder, 'shop.sqlite'),
      SHOP_SEED: String(settings.seed * 1000 + number),
      SHOP_FAULT: settings.fault,
      BELAY_URL: settings.belayUrl,
      BELAY_KEY: settings.belayKey,
      BELAY_SNAPSHOT_FILE: path.join(cwd, 'flags.json'),
      BELAY_INSTANCE: `shop-${number}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: settings.belayUrl,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${settings.belayKey}`,
    },
    cwd,
    logFile: path.join(settings.folder, `shop-${number}.log`),
  });
  return { child, url: await child.first(readListening, START_MS) };
}

function readListening(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('url' in message)) return undefined;
  return typeof message.url === 'string' ? message.url : undefined;
}
