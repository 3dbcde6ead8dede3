import { buildCommand, type Command } from '@stricli/core';
import { type BelayContext, type CommandCode, lazily, type PlainFlags } from './run.ts';

interface CommandSpec<F extends PlainFlags, A extends readonly unknown[]> {
  /** Loads the code of the command when it is called: nobody pays for commands they do not use. */
  readonly load: () => Promise<CommandCode<F, A>>;
  readonly parameters: NoInfer<Parameters<typeof buildCommand<F, A, BelayContext>>[0]['parameters']>;
  readonly brief: string;
}

/** A command of the tree: its flags here, its code in a file of its own. */
export function command<F extends PlainFlags, A extends readonly unknown[]>(
  spec: CommandSpec<F, A>,
): Command<BelayContext> {
  return buildCommand<F, A, BelayContext>({
    loader: lazily(spec.load),
    parameters: spec.parameters,
    docs: { brief: spec.brief },
  });
}
