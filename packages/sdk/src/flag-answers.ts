import type { FlagValueType } from '@belay/core/flag';
import type { DropCounter } from './drop-counter.ts';
import type { Context, FlagReading } from './flag-reader.ts';
import type { ServedFlags } from './served-flags.ts';
import type { AnyFlags, FlagContext, FlagDetails, Flags, FlagValue } from './types.ts';

/** The reading half of a client. */
export type FlagAnswers = Pick<Flags<AnyFlags>, 'on' | 'value' | 'details' | 'evaluate'>;

/** What answers need: `defaults` are the application's own for flags that Belay does not know. */
export interface FlagAnswersParts {
  readonly served: ServedFlags;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly drops: DropCounter;
  readonly warn: (message: string) => void;
}

/** Answers that never throw: whatever goes wrong, the caller gets its default. */
export function createFlagAnswers({ served, defaults, drops, warn }: FlagAnswersParts): FlagAnswers {
  const read = (key: string, type: FlagValueType, contextOf: () => Context): FlagReading | undefined => {
    try {
      return served.reader.read(key, contextOf(), type);
    } catch (error) {
      drops.add('reading');
      warn(`flag "${key}" could not be read: ${error instanceof Error ? error.message : 'unknown'}`);
      return undefined;
    }
  };
  const fallbackOf = (key: string, fallback: FlagValue): FlagValue => {
    const own = Object.hasOwn(defaults, key) ? defaults[key] : undefined;
    return isFlagValue(own) && typeof own === typeof fallback ? own : fallback;
  };
  const detail = (key: string, contextOf: () => Context, fallback: FlagValue): FlagDetails<FlagValue> => {
    const type = typeOf(fallback);
    const reading = read(key, type, contextOf);
    return detailsOf({ reading, type, fallback: fallbackOf(key, fallback), isReady: served.state !== undefined });
  };
  return {
    on(key, context) {
      const value = read(key, 'boolean', () => withKey(context))?.result.value;
      return typeof value === 'boolean' ? value : fallbackOf(key, false) === true;
    },
    value(key, context, fallback) {
      const type = typeOf(fallback);
      const value = read(key, type, () => withKey(context))?.result.value;
      return isFlagValue(value) && typeof value === type ? value : fallbackOf(key, fallback);
    },
    details: (key, context, fallback) => detail(key, () => withKey(context), fallback),
    evaluate: (key, context, fallback) => detail(key, () => context, fallback),
  };
}

interface DetailsInput {
  readonly reading: FlagReading | undefined;
  readonly type: FlagValueType;
  readonly fallback: FlagValue;
  readonly isReady: boolean;
}

function detailsOf({ reading, type, fallback, isReady }: DetailsInput): FlagDetails<FlagValue> {
  const failed = { value: fallback, variant: undefined };
  if (reading === undefined) {
    const errorCode = isReady ? 'GENERAL' : 'PROVIDER_NOT_READY';
    const errorMessage = isReady ? 'the flag could not be read' : 'no flags have been received yet';
    return { ...failed, reason: 'ERROR', flagMetadata: {}, errorCode, errorMessage };
  }
  const { value, variant, reason, flagMetadata, errorCode, errorMessage } = reading.result;
  if (errorCode !== undefined || value === undefined) {
    return { ...failed, reason, flagMetadata, errorCode, errorMessage };
  }
  if (isFlagValue(value) && typeof value === type) {
    return { value, variant, reason: reading.isStandIn ? 'STALE' : reason, flagMetadata, errorCode, errorMessage };
  }
  const message = `the value is ${typeof value}, not ${type}`;
  return { ...failed, reason: 'ERROR', flagMetadata, errorCode: 'TYPE_MISMATCH', errorMessage: message };
}

/** `key` is a short name of `targetingKey`. */
function withKey(context: FlagContext | undefined): Context {
  const key = context?.key;
  return key === undefined || context?.targetingKey !== undefined ? context : { ...context, targetingKey: key };
}

function typeOf(value: unknown): FlagValueType {
  const type = typeof value;
  return type === 'boolean' || type === 'string' || type === 'number' ? type : 'object';
}

/** The set was read from JSON, so whatever is not undefined is a flag value. */
function isFlagValue(value: unknown): value is FlagValue {
  return value !== undefined && typeof value !== 'function';
}
