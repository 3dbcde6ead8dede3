import { listRecorded } from './recorded-change-store.ts';
import { writeChange } from './recorded-changes.ts';
import { HOUR_MS, type SignalsContext } from './signals-context.ts';

interface Seen {
  readonly service: string;
  readonly version: string;
  readonly at: number;
}

/** A deploy that was announced within this time is the same one. */
const SAME_MS = HOUR_MS;
const LOOK_BACK_MS = HOUR_MS;

/** Notes versions that are heard of for the first time: of a service that had another one before, that is a deploy. */
export async function noteDeploys(context: SignalsContext): Promise<void> {
  const { db, clock } = context;
  const now = clock.now();
  const seen = await context.reader.rows<{ service: string; version: string; first: number }>(
    `SELECT toString(service) AS service, toString(version) AS version, toUnixTimestamp(min(seen)) AS first FROM resources
    WHERE seen >= {from:DateTime('UTC')} AND service != '' AND version != '' GROUP BY service, version`,
    { name: 'signals.versions', parameters: { from: Math.floor((now - LOOK_BACK_MS) / 1000) } },
  );
  if (seen.length === 0) return;
  const known = await db.selectFrom('service_versions').select(['service', 'version']).execute();
  const versions = Map.groupBy(known, ({ service }) => service);
  for (const { service, version, first: second } of seen) {
    const own = versions.get(service) ?? [];
    if (own.some((row) => row.version === version)) continue;
    const at = Math.min(now, second * 1000);
    if (own.length > 0) await noteDeploy(context, { service, version, at });
    await db
      .insertInto('service_versions')
      .values({ service, version, first_seen: at })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    versions.set(service, [...own, { service, version }]);
  }
}

async function noteDeploy(context: SignalsContext, { service, version, at }: Seen): Promise<void> {
  const { items } = await listRecorded(context.db, { limit: 20, service });
  const isAnnounced = items.some(
    (change) =>
      change.kind === 'deploy' && Math.abs(change.at - at) < SAME_MS && (change.version ?? version) === version,
  );
  if (isAnnounced) return;
  const title = `${service} ${version}`;
  const actor = { kind: 'machine', name: 'Belay', via: 'telemetry' } as const;
  await writeChange(context, { kind: 'deploy', service, title, version, at, detected: true, actor });
}
