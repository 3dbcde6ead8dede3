/** HTTP statuses an expected failure can map to. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 406 | 409 | 412 | 413 | 415 | 422 | 428 | 429 | 500 | 501 | 503;

interface ErrorDefinition {
  readonly status: ErrorStatus;
  readonly title: string;
}

/**
 * Every expected failure Belay can report. The code is stable: clients switch on it, the reference documents it
 * under `docs/reference/errors.md`, and the HTTP layer takes the status and title from here.
 */
export const errorCatalogue = {
  'request.malformed': { status: 400, title: 'The request could not be read' },
  'request.invalid': { status: 422, title: 'The request is well formed but not valid' },
  'request.too-large': { status: 413, title: 'The request is too large' },
  'request.unsupported-media-type': { status: 415, title: 'This content type is not understood' },
  'request.precondition-required': { status: 428, title: 'A version of the resource must be named' },
  'request.stale': { status: 412, title: 'The resource has changed since you read it' },
  'request.rate-limited': { status: 429, title: 'Too many requests' },
  'route.not-found': { status: 404, title: 'There is nothing at this address' },
  'route.method-not-allowed': { status: 405, title: 'This address does not take that method' },
  'access.unauthenticated': { status: 401, title: 'A token is needed' },
  'access.forbidden': { status: 403, title: 'The token does not allow this' },
  'access.setup-used': { status: 409, title: 'The set-up token was already used' },
  'flag.not-found': { status: 404, title: 'There is no such flag' },
  'flag.invalid': { status: 422, title: 'The flag definition is not valid' },
  'flag.guarded': { status: 409, title: 'A rollout is in charge of this flag' },
  'rollout.not-found': { status: 404, title: 'There is no such rollout' },
  'rollout.invalid': { status: 422, title: 'The rollout plan is not valid' },
  'rollout.not-allowed': { status: 409, title: 'The rollout is not in a state that allows this' },
  'rollout.component-busy': { status: 409, title: 'Another change of this component is going out' },
  'rollout.frozen': { status: 409, title: 'A freeze window is open' },
  'rollout.cooling-down': { status: 409, title: 'The change was rolled back and is cooling down' },
  'rollout.attempts-exhausted': { status: 409, title: 'The change has used up its attempts' },
  'rollout.approval-needed': { status: 409, title: 'The next stage needs an approval' },
  'rollout.reason-needed': { status: 422, title: 'This needs a reason' },
  'change.not-found': { status: 404, title: 'There is no such change' },
  'log.not-found': { status: 404, title: 'There is no such log line' },
  'trace.not-found': { status: 404, title: 'There is no such trace' },
  'signal.not-found': { status: 404, title: 'There is no such signal' },
  'signal.invalid': { status: 422, title: 'The signal definition is not valid' },
  'signal.managed': { status: 409, title: 'The signal is defined in belay.yaml' },
  'alarm.not-found': { status: 404, title: 'There is no such alarm' },
  'alarm.over': { status: 409, title: 'The alarm is over' },
  'check.not-found': { status: 404, title: 'There is no such check' },
  'check.not-runnable': { status: 409, title: 'Only golden paths can be run on demand' },
  'issue.not-found': { status: 404, title: 'There is no such error' },
  'issue.not-allowed': { status: 409, title: 'The error is not in a state that allows this' },
  'source-map.not-found': { status: 404, title: 'There is no such source map' },
  'sentry-key.not-found': { status: 404, title: 'There is no such key of a Sentry SDK' },
  'token.not-found': { status: 404, title: 'There is no such token' },
  'config.invalid': { status: 422, title: 'The configuration is not valid' },
  'telemetry.unavailable': { status: 503, title: 'The telemetry store is not available' },
  'telemetry.overloaded': { status: 503, title: 'Too much telemetry is waiting to be stored' },
  'telemetry.busy': { status: 503, title: 'Too many questions are being answered' },
  'telemetry.refused': { status: 400, title: 'Some of the telemetry can never be stored' },
  'telemetry.too-wide': { status: 422, title: 'The question would read too much telemetry' },
  'promql.invalid': { status: 400, title: 'The PromQL query could not be read' },
  'promql.failed': { status: 422, title: 'The PromQL query could not be answered' },
  'promql.too-wide': { status: 422, title: 'The PromQL query would read too much' },
  'promql.timeout': { status: 503, title: 'The PromQL query took too long' },
  'backup.not-found': { status: 404, title: 'There is no such backup, source or destination' },
  'backup.source-unavailable': { status: 503, title: 'The database cannot be reached' },
  'backup.source-busy': { status: 503, title: 'The database is too busy to be copied' },
  'backup.source-corrupt': { status: 422, title: 'The database is damaged' },
  'backup.engine-unsafe': { status: 422, title: 'This version of the database engine loses data' },
  'backup.tool-missing': { status: 422, title: 'A program of the database is not installed' },
  'backup.incomplete': { status: 422, title: 'The backup lacks something and does not count' },
  'backup.failed': { status: 500, title: 'The backup failed' },
  'backup.timeout': { status: 503, title: 'The backup took too long' },
  'backup.busy': { status: 409, title: 'Something else has the right of way' },
  'backup.tampered': { status: 422, title: 'A manifest is not the one that was written' },
  'backup.destination-unreachable': { status: 503, title: 'The backup destination cannot be reached' },
  'backup.destination-refused': { status: 422, title: 'The backup destination does not allow this' },
  'backup.object-missing': { status: 404, title: 'The destination does not have this backup' },
  'backup.object-exists': { status: 409, title: 'The destination already has a backup of this name' },
  'backup.corrupt': { status: 422, title: 'The backup is not what its manifest says' },
  'backup.key-wrong': { status: 422, title: 'The key does not open this backup' },
  'restore.not-allowed': { status: 409, title: 'This cannot be restored here' },
  'restore.busy': { status: 503, title: 'The database was never free to be restored' },
  'restore.failed': { status: 500, title: 'The restore failed and the old state is in place' },
  'storage.full': { status: 503, title: 'The disk is full' },
  'server.data-in-use': { status: 409, title: 'Another Belay uses this data folder' },
  'server.address-in-use': { status: 409, title: 'The address is taken' },
  'server.starting': { status: 503, title: 'Belay is starting' },
  'server.failed': { status: 500, title: 'Belay failed' },
} as const;

