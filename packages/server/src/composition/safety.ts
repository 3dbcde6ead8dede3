import { createSafety, openReceiptKey, type Safety } from '../features/safety/api.ts';
import type { Database } from '../platform/sqlite/database.ts';
import { version } from '../version.ts';
import type { Composing } from './composing.ts';

/** Backups of the databases of belay.yaml and of the control plane's own. */
export async function openSafety({ loaded, log, opened, clock }: Composing, db: Database): Promise<Safety> {
  const { server, backups: settings } = loaded.config;
  const { dataDir } = server;
  const receiptKey = await openReceiptKey(dataDir);
  const safety = createSafety({ db, settings, clock, log, dataDir, receiptKey, version });
  opened.add(() => safety.close());
  return safety;
}
