import type { ProbeResult } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { PlainFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

interface CheckRunFlags extends PlainFlags {
  readonly config?: string;
}

/** Walks a golden path of belay.yaml from here, once. Needs no server. */
export async function checkRun(run: Run, { config }: CheckRunFlags, name: string): Promise<ExitCode> {
  const { loadConfig, runProbe } = await import('@belay/server');
  const { cwd, environment, clock, interrupted: signal } = run.world;
  const { probes } = loadConfig({ cwd, environment, file: config }).config.checks;
  const probe = probes.find((candidate) => candidate.name === name);
  if (probe === undefined) {
    const names = probes.map((candidate) => candidate.name);
    throw new CliFailure({
      code: 'check.not-found',
      exitCode: exitCode.notFound,
      what: `There is no golden path "${name}".`,
      why: names.length === 0 ? 'checks: of belay.yaml has none.' : `checks: of belay.yaml has ${names.join(', ')}.`,
      fix: names[0] === undefined ? 'write one, see docs/how-to/golden-path.md' : `belay check run ${names[0]}`,
    });
  }
  const result = await runProbe(probe, { environment, now: () => clock.now(), signal });
  run.output.answer(result, () => resultText(result));
  return result.ok ? exitCode.done : exitCode.failed;
}

function resultText({ name, ok, durationMs, sentence, mend, steps, certificateDays }: ProbeResult): string {
  const rows = steps.map((step) => [step.outcome, step.name, `${step.durationMs} ms`, step.text]);
  return [
    `${name} ${ok ? 'works' : 'is broken'}, after ${durationMs} ms.`,
    ...(ok ? [] : [sentence, ...(mend === null ? [] : [mend])]),
    '',
    formatTable(['', 'step', 'took', ''], rows),
    ...(certificateDays === null ? [] : ['', `The nearest certificate ends in ${certificateDays} days.`]),
  ].join('\n');
}
