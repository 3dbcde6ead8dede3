import { stat } from 'node:fs/promises';
import type { SafetyDestination, SafetySource, SafetyView } from '@belay/protocol';
import type { Backups } from '../backups.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import type { DestinationStatus } from '../destinations/destination-status.ts';
import { sourceViewOf } from './source-views.ts';

export interface SafetyViewOptions {
  readonly backups: Backups;
  readonly nextAt: (source: string) => number | null;
  readonly statusOf: (destination: string) => DestinationStatus | undefined;
  readonly dataDir: string;
  /** What is not kept safe by this, in sentences. */
  readonly notes: readonly string[];
}

/** Everything that the page about data safety shows first. */
export async function safetyViewOf(options: SafetyViewOptions): Promise<SafetyView> {
  const { context, leases, operations } = options.backups;
  const { settings, catalogue, clock, sealer } = context;
  const now = clock.now();
  const entries = await catalogue.entries();
  const attempts = await catalogue.operations();
  const held = await leases.list();
  const sources = settings.sources.map((source) =>
    sourceViewOf({
      source,
      entries: entries.filter(({ manifest }) => manifest.source === source.name),
      attempts: attempts.filter((operation) => operation.source === source.name),
      leases: held,
      nextAt: options.nextAt(source.name),
      now,
    }),
  );
  const destinations = settings.destinations.map(({ name, config }) =>
    destinationView(
      { name, type: config.type, uri: context.destinations.get(name)?.uri ?? '' },
      entries,
      options.statusOf(name),
    ),
  );
  const isOnOneDisk = await areOnOneDisk(options);
  return {
    at: now,
    ...verdict(sources, destinations),
    sources,
    destinations,
    leases: [...held],
    running: [...operations.running()],
    isEncrypted: (sealer?.recipients.length ?? 0) > 0,
    isOnOneDisk,
    notes: [
      ...(isOnOneDisk
        ? [
            'Every backup is on the disk of Belay itself. Name a destination on another machine: docs/how-to/back-up-sqlite.md',
          ]
        : []),
      ...options.notes,
    ],
  };
}

type Place = Pick<SafetyDestination, 'name' | 'type' | 'uri'>;

function destinationView(
  place: Place,
  entries: readonly CatalogueEntry[],
  status: DestinationStatus | undefined,
): SafetyDestination {
  const here = entries.flatMap(({ manifest, copies }) =>
    copies.filter(({ destination }) => destination === place.name).map((copy) => ({ copy, manifest })),
  );
  const inState = (...states: readonly string[]) => here.filter(({ copy }) => states.includes(copy.state));
  const verified = inState('verified');
  return {
    ...place,
    state: status?.state ?? 'unknown',
    checkedAt: status?.checkedAt ?? null,
    problem: status?.problem ?? null,
    hint: status?.hint ?? null,
    canRemove: status?.canRemove ?? null,
    verified: verified.length,
    unverified: inState('unverified', 'pending').length,
    bad: inState('missing', 'corrupt').length,
    bytes: inState('verified', 'unverified').reduce((sum, { manifest }) => sum + manifest.artefact.bytes, 0),
    newestVerifiedAt: verified.reduce<number | null>(
      (newest, { manifest }) => Math.max(newest ?? 0, manifest.snapshotAt),
      null,
    ),
  };
}

function verdict(
  sources: readonly SafetySource[],
  destinations: readonly SafetyDestination[],
): Pick<SafetyView, 'state' | 'summary'> {
  const bad = sources.filter(({ state }) => state === 'late' || state === 'failing');
  const young = sources.filter(({ state }) => state === 'never' || state === 'unproven');
  const down = destinations.filter(({ state, bad: lost }) => state === 'failing' || lost > 0);
  const words = [
    ...[...bad, ...young].map(({ name, problem }) => `${name}: ${problem ?? 'not safe'}`),
    ...down.map(({ name, problem, bad: lost }) => `${name}: ${problem ?? `${lost} copies are missing or damaged`}`),
  ];
  if (words.length > 0) return { state: bad.length > 0 ? 'fail' : 'warn', summary: words.join(' ') };
  const oldest = Math.max(0, ...sources.map(({ ageMs }) => ageMs ?? 0));
  if (sources.length === 0) return { state: 'warn', summary: 'Nothing is backed up.' };
  return {
    state: 'ok',
    summary: `Every source has a proven restore point, the oldest ${Math.round(oldest / 60_000)} min old.`,
  };
}

/** A disk that dies takes what is on it, whatever the folders are called. */
async function areOnOneDisk({ backups, dataDir }: SafetyViewOptions): Promise<boolean> {
  const { destinations } = backups.context.settings;
  const folders = destinations.flatMap(({ config }) => (config.type === 'folder' ? [config.path] : []));
  if (folders.length === 0 || folders.length < destinations.length) return false;
  const deviceOf = async (folder: string): Promise<number | null> =>
    (await stat(folder).catch(() => null))?.dev ?? null;
  const own = await deviceOf(dataDir);
  const devices = await Promise.all(folders.map(deviceOf));
  return devices.every((device) => device === null || device === own);
}
