import type { CheckView } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

interface CheckListFlags extends CommonFlags {
  readonly limit: number;
  readonly kind?: 'health' | 'probe' | 'dead-man';
  readonly service?: string;
}

/** Health, golden paths and silence, failing first. */
export async function checkList(run: Run, { limit, kind, service }: CheckListFlags): Promise<ExitCode> {
  const api = await run.api();
  const page = await api.call('checkList', { query: { limit, kind, service } });
  run.output.answer(page, () =>
    page.items.length === 0
      ? page.headline
      : [page.headline, '', formatTable(['', 'check', 'service', 'instance', 'seen'], page.items.map(rowOf))].join(
          '\n',
        ),
  );
  return exitCode.done;
}

function rowOf({ word, title, service, instance, text, mutedBy }: CheckView): string[] {
  const seen = mutedBy === null ? text : `${text} (because of ${mutedBy})`;
  return [word, title, service, instance, seen.slice(0, 120)];
}
