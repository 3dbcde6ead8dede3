import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BelayError } from '@belay/core';
import type { InputIssue } from '@belay/core';
import type { Policy } from '@belay/core/rollout';
import { belayConfig } from '@belay/protocol';
import type { BelayConfig } from '@belay/protocol';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { checkBackups } from './config/check-backups.ts';
import type { BackupsInput } from './config/check-backups.ts';
import { checkInvariants, withInvariants } from './config/check-invariants.ts';
import { checkPolicy } from './config/check-policy.ts';
import { checkProbes } from './config/check-probes.ts';
import type { CheckSettings, CheckSettingsInput } from './config/check-probes.ts';
import type { InvariantSettings } from './features/safety/invariants/invariant-settings.ts';
import { checkSignals } from './config/check-signals.ts';
import type { SignalSettings, SignalSettingsInput } from './config/check-signals.ts';
import type { PolicyInput } from './config/check-policy.ts';
import { knownKeysAt } from './config/known-keys.ts';
import { readYaml } from './config/read-yaml.ts';
import type { Environment, ReadYaml } from './config/read-yaml.ts';
import { sections, settings } from './config/settings.ts';
import type { Section, Setting } from './config/settings.ts';
import { telemetryOf } from './config/telemetry-settings.ts';
import type { TelemetryInput, TelemetrySettings } from './config/telemetry-settings.ts';
import { suggestKey } from './config/suggest-key.ts';
import type { BackupSettings } from './features/safety/backup-settings.ts';
import { issueOf } from './platform/http/input-issues.ts';

/** The configuration in force: one frozen object with every default filled in. */
export interface Config {
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** Absolute. */
    readonly dataDir: string;
    readonly publicUrl: string | null;
    readonly clickhouseUrl: string | null;
    readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
    readonly bodyLimitBytes: number;
    readonly requestsPerMinute: number;
  };
  readonly policy: Policy;
  readonly telemetry: TelemetrySettings;
  readonly rollouts: NonNullable<BelayConfig['rollouts']>;
  readonly signals: SignalSettings;
  readonly backups: BackupSettings;
  readonly checks: CheckSettings;
  readonly invariants: readonly InvariantSettings[];
  readonly secrets: { readonly setupToken: string | undefined; readonly adminToken: string | undefined };
}

/** A value in force and where it comes from: `default`, `belay.yaml line 3`, `BELAY_PORT`, `command line`. */
export interface ExplainedValue {
  readonly path: string;
  readonly value: unknown;
  readonly origin: string;
}

export interface ConfigSource {
  /** Relative paths start here. */
  readonly cwd: string;
  readonly environment: Environment;
  /** Default: belay.yaml in `cwd`, if there. */
  readonly file?: string | undefined;
  /** From the command line: they win over everything. */
  readonly overrides?: { readonly host?: string; readonly port?: number; readonly data?: string };
}

export interface LoadedConfig {
  readonly config: Config;
  readonly explained: readonly ExplainedValue[];
}

const MEBIBYTE = 1024 * 1024;

/** Reads belay.yaml and the environment; throws `config.invalid` with everything that is wrong at once. */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const file = path.resolve(source.cwd, source.file ?? source.environment['BELAY_CONFIG'] ?? 'belay.yaml');
  const isNamed = source.file !== undefined || source.environment['BELAY_CONFIG'] !== undefined;
  const text = readText(file, isNamed);
  const result = resolve(readYaml(text ?? '', source.environment), source, path.basename(file));
  if ('issues' in result) throw invalid(result.issues, text === undefined ? 'The environment' : file);
  return result;
}

/** Checks the text of a belay.yaml, without the environment's twins. Reports everything that is wrong at once. */
export function validateConfig(
  text: string,
  environment: Environment = {},
): { readonly config: BelayConfig } | { readonly issues: readonly InputIssue[] } {
  const yaml = readYaml(text, environment);
  const result = resolve(yaml, { cwd: '/', environment: {} }, 'belay.yaml');
  return 'issues' in result ? result : { config: belayConfig.parse(yaml.value) };
}

/** The configuration in force with the origin of every value; for `belay config explain` without a server. */
export function explainConfig(source: ConfigSource): readonly ExplainedValue[] {
  return loadConfig(source).explained;
}

