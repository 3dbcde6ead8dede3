import type { GuardReading } from '@belay/core/statistics';
import type { PlanGuard } from '@belay/core/rollout';
import { verdictWords } from '@belay/core/rollout';
import type { GuardView } from '@belay/protocol';
import type { RolloutReading } from './rollout-reading.ts';

const KINDS = {
  errors: 'errors',
  latency: 'latency',
  slow: 'latency',
  value: 'value',
  count: 'count',
  ceiling: 'ceiling',
} as const;
/** JSON has no infinity; an e-value this large says the same. */
const LARGEST = 1e300;

/** One guard as the page shows it. */
export function guardViewOf(guard: PlanGuard, known: RolloutReading): GuardView {
  const reading = known.engine?.guards.find(({ id }) => id === guard.id);
  const words = known.words.get(guard.id);
  if (reading === undefined || words === undefined) return unread(guard);
  const etaMs = known.etas.get(guard.id) ?? null;
  return {
    id: guard.id,
    kind: KINDS[reading.kind],
    title: guard.title,
    sentence: words.sentence,
    verdict: words.verdict,
    word: words.word,
    unit: words.unit,
    interval: words.interval,
    limit: words.limit,
    scaled: words.scaled,
    progress: words.verdict === 'no-data' ? { have: reading.canary.n, need: 20 } : null,
    etaMs: etaMs !== null && Number.isFinite(etaMs) ? etaMs : null,
    neverDecides: etaMs === Number.POSITIVE_INFINITY,
    canary: totals(reading, 'canary'),
    control: totals(reading, 'control'),
    harmE: Math.min(reading.harmE, LARGEST),
    safeE: Math.min(reading.safeE, LARGEST),
  };
}

function totals(reading: GuardReading, side: 'canary' | 'control'): GuardView['canary'] {
  const { n, bad } = reading[side];
  return { n, bad, mean: side === 'canary' ? reading.canaryLevel : reading.controlLevel };
}

function unread(guard: PlanGuard): GuardView {
  const nobody = { n: 0, bad: 0, mean: null };
  const unit =
    guard.options.kind === 'latency'
      ? 'ms'
      : guard.options.kind === 'value' || guard.options.kind === 'count'
        ? 'percent'
        : 'points';
  return {
    id: guard.id,
    kind: KINDS[guard.options.kind],
    title: guard.title,
    sentence: 'No requests to compare yet.',
    verdict: 'no-data',
    word: verdictWords['no-data'],
    unit,
    interval: null,
    limit: 0,
    scaled: null,
    progress: { have: 0, need: 20 },
    etaMs: null,
    neverDecides: false,
    canary: nobody,
    control: nobody,
    harmE: 1,
    safeE: 1,
  };
}
