/** A value that a flag can have. */
export type FlagValue =
  | boolean
  | number
  | string
  | null
  | readonly FlagValue[]
  | { readonly [name: string]: FlagValue | undefined };

/** The flags of a service: key to value type, as `belay flag types` writes it. */
export type FlagShape<Flags> = { readonly [Key in keyof Flags]: FlagValue };

/** Flags of a service that has not said which it reads. */
export type AnyFlags = Readonly<Record<string, FlagValue>>;

/** Keys of the flags that are on or off. */
export type SwitchKey<Flags> = {
  [Key in keyof Flags & string]: [Extract<Flags[Key], boolean>] extends [never] ? never : Key;
}[keyof Flags & string];

/**
 * For whom a flag is read. `key` (or OpenFeature's name for it, `targetingKey`) is the unit that is bucketed, a user
 * or account; rules may read any other field. Inside a unit of work that has a key, `key` may be left out.
 */
export interface FlagContext {
  readonly key?: string | undefined;
  readonly targetingKey?: string | undefined;
  readonly [name: string]: unknown;
}

/** Why a value could not be given; OpenFeature's codes. */
export type FlagErrorCode =
  | 'PROVIDER_NOT_READY'
  | 'FLAG_NOT_FOUND'
  | 'TYPE_MISMATCH'
  | 'PARSE_ERROR'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'GENERAL';

/** One evaluation in full. */
export interface FlagDetails<Value> {
  readonly value: Value;
  /** Name of the variant served; undefined where the caller's default was. */
  readonly variant: string | undefined;
  /**
   * OpenFeature's reasons. `SPLIT` is the random split of a rollout, `STALE` a lapsed lease or local trip: the old
   * variant is served to a unit that would have had the new one.
   */
  readonly reason: 'STATIC' | 'TARGETING_MATCH' | 'DEFAULT' | 'SPLIT' | 'DISABLED' | 'STALE' | 'ERROR';
  readonly flagMetadata: Readonly<Record<string, string | number | boolean>>;
  readonly errorCode: FlagErrorCode | undefined;
  readonly errorMessage: string | undefined;
}

/** How long something may take. */
export interface Deadline {
  /** Milliseconds; capped at 2000. */
  readonly timeoutMs?: number;
}

/** What a client does right now, for a health page or a log line. */
export interface FlagsStatus {
  /** Revision of the flags that are served; undefined where none have been seen. */
  readonly revision: number | undefined;
  /** Where they came from. */
  readonly source: 'server' | 'file' | 'bootstrap' | 'none';
  /** Whether the flag stream is open and has delivered. */
  readonly connected: boolean;
  readonly service: string;
  readonly instance: string;
  /** Each running rollout, and whether this process serves its new variant. */
  readonly rollouts: readonly RolloutStatus[];
  /** Everything that was dropped since the start, by cause; causes that never happened are absent. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Seconds of outcomes that wait to be sent, and their bytes. */
  readonly waiting: { readonly batches: number; readonly bytes: number };
  /** What is wrong with the settings or the last answer of the server, newest last; at most 20. */
  readonly warnings: readonly string[];
}

/** One running rollout as this process sees it. */
export interface RolloutStatus {
  readonly rolloutId: string;
  readonly flagKey: string;
  /** `serving`; `lapsed`: no lease; `tripped`: the new variant failed here and is cut until the next attempt. */
  readonly state: 'serving' | 'lapsed' | 'tripped';
}

/** The flags of one service: read synchronously, kept up to date behind the scenes. No method ever throws. */
export interface Flags<Shape> {
  /** Whether a flag is on for somebody; `false` (or the default given to `start`) where Belay cannot say. */
  on(key: SwitchKey<Shape>, context?: FlagContext): boolean;
  /** A flag's value for somebody; `fallback` where Belay cannot say or the value has another type. */
  value<Key extends keyof Shape & string>(key: Key, context: FlagContext | undefined, fallback: Shape[Key]): Shape[Key];
  /** A flag's value, with the variant and why it was given. */
  details<Key extends keyof Shape & string>(
    key: Key,
    context: FlagContext | undefined,
    fallback: Shape[Key],
  ): FlagDetails<Shape[Key]>;
  /**
   * Any flag by OpenFeature's rules: the context has a `targetingKey` (`key` is a field like any other), and the
   * type of `fallback` is the type that is wanted. For bridges to other APIs.
   */
  evaluate(key: string, context: Readonly<Record<string, unknown>>, fallback: FlagValue): FlagDetails<FlagValue>;
  /** Runs a job, command or message as one unit of work; returns (or throws) what `work` does. */
  unit<Result>(name: string, key: string | undefined, work: () => Result): Result;
  /** Adds a business value (cost, revenue, orders) to the current unit of work. */
  track(name: string, value: number): void;
  /** Waits for flags from the server. Resolves to whether there are any, at the latest after `timeoutMs`. */
  ready(deadline?: Deadline): Promise<boolean>;
  /** Calls `listener` when other flags are served or the connection changes; returns how to stop that. */
  subscribe(listener: (change: FlagsChange) => void): () => void;
  status(): FlagsStatus;
  /** Sends what is waiting and stops; resolves at the latest after `timeoutMs` (2 s). */
  close(deadline?: Deadline): Promise<void>;
}

/** What a subscriber is told. */
export type FlagsChange =
  | { readonly kind: 'changed'; readonly revision: number; readonly flagKeys: readonly string[] }
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly reason: string };

/** Settings of `belay.start`. Everything has a default; what is not valid is ignored with a warning. */
export interface StartOptions<Shape> {
  /** Address of the Belay server; default `BELAY_URL`. Without it nothing is sent and flags come from `bootstrap`. */
  readonly url?: string;
  /** Token with the scopes `evaluate` and `ingest`; default `BELAY_KEY`. */
  readonly key?: string;
  /** Name of the service; default `BELAY_SERVICE`, `OTEL_SERVICE_NAME`, the name in package.json as npm gives it. */
  readonly service?: string;
  /** Name of this process; default `BELAY_INSTANCE`, else host name, process id and a random part. */
  readonly instance?: string;
  /** Flags to start from where no last good file is newer: a flagd document or snapshot, or the path of one. */
  readonly bootstrap?: string | object;
  /** Values for flags that Belay does not know (yet). */
  readonly defaults?: Partial<Shape>;
  /** Where the last good flags are kept; `false` for nowhere. Default `BELAY_SNAPSHOT_FILE`, else a private folder. */
  readonly snapshotFile?: string | false;
  /** Whether every HTTP request that this process answers is a unit of work; default true. */
  readonly http?: boolean;
  /** Milliseconds between two signs of life of the server's stream; after three without any it is reopened. 15 000. */
  readonly heartbeatMs?: number;
  /** Largest flag snapshot that is accepted, in bytes; default 4 MiB. */
  readonly maxSnapshotBytes?: number;
  /** Is told, once each, what degrades this client; default `process.emitWarning`. */
  readonly onWarning?: (message: string) => void;
}
