import {
  buildApplication,
  generateHelpTextForAllCommands,
  type Application,
  type CommandContext,
  ExitCode as StricliExit,
  proposeCompletions,
  run,
} from '@stricli/core';
import { exitCode, type ExitCode } from './exit-code.ts';
import { createOutput } from './output.ts';
import { rootRoutes } from './routes/root.ts';
import type { BelayContext, World } from './run.ts';

/** The command tree with its scanner settings; also read by the script that writes the CLI reference. */
export const application: Application<BelayContext> = buildApplication(rootRoutes, {
  name: 'belay',
  versionInfo: { currentVersion: '0.1.0' },
  scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
  documentation: { caseStyle: 'convert-camel-to-kebab', disableAnsiColor: true },
});

/** The help of every command, for the reference. */
export function helpOfAllCommands(): readonly (readonly [route: string, help: string])[] {
  // Help needs no context, whatever the commands need.
  return generateHelpTextForAllCommands(application as unknown as Application<CommandContext>);
}

/** Runs one command line and returns the code for the shell. */
export async function runBelay(inputs: readonly string[], world: World): Promise<ExitCode> {
  const complaints: string[] = [];
  const process: StricliProcess = {
    stdout: { write: (text) => void world.stdout.write(text) },
    stderr: { write: (text) => void complaints.push(text) },
    env: world.environment,
  };
  const context: BelayContext & { readonly process: StricliProcess } = { process, world, end: exitCode.done };
  if (inputs[0] === '__complete') return complete(inputs.slice(1), context, world);
  await run(application, inputs, context);
  return finish({ complaints, inputs, stricliCode: Number(process.exitCode ?? 0), end: context.end, world });
}

type StricliProcess = Parameters<typeof run<BelayContext>>[2]['process'];

interface Ending {
  readonly complaints: readonly string[];
  readonly inputs: readonly string[];
  readonly stricliCode: number;
  readonly end: ExitCode;
  readonly world: World;
}

function finish({ complaints, inputs, stricliCode, end, world }: Ending): ExitCode {
  const isJson = inputs.includes('--json');
  const text = complaints.join('').trim();
  if (stricliCode === StricliExit.Success) {
    if (text !== '') world.stderr.write(`${text}\n`);
    return end;
  }
  if (stricliCode !== StricliExit.UnknownCommand && stricliCode !== StricliExit.InvalidArgument) {
    world.stderr.write(`${text}\n`);
    if (isJson)
      world.stdout.write(`${JSON.stringify({ error: { code: 'server.failed', exitCode: 1, what: text } })}\n`);
    return exitCode.failed;
  }
  const output = createOutput({ stdout: world.stdout, stderr: world.stderr, isJson, hasColour: false });
  output.failure({
    code: 'request.invalid',
    exitCode: exitCode.usage,
    what: 'The command line is not understood.',
    why: text.replaceAll('\n', ' '),
    fix: `${knownPart(inputs)} --help`,
  });
  return exitCode.usage;
}

/** The longest beginning of the line that names a command or a group of them: `belay rollout` of `rollout strat`. */
function knownPart(inputs: readonly string[]): string {
  const routes = helpOfAllCommands().map(([route]) => `${route} `);
  let known = 'belay';
  for (const word of inputs) {
    if (!routes.some((route) => route.startsWith(`${known} ${word} `))) break;
    known = `${known} ${word}`;
  }
  return known;
}

async function complete(
  words: readonly string[],
  context: Parameters<typeof proposeCompletions<BelayContext>>[2],
  world: World,
): Promise<ExitCode> {
  const proposals = await proposeCompletions(application, words, context);
  world.stdout.write(proposals.map(({ completion }) => `${completion}\n`).join(''));
  return exitCode.done;
}
