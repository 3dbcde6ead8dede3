import type { OverviewView } from '@belay/protocol';
import type { SignalCard } from '../changes/api.ts';
import { shownSignals } from './signal-queries.ts';
import { sayingOf, usualOf } from './signal-view.ts';
import { HOUR_MS, SLOT_MS, type SignalsContext } from './signals-context.ts';

type CardId = OverviewView['signals'][number]['id'];

const CARDS: readonly (readonly [CardId, string])[] = [
  ['errors', 'all.errors'],
  ['latency-p95', 'all.latency-p95'],
  ['traffic', 'all.traffic'],
  ['cost', 'all.cost'],
];
const SHOWN_MS = 6 * HOUR_MS;

/** What the four cards of the first screen say, from the signals of all services together. */
export async function overviewCards(context: SignalsContext): Promise<ReadonlyMap<CardId, SignalCard>> {
  const now = context.clock.now();
  const shown = await shownSignals(context);
  const cards = new Map<CardId, SignalCard>();
  for (const [card, id] of CARDS) {
    const one = shown.find(({ signal }) => signal.id === id);
    if (one === undefined) continue;
    const values = await context.points.read(one.signal.pointsKey, { fromMs: now - SHOWN_MS, toMs: now });
    const { verdict, word, tone, sentence } = sayingOf(one, now);
    const usual = usualOf(one.state, one.definition);
    cards.set(card, {
      signalId: id,
      verdict,
      word,
      tone,
      sentence,
      points: withGaps(values),
      usualAt: (atMs) => usual?.(atMs + SLOT_MS / 2) ?? null,
    });
  }
  return cards;
}

/** One point a slot between the first and the last: a gap is a point without a value. */
function withGaps(values: readonly { readonly at: number; readonly value: number }[]): SignalCard['points'] {
  const first = values[0]?.at;
  const last = values.at(-1)?.at;
  if (first === undefined || last === undefined) return [];
  const known = new Map(values.map(({ at, value }) => [at, value]));
  return Array.from({ length: (last - first) / SLOT_MS + 1 }, (_, index) => {
    const at = first + index * SLOT_MS;
    return { at, value: known.get(at) ?? null };
  });
}
