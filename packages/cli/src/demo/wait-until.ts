import { exitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { World } from '../run.ts';

interface Patience {
  /** What is waited for, as the failure words it. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly world: Pick<World, 'clock' | 'interrupted'>;
}

const LOOK_EVERY_MS = 100;

/** Looks again and again until the condition holds; fails at the deadline, and at once on Ctrl-C. */
export async function waitUntil(
  holds: () => boolean | Promise<boolean>,
  { what, timeoutMs, world }: Patience,
): Promise<void> {
  const deadline = world.clock.now() + timeoutMs;
  while (!(await holds())) {
    if (world.interrupted.aborted) throw interrupted();
    if (world.clock.now() >= deadline) throw tooLate(what, timeoutMs);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Ctrl-C ended the demo. */
export function interrupted(): CliFailure {
  return new CliFailure({
    code: 'request.invalid',
    exitCode: exitCode.failed,
    what: 'The demo was interrupted.',
    why: 'Ctrl-C, or the terminal went away.',
    fix: 'belay demo',
  });
}

function tooLate(what: string, timeoutMs: number): CliFailure {
  return new CliFailure({
    code: 'server.failed',
    exitCode: exitCode.undecided,
    what: `Waiting for ${what} took too long.`,
    why: `Nothing after ${timeoutMs / 1000} s; the machine may be too busy.`,
    fix: 'belay demo --keep   (and read the logs in the folder it prints)',
  });
}
