import { spawn } from 'node:child_process';
import path from 'node:path';
import { demoFaults, type DemoFaultName, endedWell } from '../demo/demo-fault.ts';
import type { DemoResult } from '../demo/demo-result.ts';
import { type Demo, runDemo } from '../demo/demo-run.ts';
import type { DemoServer } from '../demo/demo-server.ts';
import { createStory } from '../demo/demo-story.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { PlainFlags, Run } from '../run.ts';

/** What can be watched: a bad change taken back, or a slow drift found. */
export type DemoStoryName = 'rollback' | 'drift';

export interface DemoFlags extends PlainFlags {
  readonly fault: DemoFaultName;
  readonly exit: boolean;
  readonly keep: boolean;
  readonly rate: number;
  readonly seed: number;
  readonly port?: number;
  readonly open: boolean;
}

/** Plays one of the stories; with --exit it ends with it, and exits 0 when it ended as it must. */
export async function demo(run: Run, flags: DemoFlags, story: DemoStoryName = 'rollback'): Promise<ExitCode> {
  if (story === 'drift') return (await import('./demo-drift.ts')).demoDrift(run, flags);
  return demoRollback(run, flags);
}

async function demoRollback(run: Run, flags: DemoFlags): Promise<ExitCode> {
  const story = createStory(run.output);
  const played = await runDemo(
    { fault: flags.fault, ratePerSecond: flags.rate, seed: flags.seed, port: flags.port, keepsFolder: flags.keep },
    { story, world: run.world, onServer: (server) => showDashboard(run, flags, server) },
  );
  try {
    if (flags.keep) run.output.notice(`Data and logs stay in ${played.folder}`);
    run.output.answer(played.result, () => resultText(played.result));
    if (!flags.exit) await stayOpen(run, played, 'rollout why');
  } finally {
    await played.close();
  }
  return endedWell(flags.fault, played.result.outcome) ? exitCode.done : exitCode.failed;
}

/** Tells the address, and opens it where there is a desktop. */
export function showDashboard(run: Run, flags: DemoFlags, server: DemoServer): void {
  const address = server.setupUrl ?? server.url;
  const text = `Watch it here: ${run.output.paint('bold', address)}`;
  if (run.output.isJson) run.output.notice(text);
  else run.output.line(text);
  const hasDesktop = run.world.environment['DISPLAY'] !== undefined || process.platform === 'darwin';
  if (flags.exit || !flags.open || !run.output.isInteractive || !hasDesktop) return;
  const opener = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [address], {
    stdio: 'ignore',
    detached: true,
  });
  opener.once('error', () => run.output.notice('No browser could be opened; open the address above yourself.'));
  opener.unref();
}

/** By its path: whoever has just cloned Belay has no `belay` on the path yet. */
const BELAY = path.resolve(import.meta.dirname, '../../bin/belay.js');

/** Waits for Ctrl-C, and says what can be asked until then. */
export async function stayOpen(
  run: Run,
  { server, folder }: Pick<Demo, 'server' | 'folder'>,
  question: string,
): Promise<void> {
  const lines = [
    `The demo stays open at ${server.url}; Ctrl-C ends it.`,
    `Ask it yourself, in another terminal: cd ${folder} && node ${BELAY} ${question}`,
  ];
  for (const line of lines) {
    if (run.output.isJson) run.output.notice(line);
    else run.output.line(line);
  }
  await new Promise<void>((resolve) => {
    if (run.world.interrupted.aborted) return resolve();
    run.world.interrupted.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The end of the story in a few lines. */
export function resultText(result: DemoResult): string {
  const { extraFailures, undoSeconds, waldRatio } = result;
  const known = demoFaults[result.fault].tells;
  return [
    '',
    result.sentence,
    `  What was wrong: ${known}`,
    ...(result.secondsToVerdict === null
      ? []
      : [
          `  Verdict after ${result.secondsToVerdict.toFixed(1)} s, ${result.canaryRequests} requests on the new path, ${result.failedCanaryRequests} of them failed.`,
        ]),
    ...(extraFailures === null
      ? []
      : [
          `  Extra failures: about ${Math.round(extraFailures.best)} (${Math.round(extraFailures.low)} to ${Math.round(extraFailures.high)}).`,
        ]),
    ...(undoSeconds === null
      ? []
      : [
          `  Back on the old path in ${undoSeconds.toFixed(2)} s on ${result.instancesConfirmed} of ${result.instances} instances; ${result.exposuresAfterUndo ?? 0} requests on the new path after that.`,
        ]),
    ...(waldRatio === null
      ? []
      : [`  A perfect test would have needed ${((1 / waldRatio) * 100).toFixed(0)}% of these requests.`]),
    `  The shop answered ${result.appRequests} requests; ${result.appFailuresCausedByBelay} failed because of Belay.`,
    `  Recomputed from the stored outcomes, the verdicts ${result.replayAgrees ? 'agree' : 'DIFFER'}.`,
  ].join('\n');
}
