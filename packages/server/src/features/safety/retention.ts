import { type BackupCopy, type ClockTrust, nextClockTrust, planRetention, requireSafePlan } from '@belay/core/backup';
import type { RetentionPlan, RetentionInput } from '@belay/core/backup';
import type { RetentionPlanView } from '@belay/protocol';
import type { BackupContext } from './backup-context.ts';
import type { CatalogueCopy, CatalogueEntry } from './catalogue/catalogue.ts';
import { copyState } from './catalogue/level-of.ts';
import { failureOf, type RunningOperation } from './operations.ts';

/** What is kept, and removing what is not. */
export interface Retention {
  plan(): Promise<RetentionPlanView>;
  /** Marks, removes and unmarks by a fresh plan. Answers what was done. */
  run(operation: RunningOperation): Promise<string>;
}

const CLOCK_FACT = 'clock-trust';

export function createRetention(context: BackupContext): Retention {
  const { catalogue, clock } = context;
  let lastLook: number | null = null;
  const trust = async (): Promise<ClockTrust> => {
    const known = trustOf(await catalogue.fact(CLOCK_FACT));
    const monotonic = performance.now();
    const elapsedMs = lastLook === null ? null : monotonic - lastLook;
    lastLook = monotonic;
    const next = nextClockTrust(known, { now: clock.now(), elapsedMs });
    await catalogue.setFact(CLOCK_FACT, next);
    return next;
  };
  const make = async () => {
    const entries = await catalogue.entries();
    const attempts = await catalogue.operations();
    const failing = new Set(
      context.settings.sources
        .map(({ name }) => name)
        .filter(
          (name) => attempts.find(({ kind, source }) => kind === 'backup' && source === name)?.state === 'failed',
        ),
    );
    const input: RetentionInput = {
      copies: entries.flatMap((entry) => entry.copies.flatMap((copy) => copyOf(entry, copy))),
      retentionOf: () => context.settings.retention,
      now: clock.now(),
      clock: await trust(),
      failing,
    };
    const plan = planRetention(input);
    requireSafePlan(plan, input);
    return { plan, entries: new Map(entries.map((entry) => [entry.manifest.id, entry])) };
  };
  return {
    plan: async () => viewOf((await make()).plan, clock.now()),
    async run(operation) {
      const { plan, entries } = await make();
      const counted = { mark: 0, unmark: 0, remove: 0, keep: 0 };
      for (const { copy, action } of plan.steps) {
        const entry = entries.get(copy.backup);
        const known = entry?.copies.find(({ destination }) => destination === copy.destination);
        if (entry === undefined || known === undefined || action === 'keep') continue;
        const save = (change: Partial<CatalogueCopy>) => catalogue.saveCopy(copy.backup, { ...known, ...change });
        if (action === 'mark') await save({ markedAt: clock.now() });
        else if (action === 'unmark') await save({ markedAt: null });
        else if (!(await remove(context, { entry, known }, operation))) continue;
        counted[action] += 1;
      }
      const done = `${counted.mark} marked, ${counted.remove} removed, ${counted.unmark} kept after all.`;
      return plan.frozen === null ? done : `Nothing is removed: ${plan.frozen}.`;
    },
  };
}

interface Removal {
  readonly entry: CatalogueEntry;
  readonly known: CatalogueCopy;
}

/** The artefact first: a manifest without artefact says honestly that it is missing. Receipts and manifest stay small proof. */
async function remove(
  context: BackupContext,
  { entry, known }: Removal,
  { signal }: RunningOperation,
): Promise<boolean> {
  const destination = context.destinations.get(known.destination);
  const { id } = entry.manifest;
  if (destination === undefined) return false;
  try {
    await destination.remove(entry.manifest.artefact.object, { signal });
  } catch (error) {
    context.log.warn({ err: error, backup: id, destination: known.destination }, 'a backup could not be removed');
    await context.catalogue.saveCopy(id, { ...known, detail: failureOf(error).message.slice(0, 500) });
    return false;
  }
  const checkedAt = context.clock.now();
  await context.catalogue.saveCopy(id, { ...known, state: 'removed', checkedAt, detail: 'by retention' });
  const left = (await context.catalogue.find(id))?.copies.filter(({ state }) => state !== 'removed') ?? [];
  if (left.length === 0) await context.catalogue.setState(id, 'removed');
  return true;
}

function copyOf(entry: CatalogueEntry, copy: CatalogueCopy): BackupCopy[] {
  const { manifest, pin } = entry;
  if (copy.state === 'removed' || copy.state === 'pending') return [];
  return [
    {
      backup: manifest.id,
      source: manifest.source,
      destination: copy.destination,
      object: manifest.artefact.object,
      sequence: manifest.sequence,
      takenAt: manifest.snapshotAt,
      state: copyState(entry, copy),
      reason: manifest.reason,
      pins: pin === null ? [] : [pin],
      bytes: manifest.artefact.bytes,
      markedAt: copy.markedAt,
    },
  ];
}

function viewOf({ frozen, steps, freedBytes }: RetentionPlan, at: number): RetentionPlanView {
  return {
    at,
    frozen,
    freedBytes,
    steps: steps.map(({ copy, action, because }) => ({
      backup: copy.backup,
      source: copy.source,
      destination: copy.destination,
      sequence: copy.sequence,
      snapshotAt: copy.takenAt,
      state: copy.state,
      action,
      because: [...because],
    })),
  };
}

function trustOf(value: unknown): ClockTrust | null {
  if (typeof value !== 'object' || value === null || !('seenAt' in value) || !('evenSince' in value)) return null;
  const { seenAt, evenSince } = value;
  return typeof seenAt === 'number' && typeof evenSince === 'number' ? { seenAt, evenSince } : null;
}
