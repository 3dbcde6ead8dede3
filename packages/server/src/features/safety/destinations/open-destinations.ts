import { mkdirSync } from 'node:fs';
import type { DestinationSettings } from '../backup-settings.ts';
import type { Destination } from './destination.ts';
import { createFolderDestination } from './folder-destination.ts';
import { createS3Destination } from './s3/s3-destination.ts';

/** Every place of the configuration that keeps files under names. */
export function openDestinations(
  places: readonly DestinationSettings[],
  clock: { now(): number },
): ReadonlyMap<string, Destination> {
  return new Map(places.map((place) => [place.name, openDestination(place, clock)]));
}

function openDestination(
  { name, config, secrets, isDefault }: DestinationSettings,
  clock: { now(): number },
): Destination {
  if (config.type === 'folder') {
    // Any other folder must be there: making it would hide a disk that is not mounted.
    if (isDefault) mkdirSync(config.path, { recursive: true, mode: 0o700 });
    return createFolderDestination({ name, folder: config.path });
  }
  return createS3Destination(
    {
      name,
      endpoint: config.endpoint,
      region: config.region ?? 'us-east-1',
      bucket: config.bucket,
      prefix: config.prefix === undefined || config.prefix === '' ? '' : `${config.prefix.replace(/\/+$/, '')}/`,
      accessKeyId: secrets[config.access_key_env ?? 'AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: secrets[config.secret_key_env ?? 'AWS_SECRET_ACCESS_KEY'] ?? '',
      addressing: config.path_style === false ? 'virtual' : 'path',
      lock: config.lock,
    },
    clock,
  );
}
