import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir } from 'node:fs/promises';
import { pino, type Logger, type StreamEntry } from 'pino';
import { systemClock } from '../clock.ts';
import { defaultInstance } from '../settings.ts';
import { createTransport } from '../transport.ts';
import { sdkVersion } from '../version.ts';
import { createWarningLog } from '../warning-log.ts';
import { captureConsole } from './console-capture.ts';
import { createLogShipper, type LogShipper } from './log-shipper.ts';
import { pruneFiles } from './prune-files.ts';
import { type ReadLogsOptions, readLogsOptions, RESERVED_NAMES } from './read-options.ts';
import { redacting } from './redact-record.ts';
import { openRollingFile, type RollingFile } from './rolling-file.ts';
import { activeTraceIds } from './trace-context.ts';
import type { Logs, LogsOptions } from './types.ts';

const DAY_MS = 86_400_000;

/**
 * Opens one log file a system, begun anew each day, kept for `retentionDays`; errors of all systems in one more, audit
 * records in another. Where Belay is named, copies are sent to it as OpenTelemetry logs, never at the cost of the
 * application: what cannot be sent is counted, and the files have it. Needs `pino` and `pino-roll` beside this package.
 * @throws TypeError for options that are not right, with the field, the value seen and the mend; the error of the file
 * system where the folder or a file cannot be made.
 */
export async function openLogs(options: LogsOptions): Promise<Logs> {
  const read = readLogsOptions(options, process.env);
  const warnings = createWarningLog(options.onWarning ?? emitWarning);
  await mkdir(read.directory, { recursive: true });
  const prune = (): Promise<void> => pruneAll(read, warnings.add);
  await prune();
  const files = await openFiles(read, warnings.add);
  const pruning = setInterval(() => void prune(), DAY_MS).unref();
  const shipper = read.ship === undefined ? undefined : openShipper(read, read.ship, warnings.add);
  const redacted = new Map<string, number>();
  const rules = read.isRedacted ? redacting(redacted) : {};
  const loggers = createLoggers({ read, files, shipper, rules });
  const audit = pino(
    { ...rules, base: { service: read.service }, timestamp: pino.stdTimeFunctions.isoTime },
    fileOf(files, 'audit'),
  );
  const current = new AsyncLocalStorage<Logger>();
  const captures: (() => void)[] = [];
  const system = (name: string): Logger => {
    const logger = loggers.get(name);
    if (logger !== undefined) return logger;
    throw new RangeError(`There is no system "${name}" in these logs; there are ${[...loggers.keys()].join(', ')}.`);
  };
  return {
    system,
    audit: ({ action, actor, target, details }) => audit.info({ actor, target, details }, action),
    captureConsole(name) {
      const fallback = system(name);
      const stop = captureConsole(console, () => current.getStore() ?? fallback);
      captures.push(stop);
      return stop;
    },
    within: (name, work) => current.run(system(name), work),
    lost: () => ({
      file: [...files.values()].reduce((sum, file) => sum + file.lost(), 0),
      shipping: shipper?.lost() ?? 0,
    }),
    redacted: () => Object.fromEntries(redacted),
    async close(deadlineMs = 2000) {
      clearInterval(pruning);
      // Newest first, so that wrappers come off in the order in which they were put on.
      for (const stop of captures.splice(0).toReversed()) stop();
      await shipper?.close(deadlineMs);
      await Promise.all([...files.values()].map((file) => file.close()));
    },
  };
}

async function openFiles(
  read: ReadLogsOptions,
  warn: (message: string) => void,
): Promise<ReadonlyMap<string, RollingFile>> {
  const names = [...read.systems.keys(), 'audit', ...(read.hasErrorsFile ? ['errors'] : [])];
  const files = new Map<string, RollingFile>();
  for (const name of names) {
    files.set(name, await openRollingFile({ directory: read.directory, name, isSynced: name === 'audit', warn }));
  }
  return files;
}

function openShipper(
  { service }: ReadLogsOptions,
  { url, key }: NonNullable<ReadLogsOptions['ship']>,
  warn: (message: string) => void,
): LogShipper {
  return createLogShipper({
    transport: createTransport({ url, key, sdkVersion }),
    clock: systemClock,
    random: Math.random,
    sender: { service, instance: process.env['BELAY_INSTANCE'] ?? defaultInstance(), sdkVersion },
    warn,
  });
}

interface LoggerParts {
  readonly read: ReadLogsOptions;
  readonly files: ReadonlyMap<string, RollingFile>;
  readonly shipper: LogShipper | undefined;
  /** What takes secrets out. */
  readonly rules: Partial<ReturnType<typeof redacting>>;
}

function createLoggers({ read, files, shipper, rules }: LoggerParts): ReadonlyMap<string, Logger> {
  const errors = files.get('errors');
  return new Map(
    [...read.systems].map(([name, { level }]) => {
      const streams: StreamEntry[] = [
        { level, stream: fileOf(files, name) },
        ...(errors === undefined ? [] : [{ level: 'error' as const, stream: errors }]),
        ...(shipper === undefined ? [] : [{ level, stream: shipper }]),
      ];
      const base = { service: read.service, system: name, pid: process.pid };
      return [name, pino({ ...rules, level, base, mixin: () => ({ ...activeTraceIds() }) }, pino.multistream(streams))];
    }),
  );
}

function fileOf(files: ReadonlyMap<string, RollingFile>, name: string): RollingFile {
  const file = files.get(name);
  if (file === undefined) throw new RangeError(`There is no log file of "${name}".`);
  return file;
}

async function pruneAll(read: ReadLogsOptions, warn: (message: string) => void): Promise<void> {
  const { directory, systems, retentionDays, auditRetentionDays } = read;
  const ordinary = [...systems.keys(), ...RESERVED_NAMES.filter((name) => name !== 'audit')];
  const now = Date.now();
  try {
    await pruneFiles({ directory, names: ordinary, days: retentionDays, now });
    await pruneFiles({ directory, names: ['audit'], days: auditRetentionDays, now });
  } catch (error) {
    warn(`old log files could not be removed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'BelayWarning' });
}
