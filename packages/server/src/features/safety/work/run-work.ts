import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BelayError, errorCatalogue, type ErrorCode } from '@belay/core';
import type { TellProgress, WorkFailure, WorkJobs, WorkMessage, WorkName } from './work-jobs.ts';

export interface RunWorkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Longest time for the whole job. */
  readonly deadlineMs: number;
  /** Longest time without progress; none for jobs that cannot tell. */
  readonly stallMs?: number | undefined;
  readonly onProgress?: TellProgress | undefined;
}

/**
 * Runs a job in a process of its own, so that this one keeps answering and a job that hangs in native code can be ended.
 * Rejects with the job's error, `backup.timeout` when it took too long or stood still, or because `signal` was aborted.
 */
export async function runWork<Name extends WorkName>(
  name: Name,
  input: WorkJobs[Name]['input'],
  options: RunWorkOptions,
): Promise<WorkJobs[Name]['output']> {
  options.signal?.throwIfAborted();
  const child = launch();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    // Decoder: the job is this same version, and answers what its type says.
    return (await answerOf(child, { name, input, options })) as WorkJobs[Name]['output'];
  } finally {
    // SIGKILL: locks of SQLite go with the process, and partial files are removed by who asked.
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await gone;
  }
}

interface Asked {
  readonly name: WorkName;
  readonly input: unknown;
  readonly options: RunWorkOptions;
}

function answerOf(child: ChildProcess, { name, input, options }: Asked): Promise<unknown> {
  const { signal, deadlineMs, stallMs, onProgress } = options;
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const expire = (what: string, afterMs: number) => () => reject(tookTooLong(name, what, afterMs));
  const deadline = setTimeout(expire('was not done', deadlineMs), deadlineMs);
  const stall = stallMs === undefined ? undefined : setTimeout(expire('made no progress', stallMs), stallMs);
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  child.on('message', (value) => {
    // Decoder: see above.
    const message = value as WorkMessage;
    if (message.type === 'progress') {
      stall?.refresh();
      onProgress?.(message.progress);
    } else if (message.type === 'done') resolve(message.output);
    else reject(errorOf(name, message.error));
  });
  child.once('error', (cause) => reject(ended(name, cause.message, cause)));
  child.once('exit', (code, killedBy) => reject(ended(name, `its process ended with ${killedBy ?? code}`)));
  child.send({ name, input }, (cause) => {
    if (cause !== null) reject(ended(name, cause.message, cause));
  });
  return promise.finally(() => {
    clearTimeout(deadline);
    clearTimeout(stall);
    signal?.removeEventListener('abort', abort);
  });
}

function launch(): ChildProcess {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`./work-process.${extension}`, import.meta.url));
  const execArgv = extension === 'ts' ? ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'] : [];
  return fork(file, [], { execPath: process.execPath, execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

function errorOf(name: WorkName, { code, message, hint, details }: WorkFailure): BelayError {
  const options = { ...(hint === null ? {} : { hint }), ...(details === null ? {} : { details }) };
  if (code !== null && isCode(code)) return new BelayError(code, message, options);
  return ended(name, message);
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

function ended(name: WorkName, why: string, cause?: unknown): BelayError {
  return new BelayError('backup.failed', `The step "${name}" failed: ${why}.`, {
    hint: 'Nothing half done is kept. It is tried again at the next time of the schedule; the log has more.',
    cause,
  });
}

function tookTooLong(name: WorkName, what: string, afterMs: number): BelayError {
  return new BelayError('backup.timeout', `The step "${name}" ${what} after ${Math.round(afterMs / 1000)} s.`, {
    hint: 'Raise `deadline` of the source in belay.yaml, or find out what holds the disk or the database.',
  });
}
