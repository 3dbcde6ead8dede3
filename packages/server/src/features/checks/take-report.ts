import type { CheckReport } from '@belay/protocol';
import { type DatabaseTransaction, transaction } from '../../platform/sqlite/database.ts';
import { removeChecks, takeRuns } from './check-store.ts';
import type { ChecksContext } from './checks-context.ts';

/** Startup reports that are kept of one service. */
const STARTUPS_KEPT = 50;

/** Takes what a process says of itself; stored when this resolves. True when a status has changed. */
export async function takeReport({ db, clock }: ChecksContext, report: CheckReport): Promise<boolean> {
  const at = clock.now();
  return transaction(db, async (trx) => {
    if (report.kind === 'leaving') {
      await forget(trx, report);
      return true;
    }
    if (report.kind === 'startup') await keepStartup(trx, report, at);
    const { service, instance, everyMs } = report;
    const reporter = { service, instance, last_at: at, every_ms: everyMs };
    await trx
      .insertInto('check_reporters')
      .values(reporter)
      .onConflict((conflict) => conflict.columns(['service', 'instance']).doUpdateSet(reporter))
      .execute();
    const seen = report.checks.map((check) => ({ kind: 'health' as const, service, instance, everyMs, check }));
    return takeRuns(trx, seen, at);
  });
}

/** A process that ends on purpose has no checks any more. */
async function forget(
  trx: DatabaseTransaction,
  { service, instance }: Pick<CheckReport, 'service' | 'instance'>,
): Promise<void> {
  await trx.deleteFrom('check_reporters').where('service', '=', service).where('instance', '=', instance).execute();
  const own = await trx
    .selectFrom('checks')
    .select('id')
    .where('kind', '=', 'health')
    .where('service', '=', service)
    .where('instance', '=', instance)
    .execute();
  await removeChecks(
    trx,
    own.map(({ id }) => id),
  );
}

async function keepStartup(trx: DatabaseTransaction, report: CheckReport, at: number): Promise<void> {
  const { service, instance, version, checks } = report;
  const ok = checks.some(({ outcome, critical }) => outcome === 'fail' && critical) ? 0 : 1;
  const row = {
    service,
    instance,
    version,
    at,
    ok,
    checks_json: JSON.stringify(checks.map((check) => ({ ...check, title: check.title ?? check.name }))),
  } as const;
  await trx.insertInto('startup_reports').values(row).execute();
  const oldest = await trx
    .selectFrom('startup_reports')
    .select('number')
    .where('service', '=', service)
    .orderBy('number', 'desc')
    .offset(STARTUPS_KEPT)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await trx.deleteFrom('startup_reports').where('service', '=', service).where('number', '<=', oldest.number).execute();
}
