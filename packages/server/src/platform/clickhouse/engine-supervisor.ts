import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type EngineSettings, engineMessageOf } from './engine-message.ts';
import type { EngineLog, EngineStatus } from './telemetry-engine-types.ts';

export interface EngineSupervisorOptions {
  readonly settings: EngineSettings;
  readonly log: EngineLog;
  /** Called each time the engine process is gone, before it is started anew. */
  readonly onExit: () => void;
  /** Called each time the engine answers. */
  readonly onReady: () => void;
}

/** Keeps one engine process running until it is closed. */
export interface EngineSupervisor {
  status(): EngineStatus;
  pid(): number | undefined;
  /** Ends the process at once; a new one is started. Resolves when the old one is gone. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 5_000;
const DOWN_AFTER = 20;
const PULSE_MS = 1000;
/** Pulses left unanswered after which the process is stuck. Queries run beside its event loop and delay none. */
const PULSES_MISSED = 8;

/** Starts the engine process and starts it again whenever it ends. */
export function createEngineSupervisor(options: EngineSupervisorOptions): EngineSupervisor {
  const { settings, log } = options;
  let child: ChildProcess | undefined;
  let status: EngineStatus = 'starting';
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  const start = (): void => {
    timer = undefined;
    const started = launch(settings);
    child = started;
    started.on('message', (value) => {
      const message = engineMessageOf(value);
      if (message?.type === 'failed') log.warn({ reason: message.message }, 'telemetry engine could not start');
      if (message?.type === 'mended') log.error({ what: message.message }, 'telemetry engine found damage on disk');
      if (message?.type !== 'ready') return;
      failures = 0;
      status = 'ready';
      watchPulse(started, log);
      log.info({ pid: started.pid }, 'telemetry engine is ready');
      options.onReady();
    });
    started.on('error', (err) => log.error({ err }, 'telemetry engine process failed'));
    started.once('exit', (code, signal) => ended(code, signal));
  };
  const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
    child = undefined;
    options.onExit();
    if (status === 'closed') return;
    failures += 1;
    status = failures > DOWN_AFTER ? 'down' : 'starting';
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 1.5 ** (failures - 1));
    log.warn({ code, signal, delayMs }, 'telemetry engine ended and is started again');
    timer = setTimeout(start, delayMs);
  };

  mkdirSync(settings.dataPath, { recursive: true, mode: 0o700 });
  start();
  return {
    status: () => status,
    pid: () => child?.pid,
    async restart() {
      await stop(child);
    },
    async close() {
      status = 'closed';
      clearTimeout(timer);
      await stop(child);
      rmSync(settings.socketPath, { force: true });
    },
  };
}

/**
 * Ends a process that has stopped answering; another one takes its place. Counts pulses and not time, so that a pause
 * of this process is not taken for one of the other.
 */
function watchPulse(child: ChildProcess, log: EngineLog): void {
  let missed = 0;
  const pulse = setInterval(() => {
    if (!child.connected) return;
    missed += 1;
    if (missed > PULSES_MISSED) {
      log.error({ pid: child.pid }, 'telemetry engine does not answer and is replaced');
      child.kill('SIGKILL');
    } else child.send({ type: 'pulse' }, ignoreClosed);
  }, PULSE_MS);
  pulse.unref();
  child.on('message', (value) => {
    if (engineMessageOf(value)?.type === 'alive') missed = 0;
  });
  child.once('exit', () => clearInterval(pulse));
}

/** The channel closes when the process ends, which is told by its exit. */
function ignoreClosed(): void {}

function launch(settings: EngineSettings): ChildProcess {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`./engine-process.${extension}`, import.meta.url));
  const execArgv = extension === 'ts' ? ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'] : [];
  return fork(file, [JSON.stringify(settings)], {
    execPath: process.execPath,
    execArgv,
    // Each running query holds a thread of the pool; the default of four would also block file reads.
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TZ: 'UTC', UV_THREADPOOL_SIZE: '16' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** SIGKILL, because the engine ignores polite signals and every commit is safe at any moment. */
async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await gone;
}
