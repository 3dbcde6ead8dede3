import path from 'node:path';
import type { InputIssue } from '@belay/core';
import { defaultBackupRetention, type BackupRetention } from '@belay/core/backup';
import { parseDuration } from '@belay/core/rollout';
import type { BackupRetentionConfig, BackupSourceConfig, DestinationConfig, InvariantConfig } from '@belay/protocol';
import { Cron } from 'croner';
import type { BackupSettings, BackupSource, DestinationSettings } from '../features/safety/backup-settings.ts';
import type { Environment } from './read-yaml.ts';

/** `backups` of belay.yaml with every default filled in. */
export interface BackupsInput {
  readonly sources: Readonly<Record<string, BackupSourceConfig>>;
  readonly destinations: Readonly<Record<string, DestinationConfig>>;
  readonly own_store: boolean;
  readonly schedule: string;
  readonly timezone: string | null;
  readonly jitter: string;
  readonly deadline: string;
  readonly max_age: string;
  readonly work_folder: string | null;
  readonly recipients: readonly string[];
  readonly identity_file: string | null;
  readonly retention: BackupRetentionConfig;
}

export interface BackupSurroundings {
  readonly cwd: string;
  readonly dataDir: string;
  readonly environment: Environment;
}

/** Name of Belay's own control store among the sources. */
export const OWN_SOURCE = 'belay';
const DEFAULT_DESTINATION = 'local';
const OFF = 'off';

/** Turns `backups` of belay.yaml into what the server works with, and refuses what could never run. */
export function checkBackups(
  input: BackupsInput,
  surroundings: BackupSurroundings,
): { readonly backups: BackupSettings; readonly issues: readonly InputIssue[] } {
  const { cwd, dataDir } = surroundings;
  const issues: InputIssue[] = [];
  const destinations = destinationsOf(input, surroundings, issues);
  const places = destinations.map(({ name }) => name);
  const named = Object.entries(input.sources).map(([name, config]) =>
    sourceOf({ name, config, input, places, cwd }, issues),
  );
  if (input.own_store && named.some(({ name }) => name === OWN_SOURCE))
    issues.push({
      path: `backups.sources.${OWN_SOURCE}`,
      message: "is the name of Belay's own store",
      mend: 'choose another name, or set backups.own_store to false',
    });
  checkCron(input.schedule, input.timezone, 'backups.schedule', issues);
  const own = input.own_store ? [ownSource(input, places, dataDir)] : [];
  return {
    backups: {
      sources: [...named, ...own],
      destinations,
      timezone: input.timezone,
      jitterMs: msOf(input.jitter),
      workFolder: workFolderOf(input, { cwd, dataDir }),
      recipients: input.recipients,
      identityFile: input.identity_file === null ? null : path.resolve(cwd, input.identity_file),
      retention: retentionOf(input.retention),
    },
    issues,
  };
}

/** It is cleared at each start, so in a folder of the user only a folder of our own is used. */
function workFolderOf(
  { work_folder }: BackupsInput,
  { cwd, dataDir }: Omit<BackupSurroundings, 'environment'>,
): string {
  return work_folder === null
    ? path.join(dataDir, 'backup-work')
    : path.join(path.resolve(cwd, work_folder), 'belay-backup-work');
}

function destinationsOf(
  { destinations }: BackupsInput,
  { cwd, dataDir, environment }: BackupSurroundings,
  issues: InputIssue[],
): readonly DestinationSettings[] {
  const named = Object.entries(destinations).map(([name, config]): DestinationSettings => {
    const secrets = Object.fromEntries(
      variablesOf(config).flatMap((variable) => {
        const value = environment[variable];
        if (value !== undefined && value !== '') return [[variable, value]];
        issues.push({
          path: `backups.destinations.${name}`,
          message: `needs the environment variable ${variable}, which is not set`,
          mend: `set ${variable} where Belay runs`,
        });
        return [];
      }),
    );
    const resolved = config.type === 'folder' ? { ...config, path: path.resolve(cwd, config.path) } : config;
    return { name, config: resolved, secrets, isDefault: false };
  });
  if (named.length > 0) return named;
  const folder = path.join(dataDir, 'backups');
  return [{ name: DEFAULT_DESTINATION, config: { type: 'folder', path: folder }, secrets: {}, isDefault: true }];
}

