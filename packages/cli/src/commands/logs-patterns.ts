import { type ExitCode, exitCode } from '../exit-code.ts';
import { printable } from '../log-line-text.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';
import { logsQuery, type LogsRangeFlags } from './logs-search.ts';

/** Prints what the lines have in common, most frequent first. */
export async function logsPatterns(run: Run, flags: LogsRangeFlags, ...words: string[]): Promise<ExitCode> {
  const api = await run.api();
  const patterns = await api.call('logPatterns', { query: logsQuery(run, flags, words) });
  run.output.answer(patterns, () => {
    if (patterns.items.length === 0) return 'No line fits. Look further back with --from 24h, or with fewer words.';
    const rows = patterns.items.map(({ count, share, trend, services, template }) => [
      String(Math.round(count)),
      `${(share * 100).toFixed(1)}%`,
      trend.kind === 'same' ? '' : trend.kind,
      services.join(','),
      printable(template),
    ]);
    const { rest } = patterns;
    const more =
      rest.patterns === 0
        ? ''
        : `\n${rest.patterns} more patterns with ${Math.round(rest.count)} lines: --limit shows up to 200.`;
    return `${formatTable(['lines', 'share', 'trend', 'service', 'pattern'], rows)}${more}`;
  });
  return exitCode.done;
}
