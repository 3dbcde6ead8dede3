/** What a script may rely on; documented in docs/reference/exit-codes.md. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  access: 3,
  notFound: 4,
  rolledBack: 10,
  held: 11,
  undecided: 12,
  unreachable: 69,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** One line per code, for the reference and `belay explain exit-codes`. */
export const exitCodeMeaning: Readonly<Record<keyof typeof exitCode, string>> = {
  done: 'Done; of a rollout: kept.',
  failed: 'Failed.',
  usage: 'Wrong usage: an unknown command or flag, or an input that is not valid.',
  access: 'A token is missing, or does not allow this.',
  notFound: 'There is no such thing.',
  rolledBack: 'The change was rolled back.',
  held: 'The change is held, or policy refused the action.',
  undecided: 'Time ran out before a verdict.',
  unreachable: 'The server cannot be reached.',
};

const REFUSED_BY_POLICY = new Set([
  'rollout.component-busy',
  'rollout.frozen',
  'rollout.cooling-down',
  'rollout.attempts-exhausted',
  'rollout.approval-needed',
]);

/** The exit code of a problem the server answered. */
export function exitCodeOfProblem(problem: { readonly status: number; readonly code: string }): ExitCode {
  if (REFUSED_BY_POLICY.has(problem.code)) return exitCode.held;
  if (problem.status === 401 || problem.status === 403) return exitCode.access;
  if (problem.status === 404) return exitCode.notFound;
  if (problem.status === 503) return exitCode.unreachable;
  if (problem.status === 400 || problem.status === 422) return exitCode.usage;
  return exitCode.failed;
}

/** The exit code of how a rollout ended, or of the state it is in when nobody waits any longer. */
export function exitCodeOfRollout(status: string): ExitCode {
  if (status === 'completed') return exitCode.done;
  if (status === 'rolled-back') return exitCode.rolledBack;
  if (status === 'held') return exitCode.held;
  if (status === 'cancelled') return exitCode.failed;
  return exitCode.undecided;
}
