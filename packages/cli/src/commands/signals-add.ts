import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { signalInput, type SignalInput } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface AddFlags extends CommonFlags {
  readonly fromFile: string;
}

/** Creates or replaces a signal from a YAML or JSON file with its definition. */
export async function signalsAdd(run: Run, flags: AddFlags, id: string): Promise<ExitCode> {
  const body = await readDefinition(path.resolve(run.world.cwd, flags.fromFile));
  const api = await run.api();
  const known = (await api.call('signalList', { query: { limit: 200, search: id } })).items.find(
    (signal) => signal.id === id,
  );
  const saved = await api.call('signalPut', { params: { id }, body, ifMatch: known?.version ?? 'absent' });
  run.output.answer(saved, () => `${saved.id}: ${saved.how}`);
  return exitCode.done;
}

async function readDefinition(file: string): Promise<SignalInput> {
  let why: string;
  try {
    const { parse } = await import('yaml');
    const result = signalInput.safeParse(parse(await readFile(file, 'utf8')));
    if (result.success) return result.data;
    why = result.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('; ');
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  throw new CliFailure({
    code: 'signal.invalid',
    exitCode: exitCode.usage,
    what: 'The signal definition cannot be read.',
    why: `${file}: ${why}`,
    fix: 'write kind, from and dimension as docs/reference/signals.md says',
  });
}
