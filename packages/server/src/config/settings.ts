/** Sections whose values have defaults. */
export const sections = ['server', 'policy', 'telemetry', 'signal_settings', 'check_settings', 'backups'] as const;
export type Section = (typeof sections)[number];

/** One value of belay.yaml that has a default and a twin in the environment. */
export interface Setting {
  readonly path: readonly [section: Section, key: string];
  readonly variable: string;
  readonly fallback: unknown;
  /** How the environment's text is read: as it stands, or as YAML (numbers, lists, mappings). */
  readonly reads: 'text' | 'yaml';
}

/** Every setting but rollouts. Defaults are safe: this machine alone, balanced policy. */
export const settings: readonly Setting[] = [
  // Only this machine until told otherwise: a token in the clear must not cross a network by default.
  text('server', 'host', 'BELAY_HOST', '127.0.0.1'),
  yaml('server', 'port', 'BELAY_PORT', 4600),
  text('server', 'data', 'BELAY_DATA', './.belay'),
  text('server', 'public_url', 'BELAY_PUBLIC_URL', null),
  text('server', 'clickhouse_url', 'BELAY_CLICKHOUSE_URL', null),
  text('server', 'log_level', 'BELAY_LOG_LEVEL', 'info'),
  // What the official OpenTelemetry collector sends at most by default, with room.
  yaml('server', 'body_limit_mb', 'BELAY_BODY_LIMIT_MB', 64),
  // One SDK instance sends about 70 a minute; 400 instances may share one token.
  yaml('server', 'requests_per_minute', 'BELAY_REQUESTS_PER_MINUTE', 30_000),
  text('policy', 'profile', 'BELAY_POLICY_PROFILE', 'balanced'),
  text('policy', 'environment', 'BELAY_POLICY_ENVIRONMENT', 'production'),
  yaml('policy', 'freeze', 'BELAY_POLICY_FREEZE', []),
  yaml('policy', 'cooldown', 'BELAY_POLICY_COOLDOWN', null),
  yaml('policy', 'max_attempts', 'BELAY_POLICY_MAX_ATTEMPTS', 3),
  text('policy', 'false_rollback', 'BELAY_POLICY_FALSE_ROLLBACK', '1%'),
  yaml('policy', 'warn_at', 'BELAY_POLICY_WARN_AT', 10),
  text('policy', 'lease', 'BELAY_POLICY_LEASE', '60s'),
  text('policy', 'minimum_soak', 'BELAY_POLICY_MINIMUM_SOAK', '0s'),
  yaml('signal_settings', 'starter', 'BELAY_SIGNALS_STARTER', true),
  yaml('signal_settings', 'prometheus', 'BELAY_SIGNALS_PROMETHEUS', []),
  text('signal_settings', 'tolerance', 'BELAY_SIGNALS_TOLERANCE', '2%'),
  yaml('check_settings', 'hosts', 'BELAY_CHECKS_HOSTS', []),
  yaml('check_settings', 'at_once', 'BELAY_CHECKS_AT_ONCE', 4),
  // A service with 50 instances of 1,000 series each fits; a label with a value per user does not.
  yaml('telemetry', 'series_new_per_hour', 'BELAY_TELEMETRY_SERIES_NEW_PER_HOUR', 20_000),
  yaml('telemetry', 'series_active', 'BELAY_TELEMETRY_SERIES_ACTIVE', 100_000),
  yaml('telemetry', 'service_labels', 'BELAY_TELEMETRY_SERVICE_LABELS', ['service', 'service_name', 'job']),
  // A Prometheus that was cut off sends up to two hours of its log; a recording may be filled in for a month.
  text('telemetry', 'sample_max_age', 'BELAY_TELEMETRY_SAMPLE_MAX_AGE', '30d'),
  // Ten minutes are more than any clock that is set by a network is wrong.
  text('telemetry', 'sample_max_ahead', 'BELAY_TELEMETRY_SAMPLE_MAX_AHEAD', '10m'),
  yaml('telemetry', 'redaction', 'BELAY_TELEMETRY_REDACTION', {}),
  yaml('telemetry', 'retention', 'BELAY_TELEMETRY_RETENTION', {}),
  yaml('telemetry', 'sampling', 'BELAY_TELEMETRY_SAMPLING', {}),
  text('telemetry', 'disk_budget', 'BELAY_TELEMETRY_DISK_BUDGET', null),
  text('telemetry', 'min_free_disk', 'BELAY_TELEMETRY_MIN_FREE_DISK', null),
  yaml('telemetry', 'memory_mb', 'BELAY_TELEMETRY_MEMORY_MB', null),
  yaml('backups', 'sources', 'BELAY_BACKUPS_SOURCES', {}),
  yaml('backups', 'destinations', 'BELAY_BACKUPS_DESTINATIONS', {}),
  yaml('backups', 'own_store', 'BELAY_BACKUPS_OWN_STORE', true),
  // After the day's end in most places, and off the full hour at which everything else starts.
  text('backups', 'schedule', 'BELAY_BACKUPS_SCHEDULE', '17 3 * * *'),
  text('backups', 'timezone', 'BELAY_BACKUPS_TIMEZONE', null),
  text('backups', 'jitter', 'BELAY_BACKUPS_JITTER', '10m'),
  // A pinned copy of 1 GB takes 5 s; what takes ten minutes is stuck or needs a word of its own.
  text('backups', 'deadline', 'BELAY_BACKUPS_DEADLINE', '10m'),
  // A day, and two hours for jitter, slow days and daylight saving.
  text('backups', 'max_age', 'BELAY_BACKUPS_MAX_AGE', '26h'),
  text('backups', 'work_folder', 'BELAY_BACKUPS_WORK_FOLDER', null),
  yaml('backups', 'recipients', 'BELAY_BACKUPS_RECIPIENTS', []),
  text('backups', 'identity_file', 'BELAY_BACKUPS_IDENTITY_FILE', null),
  yaml('backups', 'retention', 'BELAY_BACKUPS_RETENTION', {}),
];

function text(section: Section, key: string, variable: string, fallback: unknown): Setting {
  return { path: [section, key], variable, fallback, reads: 'text' };
}

function yaml(section: Section, key: string, variable: string, fallback: unknown): Setting {
  return { path: [section, key], variable, fallback, reads: 'yaml' };
}