function resolve(
  yaml: ReadYaml,
  source: ConfigSource,
  fileName: string,
): LoadedConfig | { readonly issues: readonly InputIssue[] } {
  const merged = merge(yaml, source, fileName);
  const parsed = belayConfig.safeParse(merged.document, { reportInput: true });
  const issues = [...yaml.issues, ...merged.issues, ...(parsed.success ? [] : schemaIssues(parsed.error))];
  if (!parsed.success || issues.length > 0) return { issues: withOrigins(issues, yaml, merged.origins) };
  const complete = completed(parsed.data);
  const checked = checkPolicy(complete.policy);
  const { signals, issues: wrong } = checkSignals(parsed.data.signals ?? {}, complete.signal_settings);
  const server = serverOf(complete.server, source.cwd);
  const safe = checkBackups(complete.backups, { ...source, dataDir: server.dataDir });
  const { checks, issues: unwalkable } = checkProbes(parsed.data.checks ?? {}, complete.check_settings);
  const { invariants, issues: wrongInvariants } = checkInvariants(parsed.data, source.cwd);
  const found = [...checked.issues, ...wrong, ...safe.issues, ...unwalkable, ...wrongInvariants];
  if (found.length > 0) return { issues: withOrigins(found, yaml, merged.origins) };
  const config: Config = {
    server,
    policy: checked.policy,
    telemetry: telemetryOf(complete.telemetry),
    rollouts: parsed.data.rollouts ?? {},
    signals,
    checks,
    backups: withInvariants(safe.backups, invariants),
    invariants,
    secrets: {
      setupToken: source.environment['BELAY_SETUP_TOKEN'],
      adminToken: source.environment['BELAY_ADMIN_TOKEN'],
    },
  };
  return { config: deepFreeze(config), explained: explain(complete, parsed.data, merged.origins) };
}

interface Merged {
  readonly document: Record<string, unknown>;
  /** Origin of each dotted path that is not a default. */
  readonly origins: ReadonlyMap<string, string>;
  readonly issues: readonly InputIssue[];
}

/** Command line over environment over file. */
function merge(yaml: ReadYaml, { environment, overrides = {} }: ConfigSource, fileName: string): Merged {
  const origins = new Map<string, string>();
  const issues: InputIssue[] = [];
  const document = recordOf(yaml.value) ?? {};
  if (recordOf(yaml.value) === undefined)
    issues.push({ path: '', message: 'must be a mapping of keys', mend: 'start with "server:" or "policy:"' });
  for (const section of sections) {
    const given = document[section];
    const values = recordOf(given);
    if (given !== undefined && given !== null && values === undefined) continue;
    const result: Record<string, unknown> = { ...values };
    for (const key of Object.keys(result)) {
      const at = `${section}.${key}`;
      const variable = yaml.substituted.get(at);
      origins.set(
        at,
        variable === undefined ? [fileName, yaml.lineOf(at)].filter(Boolean).join(' ') : `${variable} by ${fileName}`,
      );
    }
    for (const setting of settings.filter((candidate) => candidate.path[0] === section)) {
      const value = environmentValue(setting, environment, issues);
      if (value === undefined) continue;
      result[setting.path[1]] = value;
      origins.set(setting.path.join('.'), setting.variable);
    }
    for (const [key, value] of section === 'server' ? Object.entries(overrides) : []) {
      if (value === undefined) continue;
      result[key] = value;
      origins.set(`server.${key}`, 'command line');
    }
    document[section] = result;
  }
  for (const name of ['rollouts', 'signals', 'checks', 'invariants'])
    if (document[name] === null) delete document[name];
  return { document, origins, issues };
}

function environmentValue(setting: Setting, environment: Environment, issues: InputIssue[]): unknown {
  const text = environment[setting.variable];
  if (text === undefined || text === '') return undefined;
  if (setting.reads === 'text') return text;
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    issues.push({
      path: setting.path.join('.'),
      message: `${setting.variable} is not readable: ${error.message}`,
      seen: text.slice(0, 80),
    });
    return undefined;
  }
}

