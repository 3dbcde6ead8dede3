import type { LiveEvent, SignalAlarm } from '@belay/protocol';
import { type DatabaseTransaction, transaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import { takeUnannounced } from './alarm-store.ts';
import type { SignalsContext } from './signals-context.ts';

const MACHINE = { kind: 'machine', name: 'Belay', via: 'guard' } as const;

/** One message an episode: told when it is found, unless it was over by then. */
export async function announceAlarms({ db, bus }: SignalsContext, signalId: string): Promise<void> {
  const events = await transaction(db, async (trx) => {
    const told: LiveEvent[] = [];
    for (const alarm of await takeUnannounced(trx, signalId)) {
      if (alarm.endedAt === null) told.push(...(await tell(trx, alarm, 'started')));
    }
    return told;
  });
  for (const event of events) bus.publish(event);
}

/** Tells that alarms are over, inside the transaction that ended them. */
export async function tellOfEndings(trx: DatabaseTransaction, alarms: readonly SignalAlarm[]): Promise<LiveEvent[]> {
  const told: LiveEvent[] = [];
  for (const alarm of alarms) told.push(...(await tell(trx, alarm, 'ended')));
  return told;
}

async function tell(trx: DatabaseTransaction, alarm: SignalAlarm, state: 'started' | 'ended'): Promise<LiveEvent[]> {
  const at = state === 'started' ? alarm.raisedAt : (alarm.endedAt ?? alarm.raisedAt);
  const sentence = state === 'started' ? alarm.sentence : endingSentence(alarm);
  const entry = await appendLedger(trx, {
    at,
    actor: MACHINE,
    kind: state === 'started' ? 'alarm.raised' : 'alarm.ended',
    sentence,
    tone: alarm.tone,
    details: {
      alarmId: alarm.id,
      signalId: alarm.signalId,
      deviation: alarm.deviation,
      found: alarm.found,
      startedAt: alarm.startedAt,
      suspects: alarm.suspects,
    },
  });
  return [ledgerEvent(entry), { type: 'alarm', at, alarmId: alarm.id, signalId: alarm.signalId, state, sentence }];
}

function endingSentence({ signalTitle, service, ending }: SignalAlarm): string {
  const of = service === null ? '' : ` of ${service}`;
  if (ending === 'accepted') return `${signalTitle}${of}: the deviation has become the new usual.`;
  return ending === 'signal-removed'
    ? `${signalTitle}${of} is no longer watched.`
    : `${signalTitle}${of} is back to usual.`;
}
