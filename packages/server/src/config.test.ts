import { parse } from 'yaml';
import { belayConfig } from '@belay/protocol';
import { expect, test } from 'vitest';
import { loadConfig, validateConfig } from './config.ts';
import { settings } from './config/settings.ts';

const nowhere = { cwd: '/nonexistent' };

test('without a file everything has a safe default', () => {
  const { config, explained } = loadConfig({ ...nowhere, environment: {} });
  expect(config.server).toMatchObject({ host: '127.0.0.1', port: 4600, dataDir: '/nonexistent/.belay' });
  expect(config.policy).toMatchObject({
    profile: 'balanced',
    environment: 'production',
    falseRollback: 0.01,
    leaseMs: 60_000,
  });
  expect(new Set(explained.map(({ origin }) => origin))).toEqual(new Set(['default']));
});

test('the command line wins over the environment, and each value tells where it comes from', () => {
  const { config, explained } = loadConfig({
    ...nowhere,
    environment: { BELAY_PORT: '4700', BELAY_HOST: '0.0.0.0', BELAY_POLICY_COOLDOWN: '{first: 2h, factor: 3}' },
    overrides: { port: 4800 },
  });
  expect(config.server).toMatchObject({ port: 4800, host: '0.0.0.0' });
  expect(config.policy.cooldown).toEqual({ firstMs: 7_200_000, factor: 3 });
  const origins = Object.fromEntries(explained.map(({ path, origin }) => [path, origin]));
  expect(origins).toMatchObject({
    'server.port': 'command line',
    'server.host': 'BELAY_HOST',
    'policy.cooldown': 'BELAY_POLICY_COOLDOWN',
    'policy.profile': 'default',
  });
});

test('every setting has a twin in the environment that reaches the configuration', () => {
  const samples: Readonly<Record<string, string>> = {
    host: '::1',
    port: '1',
    data: '/d',
    public_url: 'https://b.example',
    clickhouse_url: 'http://c:8123',
    log_level: 'warn',
    hosts: '[db.example]',
    at_once: '2',
    body_limit_mb: '2',
    requests_per_minute: '100',
    profile: 'fast',
    environment: 'staging',
    freeze: '[{name: n, weekdays: [friday]}]',
    cooldown: '{first: 1h, factor: 2}',
    max_attempts: '2',
    false_rollback: '2%',
    warn_at: '5',
    lease: '30s',
    minimum_soak: '1m',
    series_new_per_hour: '5',
    series_active: '6',
    service_labels: '[team]',
    sample_max_age: '1h',
    sample_max_ahead: '1m',
    redaction: '{off: [jwt], keys: [tax_no]}',
    retention: '{traces: {raw: 7d}, services: {shop: {logs: {keep: 60d}}}}',
    sampling: '{traces: "5%", critical: [{operation: "POST *"}]}',
    disk_budget: '20GB',
    min_free_disk: '2GB',
    memory_mb: '512',
    starter: 'false',
    prometheus: '["https://prometheus.example:9090"]',
    tolerance: '3%',
    sources: '{bot: {type: sqlite, path: /srv/bot.db}}',
    destinations: '{disk: {type: folder, path: /mnt/backup}}',
    own_store: 'false',
    schedule: '5 4 * * *',
    timezone: 'Europe/Berlin',
    jitter: '1m',
    deadline: '20m',
    max_age: '30h',
    work_folder: '/var/tmp/belay',
    recipients: '[age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]',
    identity_file: '/etc/belay/key.txt',
    'backups.retention': '{daily: 10}',
  };
  const sampleOf = (path: readonly string[]): string | undefined => samples[path.join('.')] ?? samples[path[1] ?? ''];
  const environment = Object.fromEntries(settings.map(({ path, variable }) => [variable, sampleOf(path)]));
  const { explained } = loadConfig({ ...nowhere, environment });
  for (const { path, variable, reads } of settings) {
    const sample = sampleOf(path) ?? '';
    expect(explained).toContainEqual({
      path: path.join('.'),
      value: reads === 'yaml' ? parse(sample) : sample,
      origin: variable,
    });
  }
});

