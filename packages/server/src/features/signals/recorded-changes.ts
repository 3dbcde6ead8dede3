import { BelayError } from '@belay/core';
import { PLACEBO_HORIZONS } from '@belay/core/baseline';
import type { ActorView, ChangeRecordRequest, RecordedChange } from '@belay/protocol';
import { transaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import { verdictView } from './change-words.ts';
import { type ChangeWrite, insertChange, type StoredChange } from './recorded-change-store.ts';
import { DAY_MS, type SignalsContext } from './signals-context.ts';

const MOST_BACK_MS = 30 * DAY_MS;
/** Clocks of build machines run a little ahead. */
const AHEAD_MS = 60_000;

export async function recordChange(
  context: SignalsContext,
  request: ChangeRecordRequest,
  actor: ActorView,
): Promise<RecordedChange> {
  const now = context.clock.now();
  const at = request.at ?? now;
  if (at > now + AHEAD_MS || at < now - MOST_BACK_MS) {
    throw new BelayError('request.invalid', 'The change must lie in the last 30 days.', {
      issues: [
        {
          path: 'at',
          message: at > now ? 'lies in the future' : 'lies more than 30 days back',
          seen: String(at),
          mend: 'send a time in Unix ms, or leave it out for now',
        },
      ],
    });
  }
  const { kind, title, service = null, version = null } = request;
  return recordedView(
    await writeChange(context, { kind, title, service, version, at: Math.min(at, now), detected: false, actor }),
  );
}

/** Stores a change with its ledger entry; marks and before/after test follow from the row. */
export async function writeChange(context: SignalsContext, change: ChangeWrite): Promise<StoredChange> {
  const { db, bus } = context;
  const { stored, entry } = await transaction(db, async (trx) => {
    const inserted = await insertChange(trx, change);
    const of = change.service === null ? '' : ` of ${change.service}`;
    const version = change.version === null ? '' : ` (${change.version})`;
    const written = await appendLedger(trx, {
      at: change.at,
      actor: change.actor,
      kind: `change.${change.kind}`,
      sentence: `${NAMES[change.kind]}${of}: ${change.title}${version}.`,
      tone: 'none',
      details: { changeId: inserted.id, service: change.service, version: change.version, detected: change.detected },
    });
    return { stored: inserted, entry: written };
  });
  bus.publish(ledgerEvent(entry));
  return stored;
}

export function recordedView(change: StoredChange): RecordedChange {
  const { id, kind, service, title, version, at, detected, actor } = change;
  const until = (PLACEBO_HORIZONS.at(-1) ?? 60) * 60_000;
  return {
    id,
    kind,
    service,
    title,
    version,
    at,
    detected,
    actor,
    verdict: verdictView(change, until),
    effects: [...change.effects],
  };
}

const NAMES = { deploy: 'Deploy', migration: 'Migration', config: 'Configuration', other: 'Change' } as const;
