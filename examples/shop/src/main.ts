import { flags } from './belay.ts';
import { readSettings } from './settings.ts';
import { openWatch } from './open-watch.ts';
import { createShop } from './shop.ts';

const settings = readSettings(process.env);
const instance = process.env['BELAY_INSTANCE'] ?? 'shop';
const watch = await openWatch({ service: 'shop', instance, logs: 'logs' }, process.env);
const app = createShop(settings, flags, watch);
const url = await app.listen({ port: settings.port, host: '127.0.0.1' });

console.log(`The shop is open at ${url}`);
process.send?.({ type: 'listening', url });
process.once('SIGTERM', () => void close());
process.once('SIGINT', () => void close());
// A parent that dies without a word must not leave a shop behind.
if (process.send !== undefined) process.once('disconnect', () => void close());

async function close(): Promise<void> {
  await app.close();
  await flags.close();
  await watch.close();
  process.exit(0);
}
