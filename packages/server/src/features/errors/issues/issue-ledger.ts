import type { LedgerEntryView } from '@belay/protocol';
import type { Database } from '../../../platform/sqlite/database.ts';
import { readLedger } from '../../ledger/api.ts';

const LOOKED_AT = 2000;
const SHOWN = 50;

/** What happened to an issue, newest first. */
export async function ledgerOfIssue(db: Database, issueId: string): Promise<LedgerEntryView[]> {
  const { items } = await readLedger(db, { kind: 'issue', limit: LOOKED_AT });
  return items.filter(({ details }) => details['issueId'] === issueId || details['merged'] === issueId).slice(0, SHOWN);
}
