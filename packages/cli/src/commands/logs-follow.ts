import { setTimeout as delay } from 'node:timers/promises';
import { UnreachableError } from '@belay/client';
import type { LogTailEvent } from '@belay/protocol';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { logLineText } from '../log-line-text.ts';
import type { Run } from '../run.ts';
import { logsFilter, type LogsFlags } from './logs-search.ts';

export interface FollowFlags extends LogsFlags {
  /** End after so many lines; without it, at Ctrl-C. */
  readonly lines?: number;
}

const RECONNECT_MS = 1000;
const MISSED = {
  slow: 'this terminal was too slow',
  burst: 'more came in a second than is shown',
  gap: 'the connection was gone for too long',
} as const;

/** Prints lines as they arrive until Ctrl-C, over restarts of the server; with --json one document at the end. */
export async function logsFollow(run: Run, flags: FollowFlags, ...words: string[]): Promise<ExitCode> {
  const api = await run.api();
  const enough = new AbortController();
  const signal = AbortSignal.any([run.world.interrupted, enough.signal]);
  const seen: Extract<LogTailEvent, { type: 'lines' }>['lines'] = [];
  let lastEventId: string | null = null;
  const take = (event: LogTailEvent, id: string | null): void => {
    lastEventId = id;
    if (event.type === 'missed') run.output.notice(`${event.count} lines are missing: ${MISSED[event.reason]}`);
    if (event.type !== 'lines') return;
    for (const line of event.lines.slice(0, (flags.lines ?? Infinity) - seen.length)) {
      // Kept only as far as they are counted or printed at the end.
      if (flags.json || flags.lines !== undefined) seen.push(line);
      run.output.line(logLineText(line, run.output));
    }
    if (seen.length >= (flags.lines ?? Infinity)) enough.abort();
  };
  while (!signal.aborted) {
    try {
      await api.tailLogs({ filter: logsFilter(flags, words), signal, onEvent: take, lastEventId });
    } catch (error) {
      if (signal.aborted) break;
      // What the server refuses stays refused; a connection that broke is opened again.
      if (!(error instanceof UnreachableError) && !isBroken(error)) throw error;
    }
    await delay(RECONNECT_MS, undefined, { signal }).catch(ignoreAbort);
  }
  if (flags.json) run.output.answer({ lines: seen }, () => '');
  return exitCode.done;
}

/** A stream that ends in the middle rejects with a TypeError. */
function isBroken(error: unknown): boolean {
  return error instanceof TypeError;
}

/** The wait ends early at Ctrl-C, which the loop looks at itself. */
function ignoreAbort(): void {}
