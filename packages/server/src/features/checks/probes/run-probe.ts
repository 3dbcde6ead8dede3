import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '@belay/core/rollout';
import type { ProbeResult, ProbeStepResult } from '@belay/protocol';
import { runHttp } from './http-step.ts';
import { type Probe, type ProbeSockets, type ProbeStep, StepFailure, type StepWorld } from './probe-types.ts';
import { runProof } from './proof-step.ts';
import { runSql } from './sql-step.ts';
import { createStepWorld } from './step-world.ts';
import { runWsClose, runWsExpect, runWsOpen, runWsSend } from './ws-steps.ts';

const STEP_MS = 10_000;
const CLEANUP_MS = 30_000;

export interface RunOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  /** Ends the run early; clean-up runs all the same. */
  readonly signal?: AbortSignal;
}

/** Walks a golden path once: steps in order until one fails, then clean-up, whatever happened. Never throws. */
export async function runProbe(probe: Probe, { environment, now, signal }: RunOptions): Promise<ProbeResult> {
  const at = now();
  const startedAt = performance.now();
  const sockets: ProbeSockets = { current: undefined, all: new Set() };
  const runId = randomUUID();
  let certificateDays: number | null = null;
  const certificate = (days: number): void => {
    certificateDays = Math.min(days, certificateDays ?? days);
  };
  const shared = { probe, environment, runId, sockets, certificate };
  const stop = signal === undefined ? [] : [signal];
  const all = AbortSignal.any([AbortSignal.timeout(probe.timeoutMs), ...stop]);
  const results: ProbeStepResult[] = [];
  const world = createStepWorld({ ...shared, signal: all });
  const failed = await walk(probe.steps, world, results);
  // What was set so far is known to the clean-up too: it is the same world with time of its own.
  const cleaning = { ...world, signal: AbortSignal.timeout(CLEANUP_MS) };
  const unclean = await walk(probe.cleanup, cleaning, results, true);
  for (const socket of sockets.all) socket.terminate();
  const failure = failed ?? unclean;
  return {
    name: probe.name,
    ok: failure === undefined,
    at,
    durationMs: Math.round(performance.now() - startedAt),
    cause: failure?.cause ?? null,
    sentence: failure === undefined ? `All ${results.length} steps passed.` : `${failure.step}: ${failure.text}`,
    mend: failure?.mend ?? null,
    steps: results,
    certificateDays,
  };
}

interface Failure {
  readonly step: string;
  readonly cause: string;
  readonly text: string;
  readonly mend: string | null;
}

/** Clean-up goes on after a step of it failed: the others may still have something to take away. */
async function walk(
  steps: readonly ProbeStep[],
  world: StepWorld,
  results: ProbeStepResult[],
  goesOn = false,
): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  for (const [index, step] of steps.entries()) {
    const name = step.name ?? `${step.type} (${goesOn ? 'cleanup' : 'step'} ${index + 1})`;
    if (failure !== undefined && !goesOn) {
      results.push({ name, type: step.type, outcome: 'skipped', durationMs: 0, text: '' });
      continue;
    }
    const startedAt = performance.now();
    const outcome = await attempt(step, world);
    const durationMs = Math.round(performance.now() - startedAt);
    const text = world.redact(typeof outcome === 'string' ? outcome : outcome.message).slice(0, 1000);
    results.push({ name, type: step.type, outcome: typeof outcome === 'string' ? 'pass' : 'fail', durationMs, text });
    if (typeof outcome !== 'string') failure ??= { step: name, cause: outcome.causeWord, text, mend: outcome.mend };
  }
  return failure;
}

/** Every step ends by its deadline, also one that would not listen to it. */
async function attempt(step: ProbeStep, world: StepWorld): Promise<string | StepFailure> {
  const idleMs = step.type === 'ws_proof' ? 10_000 + (parseDuration(step.idle ?? '0s') ?? 0) : 0;
  const waitMs = step.type === 'wait' ? (parseDuration(step.for) ?? 0) : 0;
  const ms = (step.timeout === undefined ? null : parseDuration(step.timeout)) ?? STEP_MS + idleMs + waitMs;
  const signal = AbortSignal.any([world.signal, AbortSignal.timeout(ms)]);
  if (signal.aborted) return new StepFailure('timeout', 'the path ran out of time before this step');
  const timeUp = new Promise<never>((_resolve, reject) => {
    const end = (): void => {
      // Steps that listen say more of what they waited for.
      setTimeout(() => reject(new StepFailure('timeout', `not done within ${ms} ms`)), 50);
    };
    signal.addEventListener('abort', end, { once: true });
  });
  try {
    return await Promise.race([runStep(step, { ...world, signal }), timeUp]);
  } catch (error) {
    if (error instanceof StepFailure) return error;
    return new StepFailure('error', error instanceof Error ? error.message : String(error));
  }
}

async function runStep(step: ProbeStep, world: StepWorld): Promise<string> {
  switch (step.type) {
    case 'http':
      return runHttp(step, world);
    case 'ws_open':
      return runWsOpen(step, world);
    case 'ws_send':
      return runWsSend(step, world);
    case 'ws_expect':
      return runWsExpect(step, world);
    case 'ws_close':
      return runWsClose(step, world);
    case 'ws_proof':
      return runProof(step, world);
    case 'sql':
      return runSql(step, world);
    case 'wait':
      return wait(step, world);
    case 'assert':
      return assertValue(step, world);
  }
}

async function wait(step: Extract<ProbeStep, { type: 'wait' }>, { signal }: StepWorld): Promise<string> {
  await sleep(parseDuration(step.for) ?? 0, undefined, { signal }).catch(() => {
    throw new StepFailure('timeout', `the path ran out of time before ${step.for} were over`);
  });
  return `${step.for} later`;
}

async function assertValue(step: Extract<ProbeStep, { type: 'assert' }>, world: StepWorld): Promise<string> {
  const seen = world.fill(step.that);
  const shown = JSON.stringify(world.redact(seen).slice(0, 100));
  const fail = (wanted: string): never => {
    throw new StepFailure('assert', `${shown} ${wanted}`);
  };
  if (step.equals !== undefined && seen !== world.fill(step.equals)) fail(`is not "${step.equals}"`);
  if (step.not_equals !== undefined && seen === world.fill(step.not_equals)) fail(`is what it must not be`);
  if (step.contains !== undefined && !seen.includes(world.fill(step.contains)))
    fail(`does not contain "${step.contains}"`);
  const number = Number(seen);
  if (step.at_most !== undefined && !(number <= step.at_most)) fail(`is not at most ${step.at_most}`);
  if (step.at_least !== undefined && !(number >= step.at_least)) fail(`is not at least ${step.at_least}`);
  return shown;
}
