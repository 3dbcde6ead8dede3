import { driftText } from '../demo/drift/drift-result.ts';
import { type DriftDemo, runDriftDemo } from '../demo/drift/drift-run.ts';
import { createStory } from '../demo/demo-story.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Run } from '../run.ts';
import { type DemoFlags, showDashboard, stayOpen } from './demo.ts';

const GO_ON_MS = 30_000;

/** Runs the demo of a slow drift; with --exit it ends with the verdict, and exits 0 when the drift was found. */
export async function demoDrift(run: Run, flags: DemoFlags): Promise<ExitCode> {
  const story = createStory(run.output);
  const played = await runDriftDemo(
    { seed: flags.seed, port: flags.port, keepsFolder: flags.keep },
    { story, world: run.world, onServer: (server) => showDashboard(run, flags, server) },
  );
  try {
    if (flags.keep) run.output.notice(`Data and logs stay in ${played.folder}`);
    run.output.answer(played.result, () => driftText(played.result));
    if (!flags.exit) await keepAlive(run, played);
  } finally {
    await played.close();
  }
  return played.result.found?.direction === 'higher' ? exitCode.done : exitCode.failed;
}

async function keepAlive(run: Run, played: DriftDemo): Promise<void> {
  const timer = setInterval(() => {
    played.goOn().catch((error: unknown) => run.output.notice(`The shop could not send: ${String(error)}`));
  }, GO_ON_MS);
  try {
    await stayOpen(run, played, 'signals show shop.latency-p50');
  } finally {
    clearInterval(timer);
  }
}
