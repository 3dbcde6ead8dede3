import type { RolloutView } from '@belay/protocol';

/** What a listener should hear when a view replaces an earlier one: the outcome, the verdict, then changed guards. */
export function verdictChanges(previous: RolloutView | undefined, next: RolloutView): readonly string[] {
  if (previous === undefined || previous.id !== next.id) return [];
  if (previous.status !== next.status) return [`${next.title}: ${next.word}. ${next.verdict.headline}`];
  const heard: string[] = [];
  if (previous.share !== next.share) heard.push(`${next.title}: now at ${Math.round(next.share * 10_000) / 100}%.`);
  for (const guard of next.guards) {
    const before = previous.guards.find((candidate) => candidate.id === guard.id);
    if (before !== undefined && before.verdict !== guard.verdict) heard.push(`${guard.title}: ${guard.word}.`);
  }
  return heard;
}
