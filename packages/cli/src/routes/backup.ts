import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { argument, durationOf, optionalArgument, serverFlags, switchFlag, textFlag } from './parameter.ts';

const backupFlags = {
  ...serverFlags,
  offline: switchFlag('Ask no server: read belay.yaml and the destinations'),
  config: textFlag('Configuration without a server (default ./belay.yaml)', 'file'),
} as const;

const which = argument('Id of a backup, or a source for its newest one', 'backup');

const now = command({
  load: async () => (await import('../commands/backup-now.ts')).backupNow,
  parameters: {
    flags: {
      ...backupFlags,
      reason: {
        kind: 'enum',
        values: ['manual', 'pre-migration', 'pre-deploy', 'release', 'incident'],
        brief: 'Why; those before migrations have a retention of their own',
        optional: true,
      },
      pin: textFlag('Keep it under this name until the pin is taken away', 'name'),
      drill: { kind: 'boolean', brief: 'Restore it as a drill at once (default: the first of a day)', optional: true },
      lease: textFlag('Lease that you hold', 'id'),
    },
    positional: { kind: 'tuple', parameters: [optionalArgument('Source (default: every one)', 'source')] },
  },
  brief: 'Back up now, and prove it',
});

const list = command({
  load: async () => (await import('../commands/backup-list.ts')).backupList,
  parameters: {
    flags: backupFlags,
    positional: { kind: 'tuple', parameters: [optionalArgument('Only this source', 'source')] },
  },
  brief: 'How old the newest proven state is, and every restore point',
});

const verify = command({
  load: async () => (await import('../commands/backup-prove.ts')).backupVerify,
  parameters: { flags: backupFlags, positional: { kind: 'tuple', parameters: [which] } },
  brief: 'Read every copy of a backup to the last byte',
});

const drill = command({
  load: async () => (await import('../commands/backup-prove.ts')).backupDrill,
  parameters: {
    flags: { ...backupFlags, from: textFlag('Destination whose copy is tried', 'destination') },
    positional: { kind: 'tuple', parameters: [which] },
  },
  brief: 'Restore a backup beside everything else and check it',
});

const restore = command({
  load: async () => (await import('../commands/backup-restore.ts')).backupRestore,
  parameters: {
    flags: {
      ...backupFlags,
      replace: switchFlag('In place of the live database; shows what is lost and asks'),
      to: textFlag('Path or name of the copy (default: beside the original)', 'target'),
      from: textFlag('Destination whose copy is used', 'destination'),
      yes: switchFlag('Do not ask'),
    },
    positional: { kind: 'tuple', parameters: [which] },
  },
  brief: 'Restore into a copy, or in place of the live database',
});

const kit = buildRouteMap({
  routes: {
    new: command({
      load: async () => (await import('../commands/backup-kit.ts')).backupKitNew,
      parameters: {
        flags: serverFlags,
        positional: { kind: 'tuple', parameters: [argument('File that is made', 'file')] },
      },
      brief: 'Make a key for backups, and the kit that opens them',
    }),
    check: command({
      load: async () => (await import('../commands/backup-kit.ts')).backupKitCheck,
      parameters: {
        flags: serverFlags,
        positional: {
          kind: 'tuple',
          parameters: [argument('Recovery kit', 'file'), argument('Encrypted artefact', 'artefact')],
        },
      },
      brief: 'Open an artefact with nothing but the kit',
    }),
  },
  docs: { brief: 'The key that opens encrypted backups' },
});

const plan = command({
  load: async () => (await import('../commands/backup-plan.ts')).backupPlan,
  parameters: { flags: backupFlags },
  brief: 'Which copies are kept and why; removes nothing',
});

const lease = command({
  load: async () => (await import('../commands/backup-lease.ts')).backupLease,
  parameters: {
    flags: {
      ...serverFlags,
      source: textFlag('Only this source', 'source'),
      reason: textFlag('Why (default migration)', 'text'),
      ttl: {
        kind: 'parsed',
        parse: durationOf,
        brief: 'Ends by itself after this (default 5m, at most 1h)',
        placeholder: 'duration',
        optional: true,
      },
    },
    positional: { kind: 'tuple', parameters: [optionalArgument('Who holds it; without: list leases', 'holder')] },
  },
  brief: 'Keep scheduled backups waiting during a migration or deploy',
});

const release = command({
  load: async () => (await import('../commands/backup-lease.ts')).backupRelease,
  parameters: { flags: serverFlags, positional: { kind: 'tuple', parameters: [argument('Id of the lease', 'lease')] } },
  brief: 'Let scheduled backups go on',
});

/** `belay backup ...` */
export const backupRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { now, list, verify, drill, restore, plan, kit, lease, release },
  docs: { brief: 'Backups that are proven to restore' },
});
