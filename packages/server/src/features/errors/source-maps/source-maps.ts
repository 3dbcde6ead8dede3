import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { BelayError } from '@belay/core';
import type { ErrorEvent, ErrorFrame } from '@belay/core/errors';
import type { SourceMapUpload, SourceMapView } from '@belay/protocol';
import { TraceMap } from '@jridgewell/trace-mapping';
import type { Database } from '../../../platform/sqlite/database.ts';
import { createSourceMapFiles, MAP_BYTES } from './source-map-files.ts';
import { bundlePath, createSourceMapIndex, type SourceMapEntry } from './source-map-index.ts';
import { bundleFrames, symbolicate } from './symbolicate.ts';

export interface SourceMapsOptions {
  readonly db: Database;
  readonly folder: string;
  readonly clock: { now(): number };
  readonly log: { warn(facts: object, message: string): void };
}

/** Source maps: kept, found by debug id or by release and path, applied to events. */
export interface SourceMaps {
  upload(upload: SourceMapUpload): Promise<SourceMapView>;
  list(query: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly release?: string | undefined;
  }): {
    items: SourceMapView[];
    next: string | null;
  };
  remove(id: string): Promise<void>;
  /** The event with its frames moved. Never fails and never takes long: a map that does costs its frames' names only. */
  apply(event: ErrorEvent): Promise<ErrorEvent>;
  /** Why frames are still minified; null when none is. */
  note(event: ErrorEvent): string | null;
  /** Forgets maps that nobody used for long, and writes down uses. */
  tidy(): Promise<void>;
}

/** Parsed maps in memory, by bytes of their JSON: what is looked up again and again is a handful of bundles. */
const CACHE_BYTES = 96 * 1024 * 1024;
const MAPS_PER_EVENT = 8;
const APPLY_MS = 3000;
const MAPS_KEPT = 5000;
const UNUSED_MS = 180 * 86_400_000;
const decompress = promisify(gunzip);

export async function createSourceMaps(options: SourceMapsOptions): Promise<SourceMaps> {
  const { db, folder, clock, log } = options;
  const files = createSourceMapFiles(folder);
  const index = createSourceMapIndex(await db.selectFrom('source_maps').selectAll().execute());
  const parsed = createMapCache(files.read);
  const used = new Map<string, number>();
  const remove = async (id: string): Promise<void> => {
    await db.deleteFrom('source_maps').where('id', '=', id).execute();
    index.drop(id);
    parsed.drop(id);
    await files.remove(id);
  };
  return {
    async upload(upload) {
      const gzipped = Buffer.from(upload.map, 'base64');
      const { sources, bytes } = await checkMap(gzipped);
      const entry = entryOf(upload, { gzipped, sources, bytes, now: clock.now() });
      await files.write(entry.id, gzipped);
      await db
        .insertInto('source_maps')
        .values(entry)
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ uploaded_at: entry.uploaded_at }))
        .execute();
      index.put(entry);
      const surplus = index
        .all()
        .toSorted((a, b) => b.uploaded_at - a.uploaded_at)
        .slice(MAPS_KEPT);
      for (const { id } of surplus) await remove(id);
      return viewOf(entry);
    },
    list: (query) => pageOf(index.all(), query),
    async remove(id) {
      if (index.get(id) === undefined) throw notFound(id);
      await remove(id);
    },
    apply: (event) => applyMaps(event, { index, parsed, used, clock, log }),
    note: (event) => noteOf(event, index),
    async tidy() {
      for (const [id, at] of used)
        await db.updateTable('source_maps').set({ last_used_at: at }).where('id', '=', id).execute();
      used.clear();
      const limit = clock.now() - UNUSED_MS;
      const unused = index.all().filter((entry) => Math.max(entry.uploaded_at, entry.last_used_at ?? 0) < limit);
      for (const { id } of unused) await remove(id);
    },
  };
}

type Index = ReturnType<typeof createSourceMapIndex>;

interface Applying extends Pick<SourceMapsOptions, 'clock' | 'log'> {
  readonly index: Index;
  readonly parsed: ReturnType<typeof createMapCache>;
  /** When each map was last used, Unix ms. */
  readonly used: Map<string, number>;
}

async function applyMaps(event: ErrorEvent, { index, parsed, used, clock, log }: Applying): Promise<ErrorEvent> {
  const wanted = mapsOf(event, index);
  if (wanted.size === 0) return event;
  const timer = new AbortController();
  try {
    const loading = loadAll(new Set(wanted.values()), parsed, log);
    const maps = await Promise.race([loading, delay(APPLY_MS, undefined, { signal: timer.signal })]);
    if (maps === undefined) return event;
    for (const id of maps.keys()) used.set(id, clock.now());
    return symbolicate(event, (frame) => maps.get(wanted.get(frame.file ?? '') ?? ''));
  } catch (err) {
    log.warn({ err, eventId: event.eventId }, 'source maps could not be applied; the event is kept as it came');
    return event;
  } finally {
    timer.abort();
  }
}

/** Ids of maps by file of the frames; a few bundles at most. */
function mapsOf(event: ErrorEvent, index: Index): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>();
  if (index.all().length === 0) return wanted;
  for (const { file = '' } of bundleFrames(event)) {
    if (wanted.has(file) || wanted.size >= MAPS_PER_EVENT) continue;
    const debugId = event.debugImages.find((image) => image.file === file)?.debugId;
    const found = index.find({ file, debugId, release: event.release });
    if (found !== undefined) wanted.set(file, found.id);
  }
  return wanted;
}

