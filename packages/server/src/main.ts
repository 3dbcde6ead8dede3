import path from 'node:path';
import { BelayError } from '@belay/core';
import type { Composing, StartOptions } from './composition/composing.ts';
import { createFeatures } from './composition/features.ts';
import { createOpened } from './composition/opened.ts';
import { openStorage } from './composition/storage.ts';
import { loadConfig } from './config.ts';
import type { Config } from './config.ts';
import { createBus } from './platform/bus/bus.ts';
import { systemClock } from './platform/clock/clock.ts';
import { writeFileAtomically } from './platform/files/write-file-atomically.ts';
import { dashboardPage, hasDashboard, serveDashboard } from './platform/http/dashboard-files.ts';
import { createHttpServer } from './platform/http/http-server.ts';
import { createLog } from './platform/log/log.ts';
import { version } from './version.ts';

export type { StartOptions } from './composition/composing.ts';

export interface RunningServer {
  readonly url: string;
  /** To be opened once; `undefined` when Belay is set up. Its fragment is a secret: print it, never log it. */
  readonly setupUrl: string | undefined;
  /** Ends streams, finishes requests, stores what waits, and lets go of the data folder. */
  close(): Promise<void>;
}

const DASHBOARD = path.resolve(import.meta.dirname, '../../web/dist');

/** The composition root: opens everything in order, and closes it in reverse when a step fails or at the end. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const loaded = loadConfig({
    cwd: options.cwd,
    environment: options.environment,
    file: options.configFile,
    overrides: {
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.dataDir === undefined ? {} : { data: options.dataDir }),
    },
  });
  const log = createLog({ level: options.logLevel ?? loaded.config.server.logLevel });
  const opened = createOpened(log);
  try {
    return await compose({ options, loaded, log, opened, clock: systemClock });
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function compose(composing: Composing): Promise<RunningServer> {
  const { loaded, log, opened, clock } = composing;
  const { server } = loaded.config;
  const db = await openStorage(composing);
  const bus = createBus({
    // Grows over restarts, so that a reader's last id of an earlier process is recognised as too old.
    firstId: clock.now() * 1000,
    onListenerError: (err) => log.error({ err }, 'a listener of live events failed'),
  });
  const features = await createFeatures(composing, db, bus);
  const { access } = features;
  const app = createHttpServer({
    log,
    clock,
    authenticate: access.authenticate,
    requestsPerMinute: server.requestsPerMinute,
    validatesResponses: composing.options.validatesResponses ?? false,
    fallback: (request, reply) => dashboardPage(DASHBOARD, request, reply),
  });
  for (const routes of features.routes) await app.register(async (scoped) => routes(scoped));
  if (hasDashboard(DASHBOARD)) await serveDashboard(app, DASHBOARD);
  else log.warn({ folder: DASHBOARD }, 'the dashboard is not built: run "npm run build"');
  opened.add(() => app.close());
  opened.add(async () => features.endStreams());
  await features.start();
  const url = await listen(() => app.listen({ host: server.host, port: server.port }), server);
  await writeFileAtomically(path.join(server.dataDir, 'url'), `${url}\n`);
  log.info({ url, data: server.dataDir, version }, 'Belay is running');
  const base = server.publicUrl ?? url;
  return {
    url,
    setupUrl: access.setupToken === undefined ? undefined : `${base}/setup#token=${access.setupToken}`,
    close: () => opened.close(),
  };
}

async function listen(start: () => Promise<string>, { host, port }: Config['server']): Promise<string> {
  try {
    return await start();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EADDRINUSE' && code !== 'EADDRNOTAVAIL' && code !== 'EACCES') throw error;
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : 'cannot be used here';
    throw new BelayError('server.address-in-use', `${host}:${port} ${why}.`, {
      hint: 'Stop the other program, or choose another port: --port 4601 or BELAY_PORT=4601.',
      cause: error,
    });
  }
}
