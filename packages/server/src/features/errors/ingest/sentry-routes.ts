import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { BelayError, isBelayError } from '@belay/core';
import type { RedactionCounts, Redactor } from '@belay/core/redaction';
import {
  decodeSentryEnvelope,
  decodeSentryStore,
  readEnvelope,
  defaultSentryLimits,
  type SentryBatch,
  sentryKeyOf,
} from '@belay/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type DropAccount,
  dropCauseOf,
  readBody,
  type ReadingRoom,
  requestHash,
  sentryCauseOf,
  sumOf,
} from '../../ingest/api.ts';
import { rowsOfBatch, type RowSet } from '../../telemetry/api.ts';
import type { EventWriter } from './event-writer.ts';
import { checkInRows, feedbackRows, type SentrySender, sessionRows } from './health-rows.ts';
import { redactLog, redactSpan } from './redact-event.ts';
import { envelopeOfReport } from './security-report.ts';
import type { SentryKeys, SentryProject } from './sentry-keys.ts';

export interface SentryRoutesOptions {
  readonly keys: SentryKeys;
  /** Whether a token of Belay may send; DSNs may carry one instead of a key of their own. */
  readonly isIngestToken: (secret: string) => boolean;
  readonly writer: EventWriter;
  readonly withRoom: ReadingRoom;
  readonly hashUser: (user: string) => bigint;
  readonly redactor: Redactor;
  readonly redactions: RedactionCounts;
  readonly clock: { now(): number };
  readonly log: { error(facts: object, message: string): void };
  readonly bodyLimitBytes: number;
  /** Counts what is sent and not stored as it was. */
  readonly drops: Pick<DropAccount, 'add'>;
}

/** What came by Sentry's protocol since the start. */
export interface SentryStats {
  readonly accepted: number;
  readonly refused: number;
  readonly shed: number;
  readonly events: number;
  readonly duplicateEvents: number;
  /** Items that were not kept, by type and reason. */
  readonly dropped: ReadonlyMap<string, number>;
  /** What SDKs say they did not send. */
  readonly clientDropped: ReadonlyMap<string, number>;
}

export interface SentryRoutes {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  stats(): SentryStats;
}

type Kind = 'envelope' | 'store' | 'security';
const KINDS = ['envelope', 'store', 'security'] as const satisfies readonly Kind[];

/** `/api/{project}/envelope/`, `/store/` and `/security/`, as Sentry SDKs use them. */
export function createSentryRoutes(options: SentryRoutesOptions): SentryRoutes {
  const counts = { accepted: 0, refused: 0, shed: 0, events: 0, duplicateEvents: 0 };
  const dropped = new Map<string, number>();
  const clientDropped = new Map<string, number>();
  let redacted = 0;
  const take = async (request: FastifyRequest, kind: Kind): Promise<string> => {
    const { eventId, batch, events, duplicates, service } = await takeRequest(options, request, kind);
    counts.accepted += 1;
    counts.events += events;
    counts.duplicateEvents += duplicates;
    addCounts(dropped, batch.dropped);
    addCounts(clientDropped, batch.clientDropped);
    for (const [reason, count] of batch.dropped)
      options.drops.add({ cause: sentryCauseOf(reason), signal: 'errors', sender: service, count });
    // Requests redact into common counts while others are being stored, so who sent what is not known.
    const total = sumOf(options.redactions);
    options.drops.add({ cause: 'redacted', signal: 'errors', sender: '', count: total - redacted });
    redacted = total;
    return eventId;
  };
  const refuse = (reply: FastifyReply, error: unknown): FastifyReply => {
    const failure = isBelayError(error) ? error : new BelayError('server.failed', 'Belay failed.', { cause: error });
    counts[failure.status === 503 || failure.status === 429 ? 'shed' : 'refused'] += 1;
    const cause = dropCauseOf(failure.code);
    if (cause !== undefined) options.drops.add({ cause, signal: 'errors', sender: '', count: 1 });
    if (failure.code === 'server.failed') options.log.error({ err: error }, 'ingest of a Sentry SDK failed');
    return sendFailure(reply, failure);
  };
  return {
    stats: () => ({ ...counts, dropped, clientDropped }),
    routes: async (app) => {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      app.setErrorHandler((error, _request, reply) => refuse(reply, error));
      app.addHook('onSend', async (_request, reply) => void reply.headers(CORS));
      // The key in the request is the only credential here; it may do nothing but send.
      const route = { bodyLimit: Number.MAX_SAFE_INTEGER, config: { scope: null } };
      for (const kind of KINDS) {
        for (const url of [`/api/:project/${kind}/`, `/api/:project/${kind}`]) {
          app.options(url, { config: { scope: null } }, async (_request, reply) =>
            reply.code(204).headers(PREFLIGHT).send(),
          );
          app.post(url, route, async (request, reply) => {
            const id = await take(request, kind);
            return reply.code(200).type('application/json').send({ id });
          });
        }
      }
    },
  };
}

