import { setTimeout as delay } from 'node:timers/promises';
import type { SafetyOperation } from '@belay/protocol';
import type { BackupDesk } from './backup-desk.ts';
import { exitCode } from './exit-code.ts';
import { CliFailure } from './failure.ts';
import type { Run } from './run.ts';

const LOOK_MS = 200;

/** Follows an operation to its end, painting its steps. Throws its failure. Ctrl-C leaves it running at the server. */
export async function followOperation(run: Run, desk: BackupDesk, started: SafetyOperation): Promise<SafetyOperation> {
  let operation = started;
  while (operation.state === 'waiting' || operation.state === 'running') {
    run.output.repaint(stepsText(operation));
    await delay(LOOK_MS, undefined, { signal: run.world.interrupted });
    operation = (await desk.operation(operation.id)) ?? operation;
  }
  run.output.repaint(stepsText(operation));
  if (operation.state === 'done') return operation;
  const { failure } = operation;
  throw new CliFailure({
    code: failure?.code ?? 'backup.failed',
    exitCode: exitCode.failed,
    what: `The ${operation.kind} ${operation.state === 'interrupted' ? 'was cut off' : 'failed'}.`,
    why: failure?.message ?? 'It gave no reason.',
    fix: failure?.hint ?? 'belay backup list',
  });
}

export function stepsText({ steps, progress, state }: SafetyOperation): string {
  if (steps.length === 0) return state === 'waiting' ? '… waits for its turn' : '…';
  return steps
    .map((step) => {
      const mark = { running: '…', done: '✓', failed: '✗' }[step.state];
      const share = step.state === 'running' && progress !== null ? ` ${Math.round(100 * progress)}%` : '';
      const time = step.ms === null ? '' : ` ${(step.ms / 1000).toFixed(1)} s`;
      return `${mark} ${step.name}${share}${time}${step.detail === null ? '' : `  (${step.detail})`}`;
    })
    .join('\n');
}
