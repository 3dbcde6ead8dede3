import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { CliFailure } from '../failure.ts';
import { exitCode } from '../exit-code.ts';

export interface ChildSpec {
  readonly name: string;
  readonly script: string;
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Everything the child prints goes here. */
  readonly logFile: string;
}

export interface Child {
  readonly process: ChildProcess;
  readonly logFile: string;
  /** The first message that `read` understands. Fails when the child ends before. */
  first<T>(read: (message: unknown) => T | undefined, timeoutMs: number): Promise<T>;
  /** Asks it to end, and insists after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  /** As if the power went. */
  killNow(): Promise<void>;
}

const GRACE_MS = 8_000;
const LOG_TAIL = 600;

/** Starts a script of ours in a process of its own, with the runtime and the conditions of this one. */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const log = await open(spec.logFile, 'a');
  const child = fork(spec.script, spec.arguments ?? [], {
    cwd: spec.cwd,
    env: { ...process.env, ...spec.environment },
    execArgv: process.execArgv,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
    // Its own group: Ctrl-C goes to the demo alone, which ends its children in order.
    detached: true,
  });
  await log.close();
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('error', () => undefined);

  async function stop(graceMs = GRACE_MS): Promise<void> {
    if (hasEnded(child)) return;
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(insist);
  }

  async function killNow(): Promise<void> {
    if (hasEnded(child)) return;
    child.kill('SIGKILL');
    await ended;
  }

  return {
    process: child,
    logFile: spec.logFile,
    first: (read, timeoutMs) => first(child, spec, { read, timeoutMs }),
    stop,
    killNow,
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

interface Awaited<T> {
  readonly read: (message: unknown) => T | undefined;
  readonly timeoutMs: number;
}

function first<T>(child: ChildProcess, spec: ChildSpec, { read, timeoutMs }: Awaited<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => finish(() => reject(notReady(spec, `said nothing for ${timeoutMs / 1000} s`))),
      timeoutMs,
    );
    const onMessage = (message: unknown): void => {
      const value = read(message);
      if (value !== undefined) finish(() => resolve(value));
    };
    const onExit = (code: number | null): void => finish(() => reject(notReady(spec, `ended with code ${code}`)));
    function finish(settle: () => void): void {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      settle();
    }
    child.on('message', onMessage);
    child.once('exit', onExit);
  });
}

function notReady(spec: ChildSpec, why: string): CliFailure {
  return new CliFailure({
    code: 'server.failed',
    exitCode: exitCode.failed,
    what: `${spec.name} did not start.`,
    why: `It ${why}. The last it printed: ${lastPrinted(spec.logFile)}`,
    fix: `belay demo --keep   (then read ${path.basename(spec.logFile)} in the folder it keeps)`,
  });
}

/** The folder may be gone when somebody reads the message, so it carries the end of the log itself. */
function lastPrinted(logFile: string): string {
  return readFileSync(logFile, 'utf8').trim().slice(-LOG_TAIL);
}
