import type { InvariantList, InvariantView } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

/** Invariants of the data, as they were last seen. */
export async function invariantList(run: Run, _flags: CommonFlags): Promise<ExitCode> {
  const list = await (await run.api()).call('invariantList', {});
  run.output.answer(list, () => textOf(list));
  return exitCode.done;
}

/** Checks them now. */
export async function invariantCheck(run: Run, _flags: CommonFlags, ...names: readonly string[]): Promise<ExitCode> {
  const body = names.length === 0 ? {} : { names: [...names] };
  const list = await (await run.api()).call('invariantCheck', { body });
  const asked = list.items.filter(({ name }) => names.length === 0 || names.includes(name));
  run.output.answer(list, () => textOf({ ...list, items: asked }));
  return asked.every(({ outcome }) => outcome === 'holds') ? exitCode.done : exitCode.failed;
}

function textOf({ items, blocks }: InvariantList): string {
  if (items.length === 0) return 'There are no invariants; name some under "invariants" in belay.yaml.';
  return [
    formatTable(['invariant', 'of', 'outcome', 'since', 'checked', 'what was seen'], items.map(rowOf)),
    ...(blocks === null ? [] : ['', `${blocks}. No rollout goes on.`]),
  ].join('\n');
}

function rowOf({ name, source, outcome, since, checkedAt, detail }: InvariantView): string[] {
  return [name, source, outcome, timeOf(since), timeOf(checkedAt), detail ?? ''];
}

function timeOf(at: number | null): string {
  return at === null ? '' : new Date(at).toISOString();
}
