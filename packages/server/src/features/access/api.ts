import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Bus } from '../../platform/bus/bus.ts';
import { allows, type Principal } from '../../platform/http/principal.ts';
import { createRateLimit } from '../../platform/http/token-bucket.ts';
import type { Log } from '../../platform/log/log.ts';
import { repeat } from '../../platform/scheduler/scheduler.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import { createAccessService } from './access-service.ts';
import { createAccessStore } from './access-store.ts';
import { createAuthenticate } from './authenticate.ts';
import { createCredentials } from './credentials.ts';
import { installationId, prepareAccess } from './first-start.ts';
import type { FirstStartOptions } from './first-start.ts';
import { accessRoutes } from './routes.ts';
import { hashOf } from './secret.ts';

export interface AccessOptions extends FirstStartOptions {
  readonly db: Database;
  readonly bus: Pick<Bus, 'publish'>;
  readonly log: Log;
  readonly isSecure: boolean;
}

export interface Access {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  /** Who sends a request; `null` without credentials; throws where they are wrong. */
  readonly authenticate: (request: FastifyRequest) => Principal | null;
  /** Whether a secret is that of a token that may send telemetry. */
  readonly isIngestToken: (secret: string) => boolean;
  /** To be printed once; `undefined` when Belay is set up. */
  readonly setupToken: string | undefined;
  close(): Promise<void>;
}

const TIDY_MS = 10_000;
/** Wrong credentials per address: more is a mistake in a loop, or somebody guessing. */
const FAILURES_PER_MINUTE = 20;

/** Tokens, sessions and the first start. */
export async function createAccess(options: AccessOptions): Promise<Access> {
  const { db, clock, bus, log } = options;
  const { setupToken } = await prepareAccess(options);
  const store = createAccessStore(db);
  const credentials = createCredentials(await store.tokens(), await store.sessions());
  const service = createAccessService({ db, clock, bus, credentials });
  const cookieName = `belay_session_${await installationId(db)}`;
  const failures = createRateLimit({ clock, perMinute: FAILURES_PER_MINUTE, burst: FAILURES_PER_MINUTE });
  const tidying = repeat({
    everyMs: TIDY_MS,
    run: () => service.tidy(),
    onError: (err) => log.warn({ err }, 'last uses of tokens could not be stored'),
  });
  return {
    routes: accessRoutes({ service, credentials, clock, cookieName, isSecure: options.isSecure, failures }),
    authenticate: createAuthenticate({ credentials, clock, cookieName, failures }),
    isIngestToken: (secret) => {
      const found = credentials.findToken(hashOf(secret), clock.now());
      if (found === undefined || !allows(found.token.scopes, 'ingest')) return false;
      credentials.use(found.token.id, clock.now());
      return true;
    },
    setupToken,
    async close() {
      await tidying.close();
      await service.tidy();
    },
  };
}
