import { randomBytes } from 'node:crypto';
import os from 'node:os';
import type { StartOptions } from './types.ts';

/** Checked settings of a client. */
export interface Settings {
  readonly url: URL | undefined;
  readonly key: string | undefined;
  readonly service: string;
  readonly instance: string;
  readonly bootstrap: string | object | undefined;
  readonly defaults: Readonly<Record<string, unknown>>;
  /** `undefined`: the default place; `false`: nowhere. */
  readonly snapshotFile: string | false | undefined;
  readonly http: boolean;
  readonly heartbeatMs: number;
  readonly maxSnapshotBytes: number;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads options over environment over defaults. What is not valid is told in `warnings` and left out; never throws. */
export function readSettings(
  raw: unknown,
  environment: Environment,
): { readonly settings: Settings; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const options: Readonly<Record<string, unknown>> = isRecord(raw) ? raw : {};
  if (raw !== undefined && !isRecord(raw))
    warnings.push(`the options of belay.start should be an object, not ${shown(raw)}`);
  for (const name of Object.keys(options)) {
    if (!(name in known)) warnings.push(`there is no option "${name}"; use one of ${Object.keys(known).join(', ')}`);
  }
  const text = (name: keyof StartOptions<unknown>, ...variables: readonly string[]): string | undefined =>
    readText({ name, value: options[name], variables, environment, warnings });
  const url = readUrl(text('url', 'BELAY_URL'), warnings);
  const service = text('service', 'BELAY_SERVICE', 'OTEL_SERVICE_NAME', 'npm_package_name');
  if (service === undefined && url !== undefined) {
    warnings.push('the service has no name, so it is "unknown_service"; set BELAY_SERVICE or the option "service"');
  }
  const key = text('key', 'BELAY_KEY');
  if (url !== undefined && key === undefined) warnings.push('there is no token; set BELAY_KEY or the option "key"');
  const settings: Settings = {
    url,
    key,
    service: (service ?? 'unknown_service').slice(0, 128),
    instance: (text('instance', 'BELAY_INSTANCE') ?? defaultInstance()).slice(0, 128),
    bootstrap: readBootstrap(options['bootstrap'], warnings),
    defaults: isRecord(options['defaults']) ? options['defaults'] : {},
    snapshotFile: options['snapshotFile'] === false ? false : text('snapshotFile', 'BELAY_SNAPSHOT_FILE'),
    http: options['http'] !== false,
    heartbeatMs: readNumber(options, 'heartbeatMs', { fallback: 15_000, least: 100, most: 300_000 }, warnings),
    maxSnapshotBytes: readNumber(
      options,
      'maxSnapshotBytes',
      { fallback: 4 * 1024 * 1024, least: 1024, most: 64 * 1024 * 1024 },
      warnings,
    ),
  };
  return { settings, warnings };
}

const known: Readonly<Record<keyof StartOptions<unknown>, true>> = {
  url: true,
  key: true,
  service: true,
  instance: true,
  bootstrap: true,
  defaults: true,
  snapshotFile: true,
  http: true,
  heartbeatMs: true,
  maxSnapshotBytes: true,
  onWarning: true,
};

interface TextSource {
  readonly name: string;
  readonly value: unknown;
  readonly variables: readonly string[];
  readonly environment: Environment;
  readonly warnings: string[];
}

function readText({ name, value, variables, environment, warnings }: TextSource): string | undefined {
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  if (value !== undefined && typeof value !== 'string' && name !== 'snapshotFile') {
    warnings.push(`the option "${name}" should be text, not ${shown(value)}`);
  }
  for (const variable of variables) {
    const found = environment[variable]?.trim();
    if (found !== undefined && found !== '') return found;
  }
  return undefined;
}

function readUrl(text: string | undefined, warnings: string[]): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  warnings.push(
    `the address "${text.slice(0, 100)}" is not used; BELAY_URL should look like https://belay.example:4600`,
  );
  return undefined;
}

function readBootstrap(value: unknown, warnings: string[]): string | object | undefined {
  if (value === undefined || typeof value === 'string' || isRecord(value)) return value;
  warnings.push(`the option "bootstrap" should be a path, flagd document or snapshot, not ${shown(value)}`);
  return undefined;
}

interface NumberBounds {
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
}

function readNumber(
  options: Readonly<Record<string, unknown>>,
  name: 'heartbeatMs' | 'maxSnapshotBytes',
  { fallback, least, most }: NumberBounds,
  warnings: string[],
): number {
  const value = options[name];
  if (value === undefined) return fallback;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  warnings.push(
    `the option "${name}" should be a number from ${least} to ${most}, not ${shown(value)}; it is ${fallback}`,
  );
  return fallback;
}

/** Names this process among others of its service. */
export function defaultInstance(): string {
  return `${os.hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
  return text.slice(0, 60);
}
