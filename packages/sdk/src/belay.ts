import { type Environment, readSettings } from './settings.ts';
import { startFlags } from './start-flags.ts';
import type { AnyFlags, FlagShape, Flags, StartOptions } from './types.ts';
import { addValue, runUnit } from './unit-scope.ts';
import { createWarningLog } from './warning-log.ts';

/** Entry point of the SDK. */
export interface Belay {
  /**
   * Starts a client and gives its flags. Never throws, never waits, never keeps the process alive. `BELAY_URL`,
   * `BELAY_KEY` and `BELAY_SERVICE` (or `OTEL_SERVICE_NAME`) come from the environment unless given.
   */
  start<Shape extends FlagShape<Shape> = AnyFlags>(options?: StartOptions<Shape>): Flags<Shape>;
  /** Runs a job, command or message as one unit of work, for all clients of this process. */
  unit<Result>(name: string, key: string | undefined, work: () => Result): Result;
  /** Adds a business value to the current unit of work. Says whether there was a unit to add it to. */
  track(name: string, value: number): boolean;
}

/** Guarded flags for a Node service. See {@link Belay.start}. */
export const belay: Belay = { start, unit: runUnit, track: (name, value) => addValue(name, value) === 'added' };

// What `Shape` promises about values is the application's word; at run time each value is checked against its default.
function start<Shape extends FlagShape<Shape> = AnyFlags>(options?: StartOptions<Shape>): Flags<Shape>;
function start(options?: StartOptions<AnyFlags>): Flags<AnyFlags> {
  try {
    return startWith(options, process.env);
  } catch (error) {
    // Options can hold getters and proxies that throw. The application still starts, with its own defaults.
    const inert = startWith(undefined, {});
    emitWarning(
      `belay.start failed, so every flag has its default: ${error instanceof Error ? error.message : 'unknown'}`,
    );
    return inert;
  }
}

function startWith(options: StartOptions<AnyFlags> | undefined, environment: Environment): Flags<AnyFlags> {
  const onWarning = options?.onWarning;
  const warnings = createWarningLog(typeof onWarning === 'function' ? onWarning : emitWarning);
  const read = readSettings(options, environment);
  for (const warning of read.warnings) warnings.add(warning);
  return startFlags({ settings: read.settings, warnings });
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'BelayWarning' });
}
