import type { InputIssue } from '../error.ts';
import { parseDuration, parsePercent } from './amounts.ts';
import { defaultGuards, planGuard } from './plan-guards.ts';
import { planStages } from './plan-stages.ts';
import { profiles } from './profiles.ts';
import type { FlagFacts, PlanGuard, Policy, RolloutInput, RolloutPlan } from './types.ts';

/** Either the plan with every default filled in, or everything that is wrong with the input. */
export type PlanResult =
  | { readonly plan: RolloutPlan; readonly issues?: never }
  | { readonly issues: readonly InputIssue[]; readonly plan?: never };

/** Reads a rollout as people write it. Dangerous settings are refused, each with its reason, all at once. */
export function planRollout(input: RolloutInput, flag: FlagFacts, policy: Policy): PlanResult {
  const issues: InputIssue[] = [];
  const profileName = input.profile ?? policy.profile;
  const profile = profiles[profileName];
  const variants = variantsOf(input, flag, issues);
  const stages = planStages(input.stages, { profile, minimumSoakMs: policy.minimumSoakMs, issues });
  const guards = guardsOf(input, flag, issues);
  const alpha = alphaOf(input, policy, issues);
  const read = (path: string, text: string | undefined, fallback: number): number =>
    durationOf({ path, text, fallback }, issues);
  const leaseMs = read('lease', input.lease, policy.leaseMs);
  const graceMs = read('no_data.grace', input.no_data?.grace, profile.noData.graceMs);
  const warmUpMs = read('warm_up', input.warm_up, 0);
  const cooldown = policy.cooldown ?? profile.cooldown;
  const firstMs = read('cooldown.first', input.cooldown?.first, cooldown.firstMs);
  issues.push(...boundIssues({ input, leaseMs, graceMs, warmUpMs, firstMs }));
  if (input.promote === 'evidence' && profileName === 'conservative') {
    issues.push({
      path: 'promote',
      message: 'The conservative profile never goes on early.',
      seen: 'evidence',
      mend: 'Write "clock", or take the profile "balanced".',
    });
  }
  if (issues.length > 0) return { issues };
  return {
    plan: {
      title: input.title ?? flag.key,
      flagKey: flag.key,
      component: input.component ?? flag.key,
      controlVariant: variants.control,
      canaryVariant: variants.canary,
      profile: profileName,
      stages,
      guards,
      alpha,
      warnAt: policy.warnAt,
      promote: input.promote ?? profile.promote,
      dwellMs: Math.max(profile.dwellMs, policy.minimumSoakMs),
      noData: { graceMs, then: input.no_data?.then ?? profile.noData.then },
      onHarm: input.on_harm ?? 'rollback',
      cooldown: { firstMs, factor: input.cooldown?.factor ?? cooldown.factor },
      maxAttempts: policy.maxAttempts,
      leaseMs,
      warmUpMs,
      reseed: input.reseed ?? false,
    },
  };
}

function variantsOf(
  input: RolloutInput,
  flag: FlagFacts,
  issues: InputIssue[],
): { readonly control: string; readonly canary: string } {
  const names = flag.variants.join(', ');
  const control = input.from ?? flag.defaultVariant ?? '';
  if (flag.state === 'DISABLED') {
    issues.push({ path: 'flag', message: 'The flag is disabled.', seen: flag.key, mend: 'Enable the flag first.' });
  }
  if (!flag.variants.includes(control)) {
    issues.push({
      path: 'from',
      message: 'The flag has no such variant.',
      seen: control,
      mend: `Write one of ${names}.`,
    });
  }
  const others = flag.variants.filter((variant) => variant !== control);
  const canary = input.to ?? (others.length === 1 ? others[0] : undefined);
  if (canary === undefined) {
    issues.push({
      path: 'to',
      message: 'Say which variant goes out.',
      mend: `Write one of ${others.join(', ') || names}.`,
    });
    return { control, canary: '' };
  }
  if (!flag.variants.includes(canary)) {
    issues.push({ path: 'to', message: 'The flag has no such variant.', seen: canary, mend: `Write one of ${names}.` });
  } else if (canary === control) {
    issues.push({
      path: 'to',
      message: 'The new path and the old path are the same variant.',
      seen: canary,
      mend: others.length > 0 ? `Write one of ${others.join(', ')}.` : 'Give the flag a second variant.',
    });
  }
  return { control, canary };
}