test('everything that is wrong is reported at once, with line, value and mend', () => {
  expect(issues('server:\n  port: many\n  hots: a\npolicy:\n  lease: soon\nextra: 1\n')).toEqual([
    {
      path: 'server.port',
      message: expect.stringContaining('line 2'),
      seen: '"many"',
      mend: expect.stringContaining('number'),
    },
    { path: 'server.hots', message: expect.stringContaining('line 3'), seen: 'hots', mend: 'did you mean "host"?' },
    {
      path: 'policy.lease',
      message: expect.stringContaining('line 5'),
      seen: '"soon"',
      mend: expect.stringContaining('write a duration'),
    },
    {
      path: 'extra',
      message: expect.stringContaining('line 6'),
      seen: 'extra',
      mend: `use one of ${Object.keys(belayConfig.shape).join(', ')}`,
    },
  ]);
});

test.each([
  ['tabs and broken YAML', 'server:\n\tport: 1', /line 2/],
  ['a key given twice', 'server: {port: 1}\nserver: {port: 2}', /unique/],
  ['a list instead of keys', '- a', /mapping/],
  [
    'a warning that comes after rolling back',
    'policy: {warn_at: 100, false_rollback: 1%}',
    /stricter than rolling back, which happens at 100/,
  ],
  ['a false-rollback chance of nothing', 'policy: {false_rollback: 0%}', /above 0%/],
  ['a lease that ends on every hiccup', 'policy: {lease: 1s}', /between 2s and 10m/],
  ['a freeze without an end', 'policy: {freeze: [{name: always}]}', /freeze for ever/],
  [
    'a time zone nobody knows',
    'policy: {freeze: [{name: a, weekdays: [friday], timezone: Mars/Base}]}',
    /not a time zone/,
  ],
  ['a variable that is not set', 'server: {public_url: "${BELAY_HOME_URL}"}', /BELAY_HOME_URL, which is not set/],
])('%s is refused with the reason', (_name, text, reason) => {
  expect(
    issues(text)
      .map(({ message }) => message)
      .join('\n'),
  ).toMatch(reason);
});

test('what backups cannot do is refused, and a work folder that the user names keeps what is in it', () => {
  const found = issues(
    'backups: {sources: {bot: {type: sqlite, path: bot.db, auto_restore: {enabled: true}}}, destinations: {r: {type: restic, repository: /r}}}',
  );
  expect(found.map(({ path }) => path)).toContain('backups.destinations.r.type');
  expect(issues('backups: {sources: {bot: {type: sqlite, path: bot.db, auto_restore: {enabled: true}}}}')).toEqual([
    {
      path: 'backups.sources.bot.auto_restore.enabled',
      message: expect.stringContaining('is not there yet: nothing is restored by itself'),
      mend: expect.stringContaining('belay backup restore'),
    },
  ]);
  const { config } = loadConfig({ ...nowhere, environment: { BELAY_BACKUPS_WORK_FOLDER: '/mnt/backup' } });
  expect(config.backups.workFolder).toBe('/mnt/backup/belay-backup-work');
});

test('a secret in the file is refused and not repeated', () => {
  const found = issues('server:\n  admin_token: abcdef\n');
  expect(found[0]).toMatchObject({ path: 'server.admin_token', seen: '(hidden)' });
  expect(JSON.stringify(found)).not.toContain('abcdef');
});

test('texts take values from the environment, with a default after ":-"', () => {
  const text = 'server: {data: "${DATA:-/var/lib}/belay"}\nrollouts: {a: {flag: "${FLAG}", component: api}}';
  expect(validateConfig(text, { FLAG: 'checkout' })).toEqual({
    config: { server: { data: '/var/lib/belay' }, rollouts: { a: { flag: 'checkout', component: 'api' } } },
  });
});

test('the configuration in force cannot be changed', () => {
  const { config } = loadConfig({ ...nowhere, environment: {} });
  expect(Object.isFrozen(config.policy.freeze)).toBe(true);
  expect(Object.isFrozen(config.server)).toBe(true);
});

test('a password in an address is not explained', () => {
  const { explained } = loadConfig({ ...nowhere, environment: { BELAY_CLICKHOUSE_URL: 'http://u:geheim@c:8123' } });
  expect(JSON.stringify(explained)).not.toContain('geheim');
});

function issues(text: string) {
  const result = validateConfig(text);
  return 'issues' in result ? result.issues : [];
}
