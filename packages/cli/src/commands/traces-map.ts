import { type ExitCode, exitCode } from '../exit-code.ts';
import { printable } from '../log-line-text.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

export interface TracesMapFlags extends CommonFlags {
  readonly service?: string;
  readonly from: (now: number) => number;
  readonly to: (now: number) => number;
}

/** Prints who calls whom. */
export async function tracesMap(run: Run, flags: TracesMapFlags): Promise<ExitCode> {
  const api = await run.api();
  const now = run.world.clock.now();
  const { service } = flags;
  const range = { from: flags.from(now), to: flags.to(now) };
  const map = await api.call('serviceMap', { query: { ...range, ...(service === undefined ? {} : { service }) } });
  run.output.answer(map, () => {
    if (map.nodes.length === 0) return 'No service has sent spans in this time. Look further back with --from 24h.';
    const callers = new Set(map.edges.flatMap(({ from, to }) => [from, to]));
    const alone = map.nodes.filter(({ id }) => !callers.has(id)).map((node) => ({ ...node, from: node.id, to: '' }));
    const rows = [...map.edges, ...alone].map((flow) => [
      printable(flow.from),
      printable(flow.to),
      flow.ratePerSecond.toFixed(2),
      `${(flow.errorRatio * 100).toFixed(1)}%`,
      `${flow.p95Ms.toFixed(1)} ms`,
    ]);
    return formatTable(['from', 'calls', 'per second', 'errors', 'p95'], rows);
  });
  return exitCode.done;
}
