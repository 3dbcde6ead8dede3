/** States of an issue; `regressed` is unresolved again after it was resolved. */
export type IssueStatus = 'unresolved' | 'regressed' | 'resolved' | 'ignored';

/** What somebody decided about an issue. Times are Unix ms. */
export interface IssueDecision {
  readonly status: IssueStatus;
  /** When `status` was decided; events before it do not count against it. */
  readonly since: number;
  /** The latest release when it was resolved "in the next release"; undefined when resolved at once. */
  readonly resolvedAfterRelease?: string | undefined;
  /** Ignored until this time, or until this many events or users more than at `since`; for good when none is set. */
  readonly ignoredUntil?: number | undefined;
  readonly ignoredEvents?: number | undefined;
  readonly ignoredUsers?: number | undefined;
}

/** New events of an issue, of one release, since it was last looked at. */
export interface IssueArrival {
  /** Unix ms of the newest event. */
  readonly newestAt: number;
  /** Empty when events name none. */
  readonly release: string;
  /** Whether the release is later than `resolvedAfterRelease`; see {@link isLaterRelease}. */
  readonly isLater: boolean;
  /** Events and users since the decision, these included. */
  readonly eventsSince: number;
  readonly usersSince: number;
}

/** Next decision after new events: resolved ones come back, ignored ones wake up; `undefined` when nothing changes. */
export function afterArrival(decision: IssueDecision, arrival: IssueArrival): IssueDecision | undefined {
  if (arrival.newestAt <= decision.since) return undefined;
  if (decision.status === 'resolved') {
    const isOldRelease = decision.resolvedAfterRelease !== undefined && !arrival.isLater;
    return isOldRelease ? undefined : { status: 'regressed', since: arrival.newestAt };
  }
  if (decision.status !== 'ignored') return undefined;
  const { ignoredUntil, ignoredEvents, ignoredUsers } = decision;
  const isTimeUp = ignoredUntil !== undefined && arrival.newestAt >= ignoredUntil;
  const isTooOften = ignoredEvents !== undefined && arrival.eventsSince >= ignoredEvents;
  const isTooMany = ignoredUsers !== undefined && arrival.usersSince >= ignoredUsers;
  return isTimeUp || isTooOften || isTooMany ? { status: 'unresolved', since: arrival.newestAt } : undefined;
}

/** A release with the time it was first seen, Unix ms. */
export interface SeenRelease {
  readonly release: string;
  readonly firstSeen: number;
}

/**
 * Whether `a` came after `b`: by version number where both have one of the same package (`shop@1.4.2`, `1.4.2`, `v2`),
 * else by when each was first seen. A release that is not named is never later.
 */
export function isLaterRelease(a: SeenRelease, b: SeenRelease): boolean {
  if (a.release === b.release || a.release === '') return false;
  const [left, right] = [versionOf(a.release), versionOf(b.release)];
  if (left !== undefined && right !== undefined && left.name === right.name) {
    for (let index = 0; index < Math.max(left.numbers.length, right.numbers.length); index += 1) {
      const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
      if (difference !== 0) return difference > 0;
    }
  }
  return a.firstSeen > b.firstSeen;
}

function versionOf(release: string): { name: string; numbers: number[] } | undefined {
  const match = /^(?:(.*)@)?v?(\d+(?:\.\d+){0,3})(?:[-+].*)?$/u.exec(release);
  if (match === null) return undefined;
  return { name: match[1] ?? '', numbers: (match[2] ?? '').split('.').map(Number) };
}

/** Actions that a status allows; the same table decides in server, command line and dashboard. */
export const allowedIssueActions: Readonly<Record<IssueStatus, readonly IssueActionName[]>> = {
  unresolved: ['resolve', 'resolve-next-release', 'ignore', 'assign', 'merge', 'unmerge'],
  regressed: ['resolve', 'resolve-next-release', 'ignore', 'assign', 'merge', 'unmerge'],
  resolved: ['reopen', 'ignore', 'assign', 'merge', 'unmerge'],
  ignored: ['reopen', 'resolve', 'resolve-next-release', 'assign', 'merge', 'unmerge'],
};

/** What can be done with an issue. */
export type IssueActionName = 'resolve' | 'resolve-next-release' | 'ignore' | 'reopen' | 'assign' | 'merge' | 'unmerge';
