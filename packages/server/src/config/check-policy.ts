import type { InputIssue } from '@belay/core';
import { parseDuration, parsePercent } from '@belay/core/rollout';
import type { Policy } from '@belay/core/rollout';

/** The policy of belay.yaml with every default filled in. */
export interface PolicyInput {
  readonly profile: Policy['profile'];
  readonly environment: Policy['environment'];
  readonly freeze: Policy['freeze'];
  readonly cooldown: { readonly first: string; readonly factor: number } | null;
  readonly max_attempts: number;
  readonly false_rollback: string;
  readonly warn_at: number;
  readonly lease: string;
  readonly minimum_soak: string;
}

/** Turns the policy of belay.yaml into numbers, and refuses what would be dangerous with the reason. */
export function checkPolicy(input: PolicyInput): { policy: Policy; issues: InputIssue[] } {
  const issues: InputIssue[] = [];
  const falseRollback = parsePercent(input.false_rollback) ?? 0;
  const firstMs = input.cooldown === null ? 0 : duration(input.cooldown.first);
  const policy: Policy = {
    profile: input.profile,
    environment: input.environment,
    freeze: input.freeze,
    cooldown: input.cooldown === null ? null : { firstMs, factor: input.cooldown.factor },
    maxAttempts: input.max_attempts,
    falseRollback,
    warnAt: input.warn_at,
    leaseMs: duration(input.lease),
    minimumSoakMs: duration(input.minimum_soak),
  };
  issues.push(...errorBoundIssues(policy, input.false_rollback));
  if (policy.leaseMs < 2000 || policy.leaseMs > 600_000) {
    issues.push({
      path: 'policy.lease',
      message: 'must be between 2s and 10m: shorter ends on every hiccup, longer lets people stay unwatched',
      seen: input.lease,
      mend: 'write e.g. "60s"',
    });
  }
  input.freeze.forEach((window, index) => issues.push(...windowIssues(window, `policy.freeze.${index}`)));
  return { policy, issues };
}

function errorBoundIssues(policy: Policy, seen: string): InputIssue[] {
  if (policy.falseRollback <= 0 || policy.falseRollback > 0.2) {
    const message = 'must be above 0% and at most 20%: at 0% nothing could ever be taken back';
    return [{ path: 'policy.false_rollback', message, seen, mend: 'write e.g. "1%"' }];
  }
  if (policy.warnAt < 1 / policy.falseRollback) return [];
  return [
    {
      path: 'policy.warn_at',
      message: `must be stricter than rolling back, which happens at ${Math.round(1 / policy.falseRollback)}`,
      seen: String(policy.warnAt),
      mend: `write a number below ${Math.round(1 / policy.falseRollback)}, e.g. 10`,
    },
  ];
}

function windowIssues(window: Policy['freeze'][number], path: string): InputIssue[] {
  const issues: InputIssue[] = [];
  if (window.timezone !== undefined && !isTimezone(window.timezone)) {
    issues.push({
      path: `${path}.timezone`,
      message: 'is not a time zone',
      seen: window.timezone,
      mend: 'write an IANA name such as "Europe/Berlin" or "UTC"',
    });
  }
  if (
    window.weekdays === undefined &&
    window.dates === undefined &&
    window.from === undefined &&
    window.to === undefined
  ) {
    issues.push({
      path,
      message: `("${window.name}") would freeze for ever: it names no time`,
      mend: 'add weekdays, dates, or from and to',
    });
  }
  return issues;
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The schema has accepted the text already. */
function duration(text: string): number {
  return parseDuration(text) ?? 0;
}