async function loadAll(
  ids: ReadonlySet<string>,
  cache: ReturnType<typeof createMapCache>,
  log: SourceMapsOptions['log'],
): Promise<ReadonlyMap<string, TraceMap>> {
  const maps = new Map<string, TraceMap>();
  for (const id of ids) {
    try {
      maps.set(id, await cache.get(id));
    } catch (err) {
      log.warn({ err, sourceMap: id }, 'a source map could not be read');
    }
  }
  return maps;
}

/** Parsed maps, least recently used out first. */
function createMapCache(read: (id: string) => Promise<string>) {
  const entries = new Map<string, { readonly map: Promise<TraceMap>; bytes: number }>();
  let total = 0;
  const drop = (id: string): void => {
    total -= entries.get(id)?.bytes ?? 0;
    entries.delete(id);
  };
  return {
    drop,
    get(id: string): Promise<TraceMap> {
      const known = entries.get(id);
      if (known !== undefined) {
        entries.delete(id);
        entries.set(id, known);
        return known.map;
      }
      const entry = {
        bytes: 0,
        map: Promise.resolve()
          .then(() => read(id))
          .then((text) => parse(id, text)),
      };
      entries.set(id, entry);
      entry.map.catch(() => drop(id));
      return entry.map;
    },
  };

  function parse(id: string, text: string): TraceMap {
    const map = new TraceMap(text);
    const entry = entries.get(id);
    if (entry !== undefined) entry.bytes = text.length;
    total += entry === undefined ? 0 : text.length;
    for (const other of entries.keys()) {
      if (total <= CACHE_BYTES || other === id) break;
      drop(other);
    }
    return map;
  }
}

async function checkMap(gzipped: Uint8Array): Promise<{ sources: number; bytes: number }> {
  try {
    const bytes = await decompress(gzipped, { maxOutputLength: MAP_BYTES });
    const map = new TraceMap(bytes.toString('utf8'));
    if (typeof map.version !== 'number' || !Array.isArray(map.sources))
      throw wrongMap('it has no version or no sources');
    return { sources: map.sources.length, bytes: bytes.length };
  } catch (cause) {
    if (cause instanceof BelayError) throw cause;
    throw wrongMap(String(cause).slice(0, 200), cause);
  }
}

function wrongMap(why: string, cause?: unknown): BelayError {
  return new BelayError('request.invalid', `The source map cannot be read: ${why}.`, {
    issues: [{ path: 'map', message: why, mend: 'send the .map file that the bundler wrote, gzipped, as base64' }],
    cause,
  });
}

function entryOf(
  { release, file, debugId, map: _map }: SourceMapUpload,
  { gzipped, sources, bytes, now }: { gzipped: Uint8Array; sources: number; bytes: number; now: number },
): SourceMapEntry {
  const path = bundlePath(file);
  const lower = debugId?.toLowerCase() ?? null;
  const name = createHash('sha256')
    .update(`${release ?? ''}\0${path}\0${lower ?? ''}\0`)
    .update(gzipped)
    .digest('hex');
  return {
    id: name.slice(0, 32),
    release: release ?? null,
    file: path,
    debug_id: lower,
    bytes,
    sources,
    uploaded_at: now,
    last_used_at: null,
  };
}

function noteOf(event: ErrorEvent, index: Index): string | null {
  const minified = bundleFrames(event).filter((frame) => looksBundled(frame));
  const [frame] = minified;
  if (frame?.file === undefined) return null;
  const path = bundlePath(frame.file);
  const debugId = event.debugImages.find((image) => image.file === frame.file)?.debugId;
  if (index.find({ file: frame.file, debugId, release: event.release }) !== undefined) return null;
  if (event.release === '' && debugId === undefined) {
    return `There is no map for ${path}: the event names no release and no debug id. Set \`release\` in the SDK, then run: belay sourcemaps upload <folder> --release <release>`;
  }
  return `There is no map for ${path} of release "${event.release}". Run: belay sourcemaps upload <folder> --release ${event.release || '<release>'}`;
}

function looksBundled({ column, line }: ErrorFrame): boolean {
  return (column ?? 0) > 200 && (line ?? 0) <= 10;
}

function pageOf(
  entries: readonly SourceMapEntry[],
  query: Parameters<SourceMaps['list']>[0],
): ReturnType<SourceMaps['list']> {
  const start = query.cursor === undefined ? 0 : Number(query.cursor);
  if (!Number.isSafeInteger(start) || start < 0) {
    throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
      issues: [{ path: 'cursor', message: 'is no place in this list', mend: 'use "next" of a page' }],
    });
  }
  const wanted = entries
    .filter(({ release }) => query.release === undefined || release === query.release)
    .toSorted((a, b) => b.uploaded_at - a.uploaded_at || (a.id < b.id ? -1 : 1));
  const items = wanted.slice(start, start + query.limit).map(viewOf);
  return { items, next: wanted.length > start + query.limit ? String(start + query.limit) : null };
}

function viewOf(entry: SourceMapEntry): SourceMapView {
  const { id, release, file, bytes, sources } = entry;
  const debugId = entry.debug_id;
  return { id, release, file, debugId, bytes, sources, uploadedAt: entry.uploaded_at, lastUsedAt: entry.last_used_at };
}

function notFound(id: string): BelayError {
  return new BelayError('source-map.not-found', `There is no source map "${id.slice(0, 80)}".`, {
    hint: 'List them with "belay sourcemaps list".',
  });
}
