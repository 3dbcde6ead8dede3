import type { LogsOptions, ShipOptions, SystemLogOptions } from './types.ts';

/** Options with their defaults. */
export interface ReadLogsOptions {
  readonly directory: string;
  readonly systems: ReadonlyMap<string, Required<SystemLogOptions>>;
  readonly service: string;
  readonly retentionDays: number;
  readonly auditRetentionDays: number;
  readonly hasErrorsFile: boolean;
  readonly isRedacted: boolean;
  readonly ship: { readonly url: URL; readonly key: string | undefined } | undefined;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** Files of these names are written beside those of the systems. */
export const RESERVED_NAMES: readonly string[] = ['errors', 'audit'];

/**
 * Checks the options of {@link openLogs}.
 * @throws TypeError that names the option, the value seen and what would be right: a log that cannot be opened as asked
 * is found at the start, not when it is needed.
 */
export function readLogsOptions(
  options: LogsOptions,
  environment: Readonly<Record<string, string | undefined>>,
): ReadLogsOptions {
  if (typeof options.directory !== 'string' || options.directory.trim() === '')
    throw wrong('directory', options.directory, 'a path such as "./logs"');
  const level = levelOf('level', options.level ?? 'info');
  const named = namesOf(options.systems);
  const systems = new Map(
    named.map(([name, system]) => [
      systemName(name),
      { level: levelOf(`systems.${name}.level`, system.level ?? level) },
    ]),
  );
  if (systems.size === 0 || systems.size > 200) throw wrong('systems', named.length, '1 to 200 names');
  const service =
    options.service ??
    environment['BELAY_SERVICE'] ??
    environment['OTEL_SERVICE_NAME'] ??
    environment['npm_package_name'];
  return {
    directory: options.directory,
    systems,
    service: (service ?? 'unknown_service').slice(0, 128),
    retentionDays: daysOf('retentionDays', options.retentionDays ?? 30, 3650),
    auditRetentionDays: daysOf('auditRetentionDays', options.auditRetentionDays ?? 400, 36_500),
    hasErrorsFile: options.errorsFile ?? true,
    isRedacted: options.redact ?? true,
    ship: shipOf(options.ship, environment),
  };
}

function namesOf(systems: LogsOptions['systems']): readonly (readonly [string, SystemLogOptions])[] {
  if (Array.isArray(systems)) return systems.map((name: string) => [name, {}]);
  if (typeof systems === 'object' && systems !== null) return Object.entries(systems);
  throw wrong('systems', systems, 'a list of names, e.g. ["bot", "payments"]');
}

function systemName(name: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name))
    throw wrong('systems', name, 'names of 1 to 64 letters, digits, "-" and "_"');
  if (RESERVED_NAMES.includes(name))
    throw wrong('systems', name, `a name other than ${RESERVED_NAMES.join(' and ')}, which have files already`);
  return name;
}

function levelOf(field: string, level: unknown): Required<SystemLogOptions>['level'] {
  const found = LEVELS.find((known) => known === level);
  if (found === undefined) throw wrong(field, level, `one of ${LEVELS.join(', ')}`);
  return found;
}

function daysOf(field: string, days: unknown, most: number): number {
  if (typeof days === 'number' && Number.isInteger(days) && days >= 1 && days <= most) return days;
  throw wrong(field, days, `a whole number from 1 to ${most}`);
}

function shipOf(
  ship: boolean | ShipOptions | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): ReadLogsOptions['ship'] {
  const given: ShipOptions = typeof ship === 'object' ? ship : {};
  const text = given.url ?? environment['BELAY_URL'];
  if (ship === false || (ship === undefined && text === undefined)) return undefined;
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw wrong('ship.url', text, 'an address such as https://belay.example:4600, or BELAY_URL in the environment');
  }
  return { url, key: given.key ?? environment['BELAY_KEY'] };
}

function wrong(field: string, seen: unknown, wanted: string): TypeError {
  const shown = (JSON.stringify(seen) ?? String(seen)).slice(0, 80);
  return new TypeError(`openLogs: "${field}" is ${shown}; it should be ${wanted}.`);
}
