import { engineOptionsOf, planRollout, type Policy, type RolloutPlan } from '@belay/core/rollout';
import { createEngineConfig } from '@belay/core/statistics';
import { type AaResult, type AaTraffic, simulateAa } from '../aa/simulate-aa.ts';
import type { Api } from '../connection.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import { readPlanInput, type PlanFlags } from '../plan-input.ts';
import type { Run } from '../run.ts';

export interface AaFlags extends PlanFlags {
  readonly runs: number;
  readonly seed: number;
  readonly rate?: number;
  readonly errors?: string;
}

/**
 * Simulates harmless rollouts under the plan, with the flag's own traffic and error rate, and publishes how many the
 * guards would take back. Exits 1 when that is certainly more often than the plan promises.
 */
export async function rolloutAa(run: Run, flags: AaFlags, name: string): Promise<ExitCode> {
  const api = await run.api();
  const input = await readPlanInput(run, flags, name);
  const flag = await api.call('flagGet', { params: { key: input.flag } });
  const facts = {
    key: flag.key,
    variants: Object.keys(flag.definition.variants),
    defaultVariant: flag.definition.defaultVariant ?? null,
    state: flag.definition.state,
    p95Ms: null,
  };
  const planned = planRollout(input, facts, policyOf(input.profile));
  if (planned.plan === undefined) throw badPlan(planned.issues);
  const traffic = await readTraffic(api, flags, planned.plan);
  const guarded = planned.plan.stages.filter(({ share }) => share < 1);
  const stages = guarded.map(({ share, soakMs }) => ({ share, seconds: Math.max(1, Math.round(soakMs / 1000)) }));
  const config = createEngineConfig(engineOptionsOf(planned.plan, { errorRate: traffic.errorRate }));
  const result = simulateAa({ config, stages, traffic, runs: flags.runs, seed: flags.seed });
  const { alpha } = planned.plan;
  run.output.answer({ flag: flag.key, promised: alpha, seed: flags.seed, traffic, ...result }, () =>
    resultText(result, alpha, traffic),
  );
  return result.interval.low > alpha ? exitCode.failed : exitCode.done;
}

function resultText(result: AaResult, alpha: number, traffic: AaTraffic): string {
  const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;
  return [
    `${result.rolledBack} of ${result.runs} harmless rollouts were rolled back: ${percent(result.falseRollbackRate)} ` +
      `(${percent(result.interval.low)} to ${percent(result.interval.high)}). The plan promises at most ${percent(alpha)}.`,
    `${result.held} were held for a while. ${Math.round(result.canaryRequests)} requests on the new path each.`,
    `Traffic: ${Math.round(traffic.requestsPerSecond * 60)} requests a minute, ${percent(traffic.errorRate)} failing. ` +
      'Requests are independent here; clusters and drift are measured in bench/.',
  ].join('\n');
}

/** The newest rollout of the flag has measured the old path; without one, both figures must be given. */
async function readTraffic(api: Api, flags: AaFlags, plan: RolloutPlan): Promise<AaTraffic> {
  const valueMeans = Object.fromEntries(
    plan.guards.flatMap(({ options }) => (options.kind === 'value' ? [[options.value, 1] as const] : [])),
  );
  const report = await api.call('rolloutPlan', { body: { flag: plan.flagKey } });
  const perMinute = flags.rate ?? report.stages.find(({ unitsPerMinute }) => unitsPerMinute !== null)?.unitsPerMinute;
  const errorRate = flags.errors === undefined ? await measuredErrorRate(api, plan.flagKey) : shareOf(flags.errors);
  if (perMinute === undefined || perMinute === null || errorRate === undefined) throw unmeasured(plan.flagKey);
  return { requestsPerSecond: perMinute / 60, errorRate, valueMeans };
}

async function measuredErrorRate(api: Api, flag: string): Promise<number | undefined> {
  const { items } = await api.call('rolloutList', { query: { flag, limit: 1 } });
  const newest = items[0];
  if (newest === undefined) return undefined;
  const view = await api.call('rolloutGet', { params: { id: newest.id } });
  const control = view.guards.find(({ kind }) => kind === 'errors')?.control;
  return control === undefined || control.n === 0 ? undefined : control.bad / control.n;
}

function shareOf(text: string): number {
  const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1] ?? Number.NaN);
  if (percent > 0 && percent < 100) return percent / 100;
  throw new CliFailure({
    code: 'request.invalid',
    exitCode: exitCode.usage,
    what: 'The error rate cannot be read.',
    why: `--errors is "${text}".`,
    fix: 'write --errors 0.5%',
  });
}

function unmeasured(flag: string): CliFailure {
  return new CliFailure({
    code: 'request.invalid',
    exitCode: exitCode.usage,
    what: 'The traffic of this flag is not measured yet.',
    why: `Nothing has evaluated "${flag}" in a rollout so far, and --rate and --errors are not both given.`,
    fix: `belay rollout aa ${flag} --rate 600 --errors 0.5%`,
  });
}

function badPlan(issues: readonly { path: string; message: string; mend?: string }[]): CliFailure {
  return new CliFailure({
    code: 'rollout.invalid',
    exitCode: exitCode.usage,
    what: 'The rollout plan is not valid.',
    why: `${issues.length} ${issues.length === 1 ? 'thing is' : 'things are'} wrong:`,
    fix: issues[0]?.mend ?? 'belay config validate',
    issues,
  });
}

/** The policy a server has when nothing is configured; only its bounds matter here. */
function policyOf(profile: Policy['profile'] = 'balanced'): Policy {
  return {
    profile,
    environment: 'production',
    freeze: [],
    cooldown: null,
    maxAttempts: 3,
    falseRollback: 0.01,
    warnAt: 10,
    leaseMs: 60_000,
    minimumSoakMs: 0,
  };
}
