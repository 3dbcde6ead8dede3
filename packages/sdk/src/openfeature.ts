import {
  ErrorCode,
  type EvaluationContext,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  ProviderNotReadyError,
  type ResolutionDetails,
  type TrackingEventDetails,
} from '@openfeature/server-sdk';
import type { Flags, FlagValue } from './types.ts';

/** Settings of the provider. */
export interface BelayProviderOptions {
  /** Milliseconds that `initialize` waits for the first flags; at most 2000. */
  readonly readyTimeoutMs?: number;
  /** Whether closing the provider closes the client too; default true. */
  readonly closesClient?: boolean;
}

/**
 * An OpenFeature server provider over a Belay client: the same flags, leases and outcomes, evaluated in process.
 * It is ready when there are flags to serve, stale while the server cannot be reached, and in error where it has none.
 */
export function createBelayProvider(flags: ProvidedFlags, options: BelayProviderOptions = {}): Provider {
  const events = new OpenFeatureEventEmitter();
  let isStale = false;
  let isFailed = false;
  const unsubscribe = flags.subscribe((change) => {
    if (change.kind === 'changed') {
      if (isFailed) {
        isFailed = false;
        events.emit(ProviderEvents.Ready, { message: 'the first flags have come' });
      } else events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...change.flagKeys] });
    } else if (change.kind === 'disconnected') {
      isStale = true;
      events.emit(ProviderEvents.Stale, { message: change.reason });
    } else if (isStale) {
      isStale = false;
      events.emit(ProviderEvents.Ready, { message: 'connected again' });
    }
  });
  const resolve = <Value>(request: Request<Value>): Promise<ResolutionDetails<Value>> =>
    Promise.resolve(resolutionOf(flags, request));

  return {
    metadata: { name: 'belay' },
    runsOn: 'server',
    events,
    async initialize() {
      const isReady = await flags.ready(
        options.readyTimeoutMs === undefined ? undefined : { timeoutMs: options.readyTimeoutMs },
      );
      if (!isReady) {
        isFailed = true;
        throw new ProviderNotReadyError('no flags have come from Belay, a file or a bootstrap yet');
      }
      const { source, connected } = flags.status();
      if (source !== 'server' || connected) return;
      isStale = true;
    },
    async onClose() {
      unsubscribe();
      if (options.closesClient !== false) await flags.close();
    },
    resolveBooleanEvaluation: (key, fallback, context) =>
      resolve({ key, fallback, context, like: false, isWanted: isBoolean }),
    resolveStringEvaluation: (key, fallback, context) =>
      resolve({ key, fallback, context, like: '', isWanted: isString }),
    resolveNumberEvaluation: (key, fallback, context) =>
      resolve({ key, fallback, context, like: 0, isWanted: isNumber }),
    resolveObjectEvaluation: <Value extends JsonValue>(key: string, fallback: Value, context: EvaluationContext) =>
      resolve({ key, fallback, context, like: {}, isWanted: (value): value is Value => typeof value === 'object' }),
    track(name: string, _context: EvaluationContext, details: TrackingEventDetails) {
      flags.track(name, details?.value ?? 1);
    },
  };
}

/** The part of a client that the provider stands on, whatever flags the application has declared. */
export type ProvidedFlags = Pick<Flags<unknown>, 'evaluate' | 'ready' | 'subscribe' | 'status' | 'track' | 'close'>;

interface Request<Value> {
  readonly key: string;
  readonly fallback: Value;
  readonly context: EvaluationContext;
  /** A value of the wanted type. */
  readonly like: FlagValue;
  readonly isWanted: (value: unknown) => value is Value;
}

function resolutionOf<Value>(flags: ProvidedFlags, request: Request<Value>): ResolutionDetails<Value> {
  const { value, variant, reason, flagMetadata, errorCode, errorMessage } = flags.evaluate(
    request.key,
    request.context,
    request.like,
  );
  const about = { reason, flagMetadata: { ...flagMetadata } };
  if (errorCode !== undefined) {
    return {
      value: request.fallback,
      ...about,
      errorCode: ErrorCode[errorCode],
      errorMessage: errorMessage ?? errorCode,
    };
  }
  if (variant === undefined || !request.isWanted(value)) return { value: request.fallback, ...about };
  return { value, variant, ...about };
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
