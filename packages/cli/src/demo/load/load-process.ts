// Runs in a process of its own, so that the demo's printing never delays an arrival.
import { createLoadGenerator } from './load-generator.ts';
import type { LoadCommand, LoadReport, LoadSettings } from './load-message.ts';
import { createShopClient } from './shop-client.ts';

const DRAIN_MS = 5_000;
const client = createShopClient();
const load = createLoadGenerator({
  settings: readSettings(process.argv[2]),
  startMs: Date.now(),
  clock: { now: () => Date.now() },
  send: (target, request) => client.send(target, request),
});

let timer = setTimeout(tick, 0);
const reporter = setInterval(() => report({ type: 'totals', totals: load.totals() }), 500);
process.on('message', (command: LoadCommand) => void obey(command));
process.once('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the demo tells when to stop.
process.on('SIGINT', () => undefined);
report({ type: 'ready' });

function tick(): void {
  const nextAt = load.advance(Date.now());
  timer = setTimeout(tick, Math.max(0, nextAt - Date.now()));
}

async function obey(command: LoadCommand): Promise<void> {
  if (command.type === 'noisy') load.addNoisyUser(command.user, command.ratePerSecond, Date.now());
  if (command.type === 'count') report({ type: 'counted', id: command.id, ...load.exposuresAfter(command.sentAfter) });
  if (command.type === 'stop') await stop();
}

async function stop(): Promise<void> {
  clearTimeout(timer);
  clearInterval(reporter);
  const deadline = Date.now() + DRAIN_MS;
  while (load.waiting > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  report({ type: 'stopped', totals: load.totals() });
  client.close();
  process.disconnect?.();
}

function report(message: LoadReport): void {
  if (process.connected) process.send?.(message);
}

function readSettings(text: string | undefined): LoadSettings {
  return JSON.parse(text ?? '');
}