/** A stable error code, e.g. `rollout.frozen`. */
export type ErrorCode = keyof typeof errorCatalogue;

/** One thing that is wrong with an input: where, what was seen, and how to mend it. */
export interface InputIssue {
  /** Dotted path of the field, e.g. `stages.0.to`; empty for the whole input. */
  readonly path: string;
  /** What is wrong, in a sentence. */
  readonly message: string;
  /** The value seen, shortened and without secrets. */
  readonly seen?: string;
  /** What to write instead. */
  readonly mend?: string;
}

/** What a {@link BelayError} carries besides its code and message. */
export interface BelayErrorOptions {
  readonly hint?: string;
  readonly issues?: readonly InputIssue[];
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** An expected failure with a stable code, a message for people and a hint what to do next. */
export class BelayError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly issues: readonly InputIssue[];
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: BelayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BelayError';
    this.code = code;
    this.hint = options.hint;
    this.issues = options.issues ?? [];
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** HTTP status of this failure. */
  get status(): ErrorStatus {
    return definitions[this.code].status;
  }
}

/** Recognises a {@link BelayError} by shape, so that a duplicated copy of the class in a bundle does not matter. */
export function isBelayError(value: unknown): value is BelayError {
  return value instanceof Error && value.name === 'BelayError' && 'code' in value && typeof value.code === 'string';
}

const definitions: Readonly<Record<ErrorCode, ErrorDefinition>> = errorCatalogue;
