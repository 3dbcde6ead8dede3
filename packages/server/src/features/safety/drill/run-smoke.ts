import { spawn } from 'node:child_process';
import type { InvariantResult } from '@belay/protocol';

const OUTPUT_CHARACTERS = 300;
/** For what the program wrote before it ended. */
const LAST_WORDS_MS = 200;

export interface SmokeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs: number;
}

/** Runs the user's own check on a restored copy: no shell, its path or URL in BELAY_COPY, exit 0 is good. */
export async function runSmoke(
  command: readonly string[],
  copy: string,
  { signal, deadlineMs }: SmokeOptions,
): Promise<InvariantResult> {
  const [program = '', ...parameters] = command;
  const name = `smoke: ${program}`.slice(0, 80);
  const { promise, resolve } = Promise.withResolvers<InvariantResult>();
  const child = spawn(program, parameters, {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', BELAY_COPY: copy },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  });
  let said = '';
  child.stderr.on('data', (part: Buffer) => {
    said = `${said}${part.toString()}`.slice(-OUTPUT_CHARACTERS);
  });
  child.once('error', (error) => resolve({ name, outcome: 'failed', detail: `It could not be run: ${error.message}` }));
  // What it started may hold its output open and go on; the end of the program itself is what counts.
  child.once('exit', () => void setTimeout(() => child.stderr.destroy(), LAST_WORDS_MS).unref());
  child.once('close', (code, killedBy) => {
    if (code === 0) return resolve({ name, outcome: 'holds', detail: null });
    const end = killedBy === null ? `exit ${code}` : `ended by ${killedBy} (it may take ${deadlineMs / 1000} s)`;
    resolve({ name, outcome: 'broken', detail: `${end}${said === '' ? '' : `: ${said.trim()}`}` });
  });
  return promise;
}
