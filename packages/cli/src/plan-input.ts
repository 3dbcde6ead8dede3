import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RolloutInput } from '@belay/protocol';
import { exitCode } from './exit-code.ts';
import { CliFailure } from './failure.ts';
import type { CommonFlags, Run } from './run.ts';

export interface PlanFlags extends CommonFlags {
  readonly config?: string;
  readonly profile?: 'conservative' | 'balanced' | 'fast';
  readonly component?: string;
  readonly title?: string;
  readonly stages?: string;
}

/**
 * The plan somebody means: the entry of belay.yaml with this name or this flag, or else a plan of defaults for the
 * flag. Flags of the command win over the file.
 */
export async function readPlanInput(run: Run, flags: PlanFlags, name: string): Promise<RolloutInput> {
  const written = await findWrittenRollout(run.world.cwd, flags.config, name);
  return {
    ...(written ?? { flag: name }),
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
    ...(flags.component === undefined ? {} : { component: flags.component }),
    ...(flags.title === undefined ? {} : { title: flags.title }),
    ...(flags.stages === undefined ? {} : { stages: parseStages(flags.stages) }),
  };
}

/** `1%/30s,10%/2m,100%`: shares with an optional soak each. */
function parseStages(text: string): NonNullable<RolloutInput['stages']> {
  return text.split(',').map((part) => {
    const [to, soak] = part.trim().split('/');
    return { to: to ?? '', ...(soak === undefined ? {} : { soak }) };
  });
}

/** The entry of belay.yaml with this name or for this flag; undefined without one, or without the default file. */
export async function findWrittenRollout(
  cwd: string,
  config: string | undefined,
  name: string,
): Promise<RolloutInput | undefined> {
  const file = path.resolve(cwd, config ?? 'belay.yaml');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (config === undefined && error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unreadable(file, error);
  }
  const { parse } = await import('yaml');
  const rollouts = rolloutsOf(parseYaml(parse, text, file));
  // The server checks the plan's fields; here it only has to be found.
  return rollouts[name] ?? Object.values(rollouts).find(({ flag }) => flag === name);
}

function parseYaml(parse: (text: string) => unknown, text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function rolloutsOf(document: unknown): Readonly<Record<string, RolloutInput>> {
  if (typeof document !== 'object' || document === null || !('rollouts' in document)) return {};
  const { rollouts } = document;
  return isRolloutTable(rollouts) ? rollouts : {};
}

function isRolloutTable(value: unknown): value is Record<string, RolloutInput> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((entry) => typeof entry === 'object' && entry !== null)
  );
}

function unreadable(file: string, error: unknown): CliFailure {
  return new CliFailure(
    {
      code: 'config.invalid',
      exitCode: exitCode.usage,
      what: 'The configuration cannot be read.',
      why: `${file}: ${error instanceof Error ? error.message : String(error)}`,
      fix: `belay config validate ${file}`,
    },
    error,
  );
}
