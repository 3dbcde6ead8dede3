const HOUR = 3_600_000;

export interface FreezeChoice {
  readonly text: string;
  readonly until: number;
}

/** The ends a freeze usually has, in the reader's own time zone, soonest first. */
export function freezeChoices(now: number): readonly FreezeChoice[] {
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(8, 0, 0, 0);
  const monday = new Date(morning);
  while (monday.getDay() !== 1) monday.setDate(monday.getDate() + 1);
  return [
    { text: 'for one hour', until: now + HOUR },
    { text: 'for four hours', until: now + 4 * HOUR },
    { text: 'until tomorrow morning', until: morning.getTime() },
    { text: 'until Monday morning', until: monday.getTime() },
  ].filter((choice, index, all) => all.findIndex((other) => other.until === choice.until) === index);
}