/** Environment variables that hold a destination's secrets. */
function variablesOf(config: DestinationConfig): readonly string[] {
  if (config.type === 's3')
    return [config.access_key_env ?? 'AWS_ACCESS_KEY_ID', config.secret_key_env ?? 'AWS_SECRET_ACCESS_KEY'];
  return [];
}

interface Named {
  readonly name: string;
  readonly config: BackupSourceConfig;
  readonly input: BackupsInput;
  readonly places: readonly string[];
  readonly cwd: string;
}

function sourceOf({ name, config, input, places, cwd }: Named, issues: InputIssue[]): BackupSource {
  const at = `backups.sources.${name}`;
  const schedule = config.schedule ?? input.schedule;
  if (schedule !== OFF) checkCron(schedule, input.timezone, `${at}.schedule`, issues);
  for (const place of config.destinations ?? [])
    if (!places.includes(place))
      issues.push({
        path: `${at}.destinations`,
        message: 'names a destination that is not there',
        seen: place,
        mend: `use one of ${places.join(', ')}`,
      });
  if (config.auto_restore?.enabled === true)
    issues.push({
      path: `${at}.auto_restore.enabled`,
      message: 'is not there yet: nothing is restored by itself',
      mend: 'take it out; restore with `belay backup restore`',
    });
  if (config.type === 'postgres' && !/^postgres(ql)?:\/\//.test(config.url))
    issues.push({
      path: `${at}.url`,
      message: 'is no URL of PostgreSQL',
      mend: 'write postgres://user@host/database',
    });
  return {
    name,
    database:
      config.type === 'sqlite'
        ? { engine: 'sqlite', path: path.resolve(cwd, config.path) }
        : { engine: 'postgres', url: config.url, bin: config.bin === undefined ? null : path.resolve(cwd, config.bin) },
    isOwn: false,
    schedule: schedule === OFF ? null : schedule,
    destinations: config.destinations ?? places,
    invariants: Object.entries(config.invariants ?? {}).map(([title, invariant]) => invariantOf(title, invariant)),
    smoke: config.smoke ?? null,
    deadlineMs: msOf(config.deadline ?? input.deadline),
    maxAgeMs: msOf(config.max_age ?? input.max_age),
    autoRestore: {
      isEnabled: config.auto_restore?.enabled ?? false,
      maxLossMs: msOf(config.auto_restore?.max_loss ?? '5m'),
    },
  };
}

function invariantOf(name: string, invariant: InvariantConfig): BackupSource['invariants'][number] {
  if (typeof invariant === 'string') return { name, sql: invariant, min: null, max: null };
  return { name, sql: invariant.sql, min: invariant.min ?? null, max: invariant.max ?? null };
}

function ownSource(input: BackupsInput, places: readonly string[], dataDir: string): BackupSource {
  return {
    name: OWN_SOURCE,
    database: { engine: 'sqlite', path: path.join(dataDir, 'belay.db') },
    isOwn: true,
    schedule: input.schedule === OFF ? null : input.schedule,
    destinations: places,
    invariants: [],
    smoke: null,
    deadlineMs: msOf(input.deadline),
    maxAgeMs: msOf(input.max_age),
    autoRestore: { isEnabled: false, maxLossMs: 0 },
  };
}

function checkCron(schedule: string, timezone: string | null, at: string, issues: InputIssue[]): void {
  if (schedule === OFF) return;
  try {
    const cron = new Cron(schedule, { paused: true, mode: '5-part', ...(timezone === null ? {} : { timezone }) });
    if (cron.nextRun() !== null) return;
    issues.push({ path: at, message: 'never comes', seen: schedule, mend: 'write cron such as "17 3 * * *"' });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    issues.push({
      path: at,
      message: `is no schedule: ${why}`,
      seen: schedule,
      mend: 'write five fields of cron such as "17 3 * * *", or "off"',
    });
  }
}

function retentionOf(given: BackupRetentionConfig): BackupRetention {
  const { last, hourly, daily, weekly, monthly, yearly } = { ...defaultBackupRetention, ...withoutUndefined(given) };
  return {
    ...defaultBackupRetention,
    last,
    hourly,
    daily,
    weekly,
    monthly,
    yearly,
    preMigration: given.pre_migration ?? defaultBackupRetention.preMigration,
    minProven: given.min_proven ?? defaultBackupRetention.minProven,
  };
}

function withoutUndefined(given: BackupRetentionConfig): Partial<BackupRetention> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function msOf(text: string): number {
  return parseDuration(text) ?? 0;
}
