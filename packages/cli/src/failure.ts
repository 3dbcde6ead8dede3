import type { ExitCode } from './exit-code.ts';

/** An expected failure of a command, told in four lines: what happened, why, how to mend it, code and page. */
export interface FailureFacts {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly what: string;
  /** With the value seen. */
  readonly why: string;
  /** A command to paste, or what to write instead. */
  readonly fix: string;
  /** Further things wrong with the same input. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

/** Thrown by commands; the edge prints it and sets the exit code. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly facts: FailureFacts;

  constructor(facts: FailureFacts, cause?: unknown) {
    super(facts.what, cause === undefined ? undefined : { cause });
    this.facts = facts;
  }
}

/** Where a code is explained: on disk, and by `belay explain`. */
export function docsPathOf(code: string): string {
  return `docs/reference/errors.md#${code.replaceAll('.', '')}`;
}
