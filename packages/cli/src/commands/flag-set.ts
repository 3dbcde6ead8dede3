import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FlagDefinition, FlagView } from '@belay/protocol';
import type { Api } from '../connection.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface SetFlags extends CommonFlags {
  readonly boolean: boolean;
  readonly file?: string;
  readonly default?: string;
  readonly disable: boolean;
  readonly enable: boolean;
  readonly description?: string;
}

/** Creates or changes a flag. Everybody gets the default variant; `belay rollout start` is the guarded way to change it. */
export async function flagSet(run: Run, flags: SetFlags, key: string): Promise<ExitCode> {
  const api = await run.api();
  const present = await readFlag(api, key);
  const definition = await nextDefinition(run, flags, { key, present: present?.definition });
  const description = flags.description ?? present?.description ?? null;
  const saved = await api.call('flagPut', {
    params: { key },
    body: { definition, description },
    ifMatch: present?.version ?? 'absent',
  });
  run.output.answer(saved, () => `${saved.key}: ${saved.whoGetsWhat}`);
  return exitCode.done;
}

async function readFlag(api: Api, key: string): Promise<FlagView | undefined> {
  try {
    return await api.call('flagGet', { params: { key } });
  } catch (error) {
    if (hasProblemCode(error, 'flag.not-found')) return undefined;
    throw error;
  }
}

interface Wanted {
  readonly key: string;
  readonly present: FlagDefinition | undefined;
}

async function nextDefinition(run: Run, flags: SetFlags, { key, present }: Wanted): Promise<FlagDefinition> {
  const base =
    flags.file === undefined ? (present ?? newBoolean(flags, key)) : await readDefinition(run, flags.file, key);
  const state = flags.disable ? 'DISABLED' : flags.enable ? 'ENABLED' : base.state;
  if (flags.default === undefined) return { ...base, state };
  if (Object.hasOwn(base.variants, flags.default)) return { ...base, state, defaultVariant: flags.default };
  throw new CliFailure({
    code: 'flag.invalid',
    exitCode: exitCode.usage,
    what: `"${key}" has no such variant.`,
    why: `--default is "${flags.default}"; the variants are ${Object.keys(base.variants).join(', ')}.`,
    fix: `belay flag set ${key} --default ${Object.keys(base.variants)[0] ?? 'off'}`,
  });
}

function newBoolean(flags: SetFlags, key: string): FlagDefinition {
  if (flags.boolean) return { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
  throw new CliFailure({
    code: 'flag.not-found',
    exitCode: exitCode.notFound,
    what: `There is no flag "${key}" yet, and nothing says what it shall be.`,
    why: 'Neither --boolean nor --file was given.',
    fix: `belay flag set ${key} --boolean`,
  });
}

/** A flagd document (`{"flags": {...}}`) or one definition alone. */
async function readDefinition(run: Run, file: string, key: string): Promise<FlagDefinition> {
  const place = path.resolve(run.world.cwd, file);
  try {
    const document: unknown = JSON.parse(await readFile(place, 'utf8'));
    const definition = pick(pick(document, 'flags'), key) ?? document;
    if (isDefinition(definition)) return definition;
  } catch (error) {
    throw unreadable(place, error instanceof Error ? error.message : String(error));
  }
  throw unreadable(place, `it has neither a flag "${key}" nor "state" and "variants" of its own`);
}

function pick(document: unknown, key: string): unknown {
  if (typeof document !== 'object' || document === null) return undefined;
  return Object.entries(document).find(([name]) => name === key)?.[1];
}

function isDefinition(value: unknown): value is FlagDefinition {
  return typeof value === 'object' && value !== null && 'state' in value && 'variants' in value;
}

function unreadable(place: string, why: string): CliFailure {
  return new CliFailure({
    code: 'flag.invalid',
    exitCode: exitCode.usage,
    what: 'The flag definition cannot be read.',
    why: `${place}: ${why}`,
    fix: 'write {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off"}',
  });
}

function hasProblemCode(error: unknown, code: string): boolean {
  if (!(error instanceof Error) || !('problem' in error)) return false;
  const { problem } = error;
  return typeof problem === 'object' && problem !== null && 'code' in problem && problem.code === code;
}
