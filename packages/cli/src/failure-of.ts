import { isBelayError } from '@belay/core';
import { exitCode, exitCodeOfProblem } from './exit-code.ts';
import { CliFailure, type FailureFacts } from './failure.ts';

interface ProblemFacts {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly hint?: string | undefined;
  readonly issues?: readonly { path: string; message: string; seen?: string; mend?: string }[] | undefined;
}

/** What an expected failure says; undefined for a bug, which keeps its stack. */
export function failureOf(error: unknown): FailureFacts | undefined {
  if (error instanceof CliFailure) return error.facts;
  if (isBelayError(error)) {
    const { code, message, hint, issues, status } = error;
    return ofProblem({ code, title: message, detail: message, status, hint, issues: [...issues] });
  }
  const problem = problemOf(error);
  if (problem !== undefined) return ofProblem(problem);
  return ofConnection(error);
}

function ofProblem(problem: ProblemFacts): FailureFacts {
  const issues = problem.issues ?? [];
  return {
    code: problem.code,
    exitCode: exitCodeOfProblem(problem),
    what: problem.title,
    why: problem.detail,
    fix: problem.hint ?? issues.find(({ mend }) => mend !== undefined)?.mend ?? FIXES[problem.code] ?? DEFAULT_FIX,
    ...(issues.length === 0 ? {} : { issues: issues.map(issueLine) }),
  };
}

function issueLine(issue: { path: string; message: string; seen?: string; mend?: string }) {
  const seen = issue.seen === undefined ? '' : ` (seen: ${issue.seen})`;
  const mend = issue.mend === undefined ? '' : ` ${issue.mend}`;
  return { path: issue.path, message: `${issue.message}${seen}${mend}` };
}

const DEFAULT_FIX = 'belay doctor';
const FIXES: Readonly<Record<string, string>> = {
  'access.unauthenticated': 'belay login --url <address> --token <token>',
  'access.forbidden': 'belay token create <name> --scope operate   (with an admin token), then belay login',
  'flag.not-found': 'belay flag list',
  'rollout.not-found': 'belay rollout status',
};

function problemOf(error: unknown): ProblemFacts | undefined {
  if (!(error instanceof Error) || !('problem' in error)) return undefined;
  const { problem } = error;
  return isProblem(problem) ? problem : undefined;
}

function isProblem(value: unknown): value is ProblemFacts {
  return typeof value === 'object' && value !== null && 'code' in value && 'status' in value && 'detail' in value;
}

/** By name, so that a second copy of the client in a bundle does not matter. */
function ofConnection(error: unknown): FailureFacts | undefined {
  if (!(error instanceof Error) || error.name !== 'UnreachableError') return undefined;
  return {
    code: 'server.unreachable',
    exitCode: exitCode.unreachable,
    what: 'The server cannot be reached.',
    why: error.message,
    fix: 'belay server   (or point --url or BELAY_URL at a running one)',
  };
}
