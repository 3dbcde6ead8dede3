import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { PlainFlags, Run } from '../run.ts';

/** Checks belay.yaml and reports everything that is wrong with it at once. Needs no server. */
export async function configValidate(run: Run, _flags: PlainFlags, file = 'belay.yaml'): Promise<ExitCode> {
  const place = path.resolve(run.world.cwd, file);
  const text = await readFile(place, 'utf8').catch((error: unknown) => {
    throw unreadable(place, error);
  });
  const { validateConfig } = await import('@belay/server');
  const result = validateConfig(text);
  if ('issues' in result) {
    throw new CliFailure({
      code: 'config.invalid',
      exitCode: exitCode.usage,
      what: `${file} is not valid.`,
      why: `${result.issues.length} ${result.issues.length === 1 ? 'thing is' : 'things are'} wrong:`,
      fix: `mend the lines above, then: belay config validate ${file}`,
      issues: result.issues.map(({ path: at, message, seen, mend }) => ({
        path: at,
        message: [message, seen === undefined ? '' : `(seen: ${seen})`, mend ?? ''].filter(Boolean).join(' '),
      })),
    });
  }
  run.output.answer({ file: place, valid: true, config: result.config }, () => `${file} is valid.`);
  return exitCode.done;
}

function unreadable(place: string, error: unknown): CliFailure {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return new CliFailure(
    {
      code: 'config.invalid',
      exitCode: isMissing ? exitCode.notFound : exitCode.usage,
      what: 'The configuration cannot be read.',
      why: `${place}: ${error instanceof Error ? error.message : String(error)}`,
      fix: 'belay init   (writes a first belay.yaml)',
    },
    error,
  );
}