function schemaIssues(error: z.ZodError): InputIssue[] {
  return error.issues.flatMap((issue): InputIssue[] => {
    if (issue.code !== 'unrecognized_keys') return [issueOf(issue)];
    const known = knownKeysAt(issue.path);
    return issue.keys.map((key) => {
      const near = suggestKey(key, known);
      return {
        path: [...issue.path.map(String), key].join('.'),
        message: 'is not a known key',
        seen: key,
        mend: near === undefined ? `use one of ${known.join(', ')}` : `did you mean "${near}"?`,
      };
    });
  });
}

/** Says where a wrong value was written: the line, or the variable. */
function withOrigins(
  issues: readonly InputIssue[],
  yaml: ReadYaml,
  origins: ReadonlyMap<string, string>,
): InputIssue[] {
  return issues.map((issue) => {
    const origin = origins.get(issue.path);
    const place = origin?.startsWith('BELAY_') === true || origin === 'command line' ? origin : yaml.lineOf(issue.path);
    return place === undefined ? issue : { ...issue, message: `${issue.message} (${place})` };
  });
}

interface Complete {
  readonly server: ServerInput;
  readonly policy: PolicyInput;
  readonly telemetry: TelemetryInput;
  readonly signal_settings: SignalSettingsInput;
  readonly backups: BackupsInput;
  readonly check_settings: CheckSettingsInput;
}

function completed(given: BelayConfig): Complete {
  const section = (name: Section): Record<string, unknown> => ({
    ...Object.fromEntries(
      settings.filter(({ path: at }) => at[0] === name).map(({ path: at, fallback }) => [at[1], fallback]),
    ),
    ...given[name],
  });
  // Decoder: the schema has checked what was given, and the table of settings fills in the rest.
  return Object.fromEntries(sections.map((name) => [name, section(name)])) as unknown as Complete;
}

interface ServerInput {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly public_url: string | null;
  readonly clickhouse_url: string | null;
  readonly log_level: Config['server']['logLevel'];
  readonly body_limit_mb: number;
  readonly requests_per_minute: number;
}

function serverOf(input: ServerInput, cwd: string): Config['server'] {
  return {
    host: input.host,
    port: input.port,
    dataDir: path.resolve(cwd, input.data),
    publicUrl: input.public_url?.replace(/\/+$/, '') ?? null,
    clickhouseUrl: input.clickhouse_url,
    logLevel: input.log_level,
    bodyLimitBytes: input.body_limit_mb * MEBIBYTE,
    requestsPerMinute: input.requests_per_minute,
  };
}

function explain(complete: Complete, given: BelayConfig, origins: ReadonlyMap<string, string>): ExplainedValue[] {
  const values = settings.map(({ path: [section, key] }): ExplainedValue => {
    const at = `${section}.${key}`;
    const value: unknown = Object.entries(complete[section]).find(([name]) => name === key)?.[1];
    return { path: at, value: withoutPassword(value), origin: origins.get(at) ?? 'default' };
  });
  const named = (['rollouts', 'signals', 'checks'] as const).flatMap((section) =>
    Object.entries(given[section] ?? {}).map(([name, value]) => ({
      path: `${section}.${name}`,
      value,
      origin: 'belay.yaml',
    })),
  );
  return [...values, ...named];
}

function withoutPassword(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPassword);
  const record = recordOf(value);
  if (record !== undefined)
    return Object.fromEntries(Object.entries(record).map(([key, part]) => [key, withoutPassword(part)]));
  if (typeof value !== 'string' || !URL.canParse(value) || new URL(value).password === '') return value ?? null;
  const url = new URL(value);
  url.password = '(hidden)';
  return url.href;
}

function readText(file: string, isNamed: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing && !isNamed) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new BelayError('config.invalid', `The configuration ${file} cannot be read: ${why}`, {
      hint: 'Name a file that exists, or leave the option out to go without one.',
      cause: error,
    });
  }
}

function invalid(issues: readonly InputIssue[], place: string): BelayError {
  const lines = issues.map(({ path: at, message, seen, mend }) =>
    [
      `  ${at === '' ? '(file)' : at} ${message}`,
      seen === undefined ? '' : `; seen ${seen}`,
      mend === undefined ? '' : `; ${mend}`,
    ].join(''),
  );
  return new BelayError('config.invalid', `${place} has ${issues.length} to mend:\n${lines.join('\n')}`, {
    hint: 'Mend the lines above; "belay config validate" checks without a start.',
    issues,
  });
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
