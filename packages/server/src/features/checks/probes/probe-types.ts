import type { ProbeInput, ProbeStep } from '@belay/protocol';

/** A golden path with every default filled in. */
export interface Probe {
  readonly name: string;
  readonly title: string;
  readonly service: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly dependsOn: readonly string[];
  readonly guards: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Names of environment variables. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly steps: readonly ProbeStep[];
  readonly cleanup: readonly ProbeStep[];
  /** Hosts that it may reach: those of its own addresses, and those of `check_settings.hosts`. */
  readonly hosts: ReadonlySet<string>;
}

export type { ProbeInput, ProbeStep };

/** What a step works with. */
export interface StepWorld {
  /** Text with its `{{names}}` filled in. */
  fill(text: string): string;
  /** JSON with the `{{names}}` of its texts filled in. */
  fillJson(value: unknown): unknown;
  set(name: string, value: string): void;
  secret(variable: string): string;
  /** The text without any value of a secret. */
  redact(text: string): string;
  /** The address, once it is known that the path may reach it. */
  address(text: string, protocols: readonly string[]): URL;
  /** Headers that tell everybody on the way that nobody is behind the request. */
  readonly tag: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Notes how long a certificate is still valid. */
  certificate(days: number): void;
  readonly sockets: ProbeSockets;
}

/** WebSockets that the path has open; all are closed at its end. */
export interface ProbeSockets {
  current: OpenSocket | undefined;
  readonly all: Set<{ terminate(): void }>;
}

export interface OpenSocket {
  /** Texts that came and were not looked at yet. */
  readonly waiting: string[];
  /** Resolves when there is a text, the other side closed, or the signal is aborted. */
  changed(signal: AbortSignal): Promise<void>;
  readonly closed: { readonly code: number; readonly reason: string } | undefined;
  send(text: string): void;
  close(code: number): void;
  terminate(): void;
}

/** Why a step failed: a stable word, a sentence, and what to do. */
export class StepFailure extends Error {
  readonly causeWord: string;
  readonly mend: string | null;

  constructor(causeWord: string, message: string, mend: string | null = null) {
    super(message);
    this.name = 'StepFailure';
    this.causeWord = causeWord;
    this.mend = mend;
  }
}
