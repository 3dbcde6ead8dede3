/** Severity of an error event, as Sentry and the screens name it. */
export type ErrorLevel = 'fatal' | 'error' | 'warning' | 'info' | 'debug';

/** One call of a stack. Text fields are undefined where the sender gave none. */
export interface ErrorFrame {
  readonly function?: string | undefined;
  /** Name of the module or class, where the language has one: `app.views`, `com.acme.Pay`. */
  readonly module?: string | undefined;
  /** File or address of the code as the sender or a source map names it. */
  readonly file?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  /** From 1. */
  readonly column?: number | undefined;
  /** Whether it is the app's own code; undefined where the sender does not say. */
  readonly inApp?: boolean | undefined;
  /** Source around `line`; `first` is the number of the first line. */
  readonly context?: { readonly first: number; readonly lines: readonly string[] } | undefined;
  /** Where it stood in the bundle, once a source map has moved it. */
  readonly minified?: FramePlace | undefined;
}

/** A frame as it came: name and place in the bundle, and whether the sender called it the app's own. */
export interface FramePlace {
  readonly function?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly inApp?: boolean | undefined;
}

/** One exception of a chain. */
export interface ErrorException {
  readonly type: string;
  readonly value: string;
  readonly module?: string | undefined;
  /** How it was caught, e.g. `onunhandledrejection`. */
  readonly mechanism?: string | undefined;
  /** `false`: nothing caught it. */
  readonly handled?: boolean | undefined;
  /** Made by the SDK to carry a stack; its type says nothing. */
  readonly synthetic?: boolean | undefined;
  /** One of several that failed together (AggregateError, ExceptionGroup); they are children of the first. */
  readonly isGroup?: boolean | undefined;
  /** Innermost call first. */
  readonly frames: readonly ErrorFrame[];
}

/** One step that led to an error. */
export interface ErrorBreadcrumb {
  /** Unix ms. */
  readonly at?: number | undefined;
  readonly category: string;
  readonly type: string;
  readonly level: string;
  readonly message: string;
  readonly data: Readonly<Record<string, string>>;
}

/** What an SDK tells about a bundle, so that its source map can be found. */
export interface DebugImage {
  readonly file: string;
  /** UUID, lower case. */
  readonly debugId: string;
}

/** An error event, whatever format it came in; also the stored payload. */
export interface ErrorEvent {
  /** 32 hexadecimal digits, lower case. */
  readonly eventId: string;
  /** Unix ms by the sender's clock. */
  readonly timeMs: number;
  readonly level: ErrorLevel;
  /** Language: `node`, `javascript`, `python`, `java`, `go`, `csharp`, `ruby` ...; `other` when unknown. */
  readonly platform: string;
  /** The message with its parameters filled in; empty when only an exception speaks. */
  readonly message: string;
  /** The message before its parameters were filled in; empty when not known. */
  readonly template: string;
  readonly logger: string;
  readonly transaction: string;
  readonly release: string;
  readonly environment: string;
  readonly dist: string;
  readonly service: string;
  readonly instance: string;
  /** `sentry.javascript.node/11.12.0`. */
  readonly sdk: string;
  /** What was thrown first, then its causes. */
  readonly exceptions: readonly ErrorException[];
  /** Oldest first. */
  readonly breadcrumbs: readonly ErrorBreadcrumb[];
  readonly tags: Readonly<Record<string, string>>;
  /** Facts by group, as text. */
  readonly contexts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Flag key to variant (or value, where the sender knows no variant). */
  readonly flags: Readonly<Record<string, string>>;
  /** What tells users apart: id, else e-mail address, user name, IP address; empty when unknown. Never stored. */
  readonly user: string;
  /** The client's own grouping; empty when it leaves it to Belay. */
  readonly fingerprint: readonly string[];
  /** 32 and 16 hexadecimal digits; empty when unknown. */
  readonly traceId: string;
  readonly spanId: string;
  readonly debugImages: readonly DebugImage[];
}
