import { BelayError } from '@belay/core';
import type { FlagSnapshot, LeaseEvent } from '@belay/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { repeat } from '../../platform/scheduler/scheduler.ts';
import { openEventStream, type EventStream } from '../../platform/http/event-stream.ts';
import type { FlagState } from './flag-state.ts';
import type { InstanceIdentity, InstanceRegistry } from './instance-registry.ts';

/** Full snapshots to SDKs by server-sent events, with leases and heartbeats. */
export interface FlagStream {
  /** The snapshot of this moment. */
  snapshot(): FlagSnapshot;
  /** Serves one SDK until either side closes. */
  open(request: FastifyRequest, reply: FastifyReply, identity: InstanceIdentity): void;
  /** Tells one reader of OFREP that flags have changed, each time they do. */
  openChanges(request: FastifyRequest, reply: FastifyReply): void;
  /** Sends the present snapshot to everybody. */
  send(): void;
  readonly connections: number;
  close(): Promise<void>;
}

interface StreamOptions {
  readonly state: FlagState;
  readonly registry: InstanceRegistry;
  readonly clock: { now(): number };
  readonly log: { warn(facts: object, message: string): void; error(facts: object, message: string): void };
  readonly leasesGranted: (now: number) => readonly string[];
  readonly leaseEveryMs?: number;
  readonly heartbeatMs?: number;
}

/** A reader this far behind is cut; it reconnects and starts from a whole snapshot. */
const BACKLOG_BYTES = 8 * 1024 * 1024;

/** Fewer than the server's connections, so that streams leave room for people and telemetry. */
const READERS = 8000;

/** What the two kinds of readers are sent. */
interface Reader extends EventStream {
  readonly kind: 'sdk' | 'changes';
}

export function createFlagStream(options: StreamOptions): FlagStream {
  const { state, registry, clock, log, leasesGranted, leaseEveryMs = 2000, heartbeatMs = 15_000 } = options;
  const readers = new Set<Reader>();
  const broadcast = (kind: Reader['kind'], text: string): void => {
    for (const reader of readers) if (reader.kind === kind) reader.write(text);
  };
  const snapshot = (): FlagSnapshot => {
    const { revision, definitions, overlays } = state.current();
    return { revision, definitions, rollouts: [...overlays], leases: grantedLeases() };
  };
  const grantedLeases = (): string[] => {
    const { overlays } = state.current();
    const granted = new Set(leasesGranted(clock.now()));
    return overlays.filter((overlay) => granted.has(overlay.rolloutId)).map((overlay) => overlay.rolloutId);
  };
  let lastBeatAt = clock.now();
  const beat = (): void => {
    const leases = grantedLeases();
    const now = clock.now();
    if (leases.length === 0 && now - lastBeatAt < heartbeatMs) return;
    lastBeatAt = now;
    const event: LeaseEvent = { revision: state.current().revision, leases };
    broadcast('sdk', eventText('lease', event));
    // A comment keeps proxies from closing a quiet connection.
    broadcast('changes', ':\n\n');
  };
  const beats = repeat({
    everyMs: leaseEveryMs,
    run: beat,
    onError: (error) => log.error({ err: error }, 'leases could not be sent'),
  });
  return {
    snapshot,
    open(request, reply, identity) {
      requireRoom(readers);
      const disconnect = registry.connect(identity);
      const reader = openReader({ request, reply, kind: 'sdk', readers, log });
      reply.raw.once('close', disconnect);
      reader.write(snapshotText(snapshot()));
    },
    openChanges(request, reply) {
      requireRoom(readers);
      openReader({ request, reply, kind: 'changes', readers, log }).write('retry: 2000\n\n');
    },
    send() {
      const present = snapshot();
      registry.published(present.revision);
      broadcast('sdk', snapshotText(present));
      const change = { type: 'refetchEvaluation', etag: `"${present.revision}"`, lastModified: clock.now() };
      broadcast('changes', `id: ${present.revision}\ndata: ${JSON.stringify(change)}\n\n`);
    },
    get connections() {
      return readers.size;
    },
    async close() {
      await beats.close();
      for (const reader of readers) reader.end();
    },
  };
}

function requireRoom(readers: ReadonlySet<Reader>): void {
  if (readers.size < READERS) return;
  throw new BelayError('request.rate-limited', `${READERS} streams of flags are open already.`, {
    hint: 'Poll GET /api/v1/snapshot until some have closed.',
    retryAfterSeconds: 30,
  });
}

interface Opening {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly kind: Reader['kind'];
  readonly readers: Set<Reader>;
  readonly log: { warn(facts: object, message: string): void };
}

function openReader({ request, reply, kind, readers, log }: Opening): Reader {
  const stream = openEventStream({
    request,
    reply,
    waitingBytes: BACKLOG_BYTES,
    onCut: (backlogBytes) => log.warn({ backlogBytes }, 'a stream reader is too slow and was cut'),
    onClose: () => readers.delete(reader),
  });
  const reader: Reader = { kind, ...stream };
  readers.add(reader);
  return reader;
}

function snapshotText(snapshot: FlagSnapshot): string {
  return `id: ${snapshot.revision}\n${eventText('snapshot', snapshot)}`;
}

function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
