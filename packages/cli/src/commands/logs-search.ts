import { type ExitCode, exitCode } from '../exit-code.ts';
import { logLineText } from '../log-line-text.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface LogsFlags extends CommonFlags {
  readonly service?: string;
  readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly trace?: string;
}

export interface LogsRangeFlags extends LogsFlags {
  readonly from: (now: number) => number;
  readonly to: (now: number) => number;
  readonly limit: number;
}

/** Prints the lines that fit, oldest first, the newest `limit` of them. */
export async function logsSearch(run: Run, flags: LogsRangeFlags, ...words: string[]): Promise<ExitCode> {
  const api = await run.api();
  const page = await api.call('logList', { query: logsQuery(run, flags, words) });
  run.output.answer(page, () => {
    if (page.items.length === 0) return 'No line fits. Look further back with --from 24h, or with fewer words.';
    const more = page.next === null ? [] : ['There are older ones: --limit shows up to 200, --to ends earlier.'];
    return [...more, ...page.items.toReversed().map((line) => logLineText(line, run.output))].join('\n');
  });
  return exitCode.done;
}

/** The words of the command line are one query. */
export function logsQuery(run: Run, flags: LogsRangeFlags, words: readonly string[]) {
  const now = run.world.clock.now();
  return { ...logsFilter(flags, words), from: flags.from(now), to: flags.to(now), limit: flags.limit };
}

export function logsFilter({ service, level, trace }: LogsFlags, words: readonly string[]) {
  return {
    q: words.join(' '),
    ...(service === undefined ? {} : { service }),
    ...(level === undefined ? {} : { level }),
    ...(trace === undefined ? {} : { trace }),
  };
}
