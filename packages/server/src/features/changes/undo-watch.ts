import { undoTime } from '@belay/core/rollout';
import type { AppliedReport } from '@belay/protocol';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import type { ChangesContext } from './changes-context.ts';
import type { Undo } from './rollout-record.ts';
import { findRollout } from './rollout-store.ts';
import { readUndo, writeUndo } from './rollout-trail.ts';

/** Notes which instances serve the old path again; tells the ledger when the last one does. */
export async function noteApplied(context: ChangesContext, report: AppliedReport): Promise<void> {
  if (context.undos.size === 0) return;
  const key = `${report.service}/${report.instance}`;
  const at = context.clock.now();
  for (const id of context.undos)
    await update(context, id, (undo) => confirmedBy(undo, { key, revision: report.revision, at }));
}

/** Ends the wait for instances whose lease has run out meanwhile: they serve the old path by themselves. */
export async function closeLapsedUndos(context: ChangesContext): Promise<void> {
  const now = context.clock.now();
  for (const id of context.undos) {
    await update(context, id, (undo, leaseMs) =>
      undo.completedAt === null && now >= undo.decidedAt + leaseMs ? { ...undo, completedAt: now } : null,
    );
  }
}

async function update(
  context: ChangesContext,
  id: string,
  change: (undo: Undo, leaseMs: number) => Undo | null,
): Promise<void> {
  await context.write(async (trx, after) => {
    const record = await findRollout(trx, id);
    if (record === undefined) return;
    const { plan, attempt } = record.state;
    const key = { rolloutId: record.id, attempt };
    const undo = await readUndo(trx, key);
    if (undo === null || undo.completedAt !== null) {
      context.undos.delete(id);
      return;
    }
    const changed = change(undo, plan.leaseMs);
    if (changed === null) return;
    await writeUndo(trx, key, changed);
    const at = context.clock.now();
    after.events.push({ type: 'rollout', at, rolloutId: id, status: record.state.status });
    if (changed.completedAt === null) return;
    context.undos.delete(id);
    if (changed.expected.length === 0) return;
    const entry = await appendLedger(trx, {
      at,
      actor: { kind: 'machine', name: 'Belay', via: 'guard' },
      kind: 'rollout.undone',
      sentence: undoneSentence(changed),
      tone: 'ok',
      rolloutId: id,
      flagKey: plan.flagKey,
      details: {
        undoMs: changed.completedAt - changed.decidedAt,
        confirmed: changed.confirmed,
        expected: changed.expected,
      },
    });
    after.events.push(ledgerEvent(entry));
  });
}

function confirmedBy(
  undo: Undo,
  { key, revision, at }: { readonly key: string; readonly revision: number; readonly at: number },
): Undo | null {
  if (revision < undo.revision || !undo.expected.includes(key) || undo.confirmed[key] !== undefined) return null;
  const confirmed = { ...undo.confirmed, [key]: at };
  const isDone = undo.expected.every((expected) => confirmed[expected] !== undefined);
  return { ...undo, confirmed, completedAt: isDone ? at : null };
}

function undoneSentence({ expected, confirmed, completedAt, decidedAt }: Undo): string {
  const count = Object.keys(confirmed).length;
  const all = `${count} of ${expected.length} instance${expected.length === 1 ? '' : 's'} confirmed the old path`;
  if (count === expected.length) return `${all} in ${undoTime((completedAt ?? decidedAt) - decidedAt)}.`;
  return `${all}; the lease of the others has run out.`;
}
