/** Where an error was met while a change was going out, and how much traffic each path had. */
export interface PathCounts {
  /** Events on the new path and on the old one. */
  readonly newCount: number;
  readonly oldCount: number;
  /** Different users on the new path; 0 when events name none. */
  readonly newUsers: number;
  /** Units of traffic of each path in the same time; 0 when unknown. */
  readonly newUnits: number;
  readonly oldUnits: number;
  /** Whether the error was there before the change began. */
  readonly wasThereBefore: boolean;
}

/** Whether only the new path has an error, and how sure that is. */
export interface NewPathVerdict {
  readonly isOnlyNew: boolean;
  readonly certainty: 'sure' | 'likely' | 'cannot-tell';
  /** Bound on the chance to ever see such a split if both paths had the error equally often; undefined without traffic. */
  readonly chance: number | undefined;
}

const SURE = 0.01;
const LIKELY = 0.1;

/**
 * Judges "only on the new path". If both paths had the error equally often, each event would be on the new path with the
 * path's share of traffic p. The chance is 1/e of the e-value that mixes bets on every share between p and 1 uniformly,
 * e = (1 - p^(k+1)) / ((k+1) (1-p) p^k) for k events all on the new path, so that looking every second does not wear it
 * out (Ville's inequality; Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", 2023, eq. 3).
 * Events of one user are one event: a person who tries again is not new evidence.
 */
export function judgeNewPath(counts: PathCounts): NewPathVerdict {
  const isOnlyNew = counts.newCount > 0 && counts.oldCount === 0 && !counts.wasThereBefore;
  if (!isOnlyNew) return { isOnlyNew, certainty: 'cannot-tell', chance: undefined };
  const units = counts.newUnits + counts.oldUnits;
  if (counts.newUnits <= 0 || counts.oldUnits <= 0) return { isOnlyNew, certainty: 'cannot-tell', chance: undefined };
  const share = counts.newUnits / units;
  const events = Math.max(
    1,
    Math.floor(counts.newUsers > 0 ? Math.min(counts.newUsers, counts.newCount) : counts.newCount),
  );
  const chance = Math.min(1, Math.exp(-logEValue(events, share)));
  return { isOnlyNew, certainty: certaintyOf(chance), chance };
}

function logEValue(events: number, share: number): number {
  const log = events * Math.log(share);
  return Math.log1p(-Math.exp(log + Math.log(share))) - Math.log(events + 1) - Math.log1p(-share) - log;
}

function certaintyOf(chance: number): NewPathVerdict['certainty'] {
  if (chance <= SURE) return 'sure';
  return chance <= LIKELY ? 'likely' : 'cannot-tell';
}
