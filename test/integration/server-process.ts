// A Belay server as a process of its own, to be killed: prints its address once it listens.
import { startServer } from '../../packages/server/src/main.ts';

const [cwd = '.'] = process.argv.slice(2);
const { url } = await startServer({ cwd, environment: {}, port: 0, logLevel: 'error' });
process.stdout.write(`${url}\n`);
