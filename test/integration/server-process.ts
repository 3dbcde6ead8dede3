// A Belay server as a process of its own, to be killed or listened to: prints its address once it listens, then the
// address to set it up.
import { startServer } from '../../packages/server/src/main.ts';

const [cwd = '.'] = process.argv.slice(2);
const environment = { BELAY_LOG_LEVEL: process.env['BELAY_LOG_LEVEL'] ?? 'error' };
const { url, setupUrl = '' } = await startServer({ cwd, environment, port: 0 });
process.stdout.write(`${url}\n${setupUrl}\n`);
