import { ApiError } from '@belay/client';

/** An error as a person reads it: what happened, what to do, and what to quote to an operator. */
export interface ExplainedError {
  readonly what: string;
  readonly hint: string | null;
  readonly code: string | null;
  readonly requestId: string | null;
  readonly issues: readonly { readonly path: string; readonly text: string }[];
}

/** Puts anything a call can throw into words. */
export function explainError(error: unknown): ExplainedError {
  if (error instanceof ApiError) {
    const { problem } = error;
    return {
      what: problem.detail,
      hint: problem.hint ?? null,
      code: problem.code,
      requestId: problem.requestId,
      issues: (problem.issues ?? []).map((issue) => ({ path: issue.path, text: issueText(issue) })),
    };
  }
  const unreachable = error instanceof TypeError;
  return {
    what: unreachable ? 'Belay does not answer.' : error instanceof Error ? error.message : String(error),
    hint: unreachable
      ? 'Your services keep serving; rollouts lapse to the old path by themselves when a lease ends.'
      : null,
    code: null,
    requestId: null,
    issues: [],
  };
}

/** Whether the call failed because nobody is signed in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** Whether the server does not have this at all, as one that is older than the dashboard in an open tab. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

function issueText(issue: {
  readonly message: string;
  readonly seen?: string | undefined;
  readonly mend?: string | undefined;
}): string {
  return [issue.message, issue.seen === undefined ? '' : `seen: ${issue.seen}`, issue.mend ?? '']
    .filter((part) => part !== '')
    .join('; ');
}
