import path from 'node:path';
import type { Access } from '../features/access/api.ts';
import { createErrors, type Errors } from '../features/errors/api.ts';
import type { Flags } from '../features/flags/api.ts';
import { createReadingRoom, type DropAccount } from '../features/ingest/api.ts';
import type { TelemetryStore } from '../features/telemetry/api.ts';
import type { Bus } from '../platform/bus/bus.ts';
import type { Database } from '../platform/sqlite/database.ts';
import type { Composing } from './composing.ts';

/** Bytes of envelopes that may be read or wait at once. */
const WAITING_BYTES = 256 * 1024 * 1024;

interface ErrorsNeeds {
  readonly db: Database;
  readonly bus: Bus;
  readonly telemetry: TelemetryStore;
  readonly drops: Pick<DropAccount, 'add'>;
  readonly access: Pick<Access, 'isIngestToken'>;
  readonly flags: Pick<Flags, 'variantOf'>;
}

/** Errors, and the way in for Sentry SDKs. */
export async function openErrors(composing: Composing, needs: ErrorsNeeds): Promise<Errors> {
  const { loaded, log, opened, clock } = composing;
  const { server, telemetry } = loaded.config;
  const errors = await createErrors({
    db: needs.db,
    bus: needs.bus,
    telemetry: needs.telemetry,
    drops: needs.drops,
    clock,
    log,
    folder: path.join(server.dataDir, 'source-maps'),
    publicUrl: server.publicUrl,
    bodyLimitBytes: server.bodyLimitBytes,
    redaction: telemetry.redaction,
    withRoom: createReadingRoom(needs.telemetry, { waitingBytes: WAITING_BYTES }),
    isIngestToken: needs.access.isIngestToken,
    variantOf: needs.flags.variantOf,
  });
  opened.add(() => errors.close());
  return errors;
}
