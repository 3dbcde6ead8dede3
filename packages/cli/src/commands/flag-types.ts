import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FlagView } from '@belay/protocol';
import type { Api } from '../connection.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface TypesFlags extends CommonFlags {
  readonly out: string;
}

/** Writes the TypeScript types of all flags, so that an unknown key does not compile. */
export async function flagTypes(run: Run, flags: TypesFlags): Promise<ExitCode> {
  const all = await readAllFlags(await run.api());
  const source = flagTypesSource(all);
  const file = path.resolve(run.world.cwd, flags.out);
  await writeFile(file, source);
  run.output.answer({ file, flags: all.map(({ key }) => key) }, () => `${flags.out}: ${all.length} flags`);
  return exitCode.done;
}

/** The generated file: one interface whose keys are the flags. */
export function flagTypesSource(flags: readonly Pick<FlagView, 'key' | 'description' | 'definition'>[]): string {
  const members = flags
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .flatMap((flag) => [
      ...(flag.description === null
        ? []
        : [`  /** ${flag.description.replaceAll('*/', '* /').replaceAll('\n', ' ')} */`]),
      `  ${JSON.stringify(flag.key)}: ${valueType(Object.values(flag.definition.variants))};`,
    ]);
  return [
    '// Written by `belay flag types`; run it again after a flag was added or removed.',
    'export interface Flags {',
    ...members,
    '}',
    '',
  ].join('\n');
}

function valueType(values: readonly unknown[]): string {
  const kinds = new Set(values.map((value) => typeof value));
  if (kinds.size === 1 && kinds.has('boolean')) return 'boolean';
  if (kinds.size === 1 && kinds.has('number')) return 'number';
  if (kinds.size === 1 && kinds.has('string')) {
    return [...new Set(values.map((value) => JSON.stringify(value)))].sort().join(' | ');
  }
  return kinds.size === 1 && kinds.has('object') ? 'Record<string, unknown>' : 'unknown';
}

async function readAllFlags(api: Api): Promise<readonly FlagView[]> {
  const flags: FlagView[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.call('flagList', { query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) } });
    flags.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return flags;
}
