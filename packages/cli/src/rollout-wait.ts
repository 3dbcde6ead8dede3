import type { LedgerEntryView, RolloutView } from '@belay/protocol';
import type { Api } from './connection.ts';
import { exitCode, type ExitCode, exitCodeOfRollout } from './exit-code.ts';
import { failureOf } from './failure-of.ts';
import { rolloutText } from './rollout-text.ts';
import type { Run } from './run.ts';

interface Wait {
  readonly rollout: RolloutView;
  /** Give up after this long; wait for ever when undefined. */
  readonly timeoutMs: number | undefined;
}

const ENDED = new Set(['completed', 'rolled-back', 'cancelled']);
/** The page of the rollout changes at most once a second. */
const REFRESH_MS = 1000;
const RETRIES = 30;

/**
 * Follows a rollout to its end: redraws on a terminal, prints one line per event otherwise, and with --json only the
 * last view. Held is not an end: somebody may resume it; a time-out tells held and undecided apart.
 */
export async function waitForEnd(run: Run, api: Api, { rollout, timeoutMs }: Wait): Promise<ExitCode> {
  const { output, world } = run;
  const deadline = timeoutMs === undefined ? Infinity : world.clock.now() + timeoutMs;
  const seen = new Set<number>();
  let view = rollout;
  let failures = 0;
  for (;;) {
    show(run, view, seen);
    if (ENDED.has(view.status) || world.clock.now() >= deadline || world.interrupted.aborted) break;
    await pause(Math.min(REFRESH_MS, deadline - world.clock.now()), world.interrupted);
    try {
      view = await api.call('rolloutGet', { params: { id: view.id } });
      failures = 0;
    } catch (error) {
      // A server that restarts comes back; whoever waits for a verdict in a pipeline should not lose it.
      failures += 1;
      if (failures > RETRIES || !isUnreachable(error)) throw error;
      output.notice('The server does not answer; trying again ...');
    }
  }
  if (output.isJson) output.answer(view, () => '');
  else if (!output.isInteractive) output.line(view.sentence);
  return ENDED.has(view.status) || view.status === 'held' ? exitCodeOfRollout(view.status) : exitCode.undecided;
}

function show(run: Run, view: RolloutView, seen: Set<number>): void {
  if (run.output.isInteractive) {
    run.output.repaint(rolloutText(view, run.output));
    return;
  }
  for (const entry of view.happened.toReversed()) {
    if (seen.has(entry.id)) continue;
    seen.add(entry.id);
    run.output.line(eventLine(entry));
  }
}

/** One event in one line: UTC time, who, what. */
export function eventLine(entry: LedgerEntryView): string {
  return `${new Date(entry.at).toISOString()}  ${entry.actor.name}: ${entry.sentence}`;
}

function isUnreachable(error: unknown): boolean {
  return failureOf(error)?.exitCode === exitCode.unreachable;
}

async function pause(milliseconds: number, interrupted: AbortSignal): Promise<void> {
  if (interrupted.aborted) return;
  await new Promise<void>((resolve) => {
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      interrupted.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    interrupted.addEventListener('abort', stop, { once: true });
  });
}