function guardsOf(input: RolloutInput, flag: FlagFacts, issues: InputIssue[]): PlanGuard[] {
  const guards: PlanGuard[] = [];
  (input.guards ?? defaultGuards).forEach((guard, index) => {
    const planned = planGuard(guard, `guards.${index}`, flag);
    if (!('id' in planned)) {
      issues.push(...planned);
    } else if (guards.some(({ id }) => id === planned.id)) {
      issues.push({
        path: `guards.${index}.signal`,
        message: 'This signal is guarded twice.',
        seen: guard.signal,
        mend: 'Keep one of the two.',
      });
    } else guards.push(planned);
  });
  return guards;
}

function alphaOf(input: RolloutInput, policy: Policy, issues: InputIssue[]): number {
  const path = 'false_rollback';
  const alpha = input.false_rollback === undefined ? policy.falseRollback : parsePercent(input.false_rollback);
  if (alpha === null || alpha < 0.0001 || alpha > 0.1) {
    issues.push({
      path,
      message: 'The chance of a false rollback must be between 0.01% and 10%.',
      seen: input.false_rollback ?? String(alpha),
      mend: 'Write "1%".',
    });
    return 0.01;
  }
  if (policy.warnAt >= 1 / alpha) {
    issues.push({
      path,
      message: `A warning at ${policy.warnAt} would come after the rollback at ${Math.round(1 / alpha)}: warn earlier than you act.`,
      seen: input.false_rollback ?? String(alpha),
      mend: `Write at most "${Math.floor(9000 / policy.warnAt) / 100}%", or lower policy.warn_at.`,
    });
  }
  return alpha;
}

interface DurationField {
  readonly path: string;
  readonly text: string | undefined;
  readonly fallback: number;
}

function durationOf({ path, text, fallback }: DurationField, issues: InputIssue[]): number {
  if (text === undefined) return fallback;
  const value = parseDuration(text);
  if (value !== null) return value;
  issues.push({ path, message: 'This is not a duration.', seen: text, mend: 'Write "30s", "10m", "2h" or "7d".' });
  return fallback;
}

interface Bounds {
  readonly input: RolloutInput;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly warmUpMs: number;
  readonly firstMs: number;
}

function boundIssues({ input, leaseMs, graceMs, warmUpMs, firstMs }: Bounds): InputIssue[] {
  const issues: InputIssue[] = [];
  const bound = (path: string, isGood: boolean, message: string, mend: string): void => {
    if (!isGood) issues.push({ path, message, ...seenAt(input, path), mend });
  };
  bound('lease', leaseMs >= 2000 && leaseMs <= 600_000, UNWATCHED, 'Write between "2s" and "10m".');
  bound('no_data.grace', graceMs >= 1000 && graceMs <= 86_400_000, BLIND, 'Write between "1s" and "1d".');
  bound('warm_up', warmUpMs <= 600_000, 'Comparison must not sleep for more than 10 minutes.', 'Write at most "10m".');
  bound('cooldown.first', firstMs <= 2_592_000_000, 'A cool-down lasts at most 30 days.', 'Write at most "30d".');
  return issues;
}

function seenAt(input: RolloutInput, path: string): { readonly seen?: string } {
  const [field, inner] = path.split('.');
  const value: unknown = field === undefined ? undefined : Object.entries(input).find(([key]) => key === field)?.[1];
  if (typeof value === 'string') return { seen: value };
  if (typeof value !== 'object' || value === null || inner === undefined) return {};
  const part: unknown = Object.entries(value).find(([key]) => key === inner)?.[1];
  return typeof part === 'string' ? { seen: part } : {};
}

const UNWATCHED = 'A lease is how long the new path may stay out unwatched; too short flaps, too long is no guard.';
const BLIND = 'This is how long nothing may be seen before the rollout is held.';
