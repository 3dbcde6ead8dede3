import { coolDownUntil, duration, needsAcknowledgement } from '@belay/core/rollout';
import type { OverviewView } from '@belay/protocol';
import type { ChangesContext } from './changes-context.ts';
import { overviewSignals } from './overview-signals.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { listRollouts, rolloutsIn } from './rollout-store.ts';
import { rolloutView } from './rollout-view.ts';
import { rolloutSummaries, viewFacts } from './view-facts.ts';

/** The first screen: healthy or not, what is going out, what to look at. */
export async function overviewView(context: ChangesContext): Promise<OverviewView> {
  const { db, clock } = context;
  const open = await rolloutsIn(db, ['scheduled', 'running', 'held']);
  const { items: recent } = await listRollouts(db, { limit: 12 });
  const facts = await viewFacts(context, db, null);
  const goingOut = await Promise.all(
    open.map(async (record) => rolloutView(record, await viewFacts(context, db, record))),
  );
  const care = (await context.careOf?.()) ?? { net: [], todos: [] };
  const now = clock.now();
  const isBad = goingOut.some(({ tone }) => tone === 'bad');
  const held = goingOut.filter(({ status }) => status === 'held').length;
  return {
    headline: headlineOf({ goingOut: goingOut.length, held, isBad }),
    sub: subOf(context, recent),
    tone: isBad ? 'bad' : held > 0 ? 'wait' : 'ok',
    goingOut,
    whenYouHaveAMinute: [...care.todos, ...todosOf(recent, now)].slice(0, 3),
    signals: await overviewSignals(context, recent),
    changes: await rolloutSummaries(context, db, recent),
    safetyNet: [...care.net, ...safetyNet(context, recent)],
    services: servicesOf(context),
    freeze: { active: facts.frozen !== null, until: facts.frozen?.until ?? null, reason: facts.frozen?.name ?? null },
    at: now,
  };
}

function headlineOf({
  goingOut,
  held,
  isBad,
}: {
  readonly goingOut: number;
  readonly held: number;
  readonly isBad: boolean;
}): string {
  if (isBad) return 'A change needs you.';
  if (held > 0) return held === 1 ? 'One change is held.' : `${held} changes are held.`;
  if (goingOut === 0) return 'Nothing is going out.';
  return goingOut === 1
    ? 'Nothing is worse. One change is going out.'
    : `Nothing is worse. ${goingOut} changes are going out.`;
}

function subOf(context: ChangesContext, recent: readonly RolloutRecord[]): string {
  const last = recent.find(({ state }) => state.status === 'rolled-back' && state.ending !== null);
  const instances = context.flags.instances().filter(({ connected }) => connected).length;
  const watched =
    instances === 0 ? 'No instance is connected.' : `${instances} instance${instances === 1 ? '' : 's'} connected.`;
  if (last?.state.ending == null) return watched;
  const ago = duration(context.clock.now() - last.state.ending.at);
  return `${watched} Last rollback ${ago} ago: ${last.state.plan.title}.`;
}

function todosOf(recent: readonly RolloutRecord[], now: number): OverviewView['whenYouHaveAMinute'] {
  return recent.flatMap(({ id, state }): OverviewView['whenYouHaveAMinute'] => {
    const href = `/changes/${id}`;
    const { title } = state.plan;
    if (needsAcknowledgement(state)) {
      return [
        { tone: 'bad', title, detail: 'Rolled back; nobody has named the cause yet.', verb: 'Name the cause', href },
      ];
    }
    if (state.status === 'scheduled' || state.held?.code === 'approval') {
      return [{ tone: 'wait', title, detail: 'The next stage waits for an approval.', verb: 'Approve', href }];
    }
    if (state.status === 'held') return [{ tone: 'wait', title, detail: 'Held.', verb: 'Decide', href }];
    const until = coolDownUntil(state);
    if (state.status === 'rolled-back' && until !== null && until <= now && now - until < DAY) {
      return [{ tone: 'none', title, detail: 'Has cooled down.', verb: 'Try again', href }];
    }
    return [];
  });
}

function safetyNet(context: ChangesContext, recent: readonly RolloutRecord[]): OverviewView['safetyNet'] {
  const now = context.clock.now();
  const { lastCommitAt } = context.telemetry.stats();
  const isSeeing = lastCommitAt !== null && now - lastCommitAt < 60_000;
  const rolledBack = recent.filter(({ state }) => state.status === 'rolled-back').length;
  return [
    {
      tone: isSeeing ? 'ok' : 'wait',
      title: 'Outcomes arrive',
      detail:
        lastCommitAt === null
          ? 'None since Belay started'
          : `Last stored ${duration(Math.max(0, now - lastCommitAt))} ago`,
      state: isSeeing ? 'live' : 'silent',
    },
    {
      tone: 'ok',
      title: 'Undo',
      detail: `Without Belay, instances return to the old path in ${duration(context.policy.leaseMs)}`,
      state: 'armed',
    },
    {
      tone: 'none',
      title: 'Rolled back',
      detail: `${rolledBack} of the last ${recent.length} changes`,
      state: String(rolledBack),
    },
  ];
}

function servicesOf(context: ChangesContext): OverviewView['services'] {
  const counts = new Map<string, number>();
  for (const { service, connected } of context.flags.instances()) {
    if (connected) counts.set(service, (counts.get(service) ?? 0) + 1);
  }
  return [...counts].map(([name, instances]) => ({ name, instances }));
}

const DAY = 86_400_000;
