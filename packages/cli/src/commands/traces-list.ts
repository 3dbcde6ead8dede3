import { type ExitCode, exitCode } from '../exit-code.ts';
import { printable } from '../log-line-text.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

export interface TracesListFlags extends CommonFlags {
  readonly service?: string;
  readonly operation?: string;
  readonly slower?: number;
  readonly errors: boolean;
  readonly slowest: boolean;
  readonly flag?: string;
  readonly variant?: string;
  readonly from: (now: number) => number;
  readonly to: (now: number) => number;
  readonly limit: number;
}

/** Lists traces, newest or slowest first. */
export async function tracesList(run: Run, flags: TracesListFlags): Promise<ExitCode> {
  const api = await run.api();
  const now = run.world.clock.now();
  const { service, operation, slower, flag, variant, limit } = flags;
  const page = await api.call('traceList', {
    query: {
      from: flags.from(now),
      to: flags.to(now),
      limit,
      sort: flags.slowest ? 'slowest' : 'newest',
      status: flags.errors ? 'error' : 'any',
      ...(service === undefined ? {} : { service }),
      ...(operation === undefined ? {} : { operation }),
      ...(slower === undefined ? {} : { minMs: slower }),
      ...(flag === undefined ? {} : { flag }),
      ...(variant === undefined ? {} : { variant }),
    },
  });
  run.output.answer(page, () => {
    if (page.items.length === 0) return 'No trace fits. Look further back with --from 24h.';
    const rows = page.items.map((item) => [
      new Date(item.startAt).toISOString(),
      item.traceId,
      `${item.durationMs.toFixed(1)} ms`,
      String(item.spans),
      String(item.errors),
      printable(`${item.rootService} ${item.rootOperation}${item.hasRoot ? '' : ' (its root is not stored)'}`),
    ]);
    return formatTable(['started', 'trace', 'took', 'spans', 'errors', 'root'], rows);
  });
  return exitCode.done;
}