/** Pages of any site send errors: the key in their DSN is public and may do nothing else. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-sentry-error, x-sentry-rate-limits, retry-after',
  'cross-origin-resource-policy': 'cross-origin',
} as const;
const PREFLIGHT = {
  'access-control-allow-methods': 'POST, OPTIONS',
  'access-control-allow-headers':
    'x-sentry-auth, content-type, content-encoding, authorization, sentry-trace, baggage, traceparent',
  'access-control-max-age': '3600',
} as const;

interface Taken {
  readonly eventId: string;
  readonly batch: SentryBatch;
  readonly events: number;
  readonly duplicates: number;
  readonly service: string;
}

async function takeRequest(options: SentryRoutesOptions, request: FastifyRequest, kind: Kind): Promise<Taken> {
  const early = authenticate(options, request, undefined);
  return options.withRoom(async (takeBytes) => {
    const body = await readBody(request.body as Readable, {
      contentEncoding: request.headers['content-encoding'],
      contentLength: Number(request.headers['content-length'] ?? 0),
      limitBytes: options.bodyLimitBytes,
      takeBytes,
    });
    const project = early ?? authenticate(options, request, dsnOf(body, kind));
    if (project === undefined) throw unknownKey();
    const decodeOptions = {
      service: project.service,
      receivedMs: options.clock.now(),
      eventId: randomBytes(16).toString('hex'),
    };
    const batch = decode(body, kind, decodeOptions);
    const address = `sentry ${project.project} ${kind}`;
    const mark = { hash: requestHash(body, address), bytes: body.length };
    const content = contentOf(batch, project, options);
    const outcome = await options.writer.write(batch.events, content, {
      project: String(project.project),
      source: 'sentry',
      mark,
    });
    const { events, duplicates } = outcome;
    return { eventId: batch.eventId, batch, events, duplicates, service: project.service };
  });
}

type DecodeOptions = Parameters<typeof decodeSentryEnvelope>[1];

function decode(body: Uint8Array, kind: Kind, options: DecodeOptions): SentryBatch {
  if (kind === 'store') return decodeSentryStore(body, options);
  return decodeSentryEnvelope(kind === 'security' ? envelopeOfReport(body) : body, options);
}

/** The project of the request's key. Undefined when query and headers name none, so that the body may. */
function authenticate(options: SentryRoutesOptions, request: FastifyRequest, dsn: unknown): SentryProject | undefined {
  const { project: name = '' } = request.params as { project?: string };
  const project = /^\d{1,15}$/u.test(name) ? Number(name) : Number.NaN;
  const query = request.query as Readonly<Record<string, unknown>>;
  const [auth, authorization] = [request.headers['x-sentry-auth'], request.headers.authorization];
  const secret = sentryKeyOf({
    query: typeof query['sentry_key'] === 'string' ? query['sentry_key'] : undefined,
    header: typeof auth === 'string' ? auth : authorization,
    dsn,
  });
  if (secret === undefined) return undefined;
  const found = options.keys.find(secret, project);
  if (found !== undefined) return found;
  if (options.isIngestToken(secret)) return options.keys.projectOf(project) ?? { project, service: `project-${name}` };
  throw unknownKey();
}

function dsnOf(body: Uint8Array, kind: Kind): unknown {
  return kind === 'envelope' ? readEnvelope(body, { ...defaultSentryLimits, items: 0 }).header['dsn'] : undefined;
}

function contentOf(batch: SentryBatch, project: SentryProject, options: SentryRoutesOptions) {
  const { redactor, redactions, hashUser } = options;
  const sender: SentrySender = {
    project: String(project.project),
    service: project.service,
    hashUser,
    redactText: (text) => redactor.text(text, redactions),
  };
  const sets: RowSet[] = [
    sessionRows(batch.sessions, sender),
    checkInRows(batch.checkIns, sender),
    feedbackRows(batch.feedback, sender),
  ];
  const spans = batch.spans.map((span) => redactSpan(span, redactor, redactions));
  const logs = batch.logs.map((log) => redactLog(log, redactor, redactions));
  const telemetry = rowsOfBatch({ outcomes: [], evaluations: [], spans, logs });
  return { ...telemetry, rows: [...telemetry.rows, ...sets.filter((set) => set.rows > 0)] };
}

function addCounts(into: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [key, count] of counts) {
    if (into.has(key) || into.size < 200) into.set(key, (into.get(key) ?? 0) + count);
  }
}

function unknownKey(): BelayError {
  return new BelayError(
    'access.unauthenticated',
    'The key of the DSN is not known here, was revoked, or belongs to another project.',
    {
      hint: 'Make a DSN with "belay sentry dsn <service>".',
    },
  );
}

/** SDKs read the status and headers alone; a person reads `detail`. */
function sendFailure(reply: FastifyReply, failure: BelayError): FastifyReply {
  const isOverload = failure.code === 'telemetry.overloaded' || failure.status === 429;
  const status = isOverload ? 429 : failure.status === 500 ? 503 : failure.status;
  const seconds = failure.retryAfterSeconds ?? (status === 503 || status === 429 ? 2 : undefined);
  if (seconds !== undefined) reply.header('retry-after', String(seconds));
  // All categories, for everything behind this key.
  if (status === 429) reply.header('x-sentry-rate-limits', `${seconds ?? 2}::key`);
  // The rest of a body that is not read to its end would be taken for the next request.
  if (status === 413) reply.header('connection', 'close');
  const detail = failure.hint === undefined ? failure.message : `${failure.message} ${failure.hint}`;
  reply.header('x-sentry-error', failure.code);
  return reply.code(status).type('application/json').send({ detail, code: failure.code });
}
