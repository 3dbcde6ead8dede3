import { isSilent } from '@belay/core/health';
import type { ReportedCheck } from '@belay/protocol';
import { type DatabaseTransaction, transaction } from '../../platform/sqlite/database.ts';
import { rankOf, removeChecks, takeRuns, type SeenCheck } from './check-store.ts';
import type { ChecksContext } from './checks-context.ts';

/** Dead-man checks are looked at in this rhythm. */
export const ROUND_MS = 10_000;
/** A round that comes so late means that this process slept, or that the clock was set. */
const PAUSE_MS = 60_000;
/** A process that is silent while others of its service report has been replaced; it is forgotten after this time. */
const REPLACED_MS = 600_000;

interface Reporter {
  readonly service: string;
  readonly instance: string;
  readonly last_at: number;
  readonly every_ms: number;
}

/** Looks who has fallen silent: services of which no process reports any more, and golden paths that do not run. */
export async function watchSilence(context: ChecksContext, memory: { lastRoundAt: number }): Promise<boolean> {
  const now = context.clock.now();
  const gap = now - memory.lastRoundAt;
  if (gap > PAUSE_MS || gap < -PAUSE_MS) context.watchedSince = now;
  memory.lastRoundAt = now;
  return transaction(context.db, async (trx) => {
    const reporters = await trx.selectFrom('check_reporters').selectAll().execute();
    const silent = (who: Reporter): boolean =>
      isSilent(
        { lastAt: who.last_at, everyMs: who.every_ms },
        { now, watchedSince: Math.min(context.watchedSince, now) },
      );
    const seen: SeenCheck[] = [];
    let isChanged = false;
    for (const [service, own] of Map.groupBy(reporters, (who) => who.service)) {
      const alive = own.filter((who) => !silent(who));
      seen.push(reportsCheck(service, own, alive.length));
      if (alive.length === 0) continue;
      const gone = own.filter((who) => silent(who) && now - who.last_at > REPLACED_MS);
      for (const who of gone) isChanged = (await forgetReplaced(trx, who)) || isChanged;
    }
    const probes = await probesCheck(trx, { now, watchedSince: context.watchedSince });
    isChanged = (await markSilent(trx, reporters.filter(silent))) || isChanged;
    isChanged = (await forgetServices(trx, new Set(reporters.map(({ service }) => service)))) || isChanged;
    return (await takeRuns(trx, probes === null ? seen : [...seen, probes], now)) || isChanged;
  });
}

function reportsCheck(service: string, own: readonly Reporter[], alive: number): SeenCheck {
  const everyMs = Math.max(...own.map(({ every_ms }) => every_ms));
  const newest = Math.max(...own.map(({ last_at }) => last_at));
  const ok = alive > 0;
  const check: ReportedCheck = {
    ...blank,
    name: 'reports',
    title: `Health reports of ${service}`,
    outcome: ok ? 'pass' : 'fail',
    critical: true,
    cause: ok ? null : 'silent',
    text: ok
      ? `${alive} of ${own.length} processes report.`
      : `no process of ${service} has reported since ${new Date(newest).toISOString()}`,
    mend: ok ? null : 'Look whether the service runs and reaches Belay. When it was stopped for good, call close().',
    value: alive,
  };
  return { kind: 'dead-man', service, instance: '', everyMs: Math.min(everyMs, ROUND_MS), check };
}

/** Whoever runs golden paths may hang too: each must have run within its rhythm. */
async function probesCheck(
  trx: DatabaseTransaction,
  moment: { readonly now: number; readonly watchedSince: number },
): Promise<SeenCheck | null> {
  const probes = await trx
    .selectFrom('checks')
    .select(['title', 'last_at', 'every_ms'])
    .where('kind', '=', 'probe')
    .execute();
  if (probes.length === 0) return null;
  const late = probes.filter(({ last_at, every_ms }) => isSilent({ lastAt: last_at, everyMs: every_ms }, moment));
  const ok = late.length === 0;
  const check: ReportedCheck = {
    ...blank,
    name: 'golden-paths-run',
    title: 'Golden paths run',
    outcome: ok ? 'pass' : 'fail',
    critical: true,
    cause: ok ? null : 'late',
    text: ok ? `${probes.length} golden paths run in time.` : `${late[0]?.title ?? ''} did not run in time`,
    mend: ok ? null : 'Look into the log of the server; restart it when nothing is there.',
    value: late.length,
  };
  return { kind: 'dead-man', service: 'belay', instance: '', everyMs: ROUND_MS, check };
}

async function markSilent(trx: DatabaseTransaction, reporters: readonly Reporter[]): Promise<boolean> {
  let isChanged = false;
  for (const { service, instance } of reporters) {
    const result = await trx
      .updateTable('checks')
      .set({ status: 'silent', rank: rankOf.silent })
      .where('kind', '=', 'health')
      .where('service', '=', service)
      .where('instance', '=', instance)
      // Trouble that nobody has seen end stays trouble: silence is no recovery.
      .where('status', 'not in', ['silent', 'down', 'flapping'])
      .executeTakeFirst();
    isChanged ||= result.numUpdatedRows > 0n;
  }
  return isChanged;
}

async function forgetReplaced(trx: DatabaseTransaction, { service, instance }: Reporter): Promise<boolean> {
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
  return own.length > 0;
}

/** A service whose processes all ended on purpose is watched no more. */
async function forgetServices(trx: DatabaseTransaction, present: ReadonlySet<string>): Promise<boolean> {
  const watched = await trx
    .selectFrom('checks')
    .select(['id', 'service'])
    .where('kind', '=', 'dead-man')
    .where('name', '=', 'reports')
    .execute();
  const gone = watched.filter(({ service }) => !present.has(service)).map(({ id }) => id);
  await removeChecks(trx, gone);
  return gone.length > 0;
}

const blank = { durationMs: 0, unit: null, dependsOn: [] };
