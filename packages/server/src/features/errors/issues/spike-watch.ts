import { isSpikeOver, judgeSpike } from '@belay/core/errors';
import type { LiveEvent } from '@belay/protocol';
import { transaction } from '../../../platform/sqlite/database.ts';
import type { Database } from '../../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../../ledger/api.ts';
import type { TelemetryReader } from '../../telemetry/api.ts';
import { decimalKey } from './arrivals.ts';
import { issuesByIds, type IssueRecord, type StoredSpike, updateIssue } from './issue-store.ts';
import type { KeyBook } from './key-book.ts';

export interface SpikeWatchOptions {
  readonly db: Database;
  readonly reader: TelemetryReader;
  readonly book: KeyBook;
  readonly clock: { now(): number };
  readonly bus: { publish(event: LiveEvent): void };
}

const HOUR_MS = 3_600_000;
const HOURS = 168;
/** Fewer events than this are no spike, whatever the past was. */
const FEWEST = 10;
const ISSUES_PER_ROUND = 500;

const ACTIVE = `
SELECT leftPad(lower(hex(issue)), 16, '0') AS key, sum(weight) AS events FROM error_events
WHERE ts > fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY issue HAVING events >= {fewest:UInt32} ORDER BY events DESC LIMIT ${ISSUES_PER_ROUND}`;

const PAST = `
SELECT leftPad(lower(hex(issue)), 16, '0') AS key,
  intDiv({to:Int64} - toUnixTimestamp64Milli(ts), ${HOUR_MS}) AS hour, sum(weight) AS events FROM error_events
WHERE issue IN {keys:Array(UInt64)} AND ts > fromUnixTimestamp64Milli({from:Int64}, 'UTC')
  AND ts <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY issue, hour`;

/** Compares the last hour of each busy issue with its own past; tells of spikes as they begin, forgets them as they end. */
export async function watchSpikes(options: SpikeWatchOptions): Promise<void> {
  const { db, reader, book, clock } = options;
  const to = clock.now();
  const active = await reader.rows<{ key: string; events: number }>(ACTIVE, {
    name: 'errors.active',
    parameters: { from: to - HOUR_MS, to, fewest: FEWEST },
  });
  const spiking = await db.selectFrom('issues').select('id').where('spike_json', 'is not', null).execute();
  const ids = [...new Set([...active.flatMap(({ key }) => book.issueOf(key) ?? []), ...spiking.map(({ id }) => id)])];
  if (ids.length === 0) return;
  const hours = await readHours(options, { ids, to });
  for (const issue of await issuesByIds(db, ids)) {
    const all = hours.get(issue.id) ?? new Map<number, number>();
    const past = Math.min(HOURS - 1, Math.floor((to - issue.first_seen) / HOUR_MS));
    const history = {
      now: all.get(0) ?? 0,
      hours: Array.from({ length: Math.max(0, past) }, (_, index) => all.get(index + 1) ?? 0),
    };
    if (issue.spike === null) {
      const { isSpike, expected } = judgeSpike(history);
      if (isSpike) await tell(options, issue, { seen: history.now, expected, since: to });
    } else if (isSpikeOver(history)) {
      await transaction(db, async (trx) => {
        const [current] = await issuesByIds(trx, [issue.id]);
        if (current !== undefined) await updateIssue(trx, { ...current, spike: null });
      });
    }
  }
}

async function readHours({ reader, book }: SpikeWatchOptions, { ids, to }: { ids: readonly string[]; to: number }) {
  const keys = ids.flatMap((id) => book.keysOf(id)).map(decimalKey);
  const rows = await reader.rows<{ key: string; hour: number; events: number }>(PAST, {
    name: 'errors.past',
    parameters: { keys, from: to - HOURS * HOUR_MS, to },
  });
  const hours = new Map<string, Map<number, number>>();
  for (const { key, hour, events } of rows) {
    const id = book.issueOf(key) ?? '';
    const counts = hours.get(id) ?? new Map<number, number>();
    counts.set(hour, (counts.get(hour) ?? 0) + events);
    hours.set(id, counts);
  }
  return hours;
}

async function tell({ db, bus }: SpikeWatchOptions, issue: IssueRecord, spike: StoredSpike): Promise<void> {
  const sentence = spikeSentence(spike);
  const entry = await transaction(db, async (trx) => {
    const [current] = await issuesByIds(trx, [issue.id]);
    await updateIssue(trx, { ...(current ?? issue), spike });
    return appendLedger(trx, {
      at: spike.since,
      actor: { kind: 'machine', name: 'Belay', via: 'policy' },
      kind: 'issue.spiking',
      sentence: `E-${issue.number} in ${issue.service}: ${issue.title.slice(0, 120)}. ${sentence}`,
      tone: 'bad',
      details: { issueId: issue.id, ...spike },
    });
  });
  bus.publish(ledgerEvent(entry));
  bus.publish({
    type: 'issue',
    at: spike.since,
    issueId: issue.id,
    what: 'spiking',
    sentence: `${issue.title}: ${sentence}`,
  });
}

/** `240 in the last hour; 3 are usual.` */
export function spikeSentence({ seen, expected }: StoredSpike): string {
  const usual =
    expected < 0.5
      ? 'hardly any is usual'
      : `${Math.max(1, Math.round(expected))} ${Math.round(expected) === 1 ? 'is' : 'are'} usual`;
  return `${Math.round(seen)} in the last hour; ${usual}.`;
}
