import type { AgeingStep, StoragePlan, StorageView } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { formatBytes } from '../format-bytes.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

/** What telemetry takes on disk, what was saved, what was dropped. */
export async function storageShow(run: Run, _flags: CommonFlags): Promise<ExitCode> {
  const view = await (await run.api()).call('storageGet', {});
  run.output.answer(view, () => viewText(view));
  return exitCode.done;
}

/** What ageing would do now, without doing it. */
export async function storagePlan(run: Run, _flags: CommonFlags): Promise<ExitCode> {
  const plan = await (await run.api()).call('storagePlan', {});
  run.output.answer(plan, () => planText(plan));
  return exitCode.done;
}

/** Ages now. */
export async function storageAge(run: Run, _flags: CommonFlags): Promise<ExitCode> {
  const done = await (await run.api()).call('storageAge', {});
  run.output.answer(done, () =>
    [
      ...(done.steps.length === 0 ? ['Nothing is old enough.'] : [stepsText(done.steps)]),
      `${formatBytes(done.bytesFreed)} freed.`,
      ...(done.failure === null ? [] : [`It ended early and is tried again: ${done.failure}`]),
    ].join('\n'),
  );
  return done.failure === null ? exitCode.done : exitCode.failed;
}

function viewText(view: StorageView): string {
  const tables = view.tables
    .filter(({ rows }) => rows > 0)
    .map((table) => [
      table.table,
      String(table.rows),
      formatBytes(table.bytesOnDisk),
      formatBytes(table.bytesUncompressed),
      dayOf(table.oldest),
    ]);
  const drops = view.drops.map(({ cause, sender, signal, count, mend }) => [
    cause,
    sender,
    signal,
    String(count),
    mend,
  ]);
  const lost = view.quarantined.map(({ table, day, part, reason }) => [table, day, part, reason]);
  const { freeBytes, usedBytes, state } = view.disk;
  const { last } = view.ageing;
  return [
    `${formatBytes(usedBytes)} on disk${freeBytes === null ? '' : `, ${formatBytes(freeBytes)} free (${state})`}.`,
    `Ageing has saved ${Math.round(100 * view.saved.share)}%: ${formatBytes(view.saved.bySampling)} by samples, ${formatBytes(view.saved.byRollup)} by sums.`,
    ...(last === null
      ? []
      : [`Last aged ${new Date(last.startedAt).toISOString()}: ${formatBytes(last.bytesFreed)} freed.`]),
    '',
    formatTable(['table', 'rows', 'on disk', 'uncompressed', 'since'], tables),
    ...(drops.length === 0 ? [] : ['', formatTable(['not stored', 'sender', 'signal', 'count', 'mend'], drops)]),
    ...(lost.length === 0 ? [] : ['', formatTable(['lost: table', 'day', 'part', 'reason'], lost)]),
  ].join('\n');
}

function planText(plan: StoragePlan): string {
  return [
    ...plan.rules.map((rule) => `- ${rule}`),
    '',
    plan.steps.length === 0 ? 'Nothing is old enough now.' : stepsText(plan.steps),
    `${formatBytes(plan.bytesBefore)} now, about ${formatBytes(plan.bytesAfter)} afterwards.`,
  ].join('\n');
}

function stepsText(steps: readonly AgeingStep[]): string {
  const rows = steps.map((step) => [
    step.action,
    step.table,
    step.day,
    step.because,
    formatBytes(step.bytesBefore),
    formatBytes(step.bytesAfter),
  ]);
  return formatTable(['', 'table', 'day', 'because of', 'before', 'after'], rows);
}

function dayOf(at: number | null): string {
  return at === null ? '' : new Date(at).toISOString().slice(0, 10);
}
