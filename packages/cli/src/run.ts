import type { CommandContext } from '@stricli/core';
import type { Api, ConnectionFlags } from './connection.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import type { FailureFacts } from './failure.ts';
import { failureOf } from './failure-of.ts';
import { createOutput, type Output } from './output.ts';

/** The world as a command sees it; a test passes another one. */
export interface World {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  readonly stdinIsTty: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly clock: { now(): number };
  /** Asks on the terminal; called only when there is one. */
  ask(question: string): Promise<string>;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Speaks to the process that started this one over Node's channel, where there is one. */
  tellParent(message: Readonly<Record<string, unknown>>): void;
}

/** What stricli hands to every command. */
export interface BelayContext extends CommandContext {
  readonly world: World;
  /** Set by the command; the edge passes it to the shell. */
  end: ExitCode;
}

/** What a command works with. */
export interface Run {
  readonly output: Output;
  readonly world: World;
  /** Opens the API with the credentials at hand; throws a failure that says how to log in. */
  api(): Promise<Api>;
}

/** Flags of a command that talks to no server. */
export interface PlainFlags {
  readonly json: boolean;
  readonly debug: boolean;
}

/** Flags of a command that talks to a server. */
export interface CommonFlags extends PlainFlags, ConnectionFlags {}

/** Code of a command: gets the run, its flags and arguments, and returns how it ended. */
export type CommandCode<F extends PlainFlags, A extends readonly unknown[]> = (
  run: Run,
  flags: F,
  ...args: A
) => Promise<ExitCode>;

/** Loads a command when it is called, and turns whatever it throws into four lines and an exit code. */
export function lazily<F extends PlainFlags, A extends readonly unknown[]>(
  load: () => Promise<CommandCode<F, A>>,
): () => Promise<(this: BelayContext, flags: F, ...args: A) => Promise<void>> {
  return async () => {
    const code = await load();
    return async function runCommand(this: BelayContext, flags: F, ...args: A): Promise<void> {
      let tokenOrigin: string | undefined;
      const run = createRun(this.world, flags, (origin) => {
        tokenOrigin = origin;
      });
      try {
        this.end = await code(run, flags, ...args);
      } catch (error) {
        const facts = failureOf(error);
        if (facts === undefined) throw error;
        run.output.failure(withTokenOrigin(facts, tokenOrigin));
        if (flags.debug && error instanceof Error) this.world.stderr.write(`${error.stack ?? ''}\n`);
        this.end = facts.exitCode;
      }
    };
  };
}

/** A token that another shell or an old login left behind is the usual cause, so its source is told. */
function withTokenOrigin(facts: FailureFacts, origin: string | undefined): FailureFacts {
  if (facts.exitCode !== exitCode.access || origin === undefined) return facts;
  return { ...facts, why: `${facts.why} The token came from ${origin}.` };
}

function createRun(world: World, flags: PlainFlags & ConnectionFlags, useToken: (origin: string) => void): Run {
  const output = createOutput({
    stdout: world.stdout,
    stderr: world.stderr,
    isJson: flags.json,
    hasColour: hasColour(world.environment),
  });
  const api = async (): Promise<Api> => {
    const { connect, findCredentials } = await import('./connection.ts');
    useToken(findCredentials(flags, world).origin.token);
    return connect(flags, world);
  };
  return { output, world, api };
}

/** https://no-color.org: any value but the empty one switches colour off. */
function hasColour(environment: World['environment']): boolean {
  const wish = environment['NO_COLOR'];
  return (wish === undefined || wish === '') && environment['TERM'] !== 'dumb';
}
