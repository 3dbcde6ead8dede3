import type { LiveEvent } from '@belay/protocol';

/** The queries that an event makes out of date, as key prefixes. */
export function refreshKeys(event: LiveEvent): readonly (readonly string[])[] {
  switch (event.type) {
    case 'heartbeat':
      return [];
    case 'rollout':
      return [['rollout', event.rolloutId], ['rollouts'], ['overview']];
    case 'ledger':
      return [['ledger'], ['overview'], ...(event.rolloutId === null ? [] : [['rollout', event.rolloutId]])];
    case 'flag':
      return [['flag', event.flagKey], ['flags'], ['overview']];
    case 'instances':
      return [['overview'], ['status']];
    case 'alarm':
      return [['signal', event.signalId], ['signals'], ['alarms'], ['scorecards'], ['overview']];
    case 'signals':
      return [['signals'], ['signal'], ['scorecards'], ['overview']];
    case 'issue':
      return [['issues'], ['issue', event.issueId], ['overview']];
    case 'check':
      return [['checks'], ['check'], ['check-incidents'], ['overview']];
    case 'checks':
      return [['checks'], ['check'], ['startup-reports']];
  }
}
