import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCatalogue } from '@belay/core';
import { exitCode, exitCodeMeaning, type ExitCode } from '../exit-code.ts';
import { CliFailure, docsPathOf } from '../failure.ts';
import type { PlainFlags, Run } from '../run.ts';

const OWN_CODES: Readonly<Record<string, { title: string }>> = {
  'server.unreachable': { title: 'The server cannot be reached' },
};

/** Explains an error code from the documentation on disk; without a code, lists them all. */
export async function explain(run: Run, _flags: PlainFlags, code?: string): Promise<ExitCode> {
  const codes: Readonly<Record<string, { title: string }>> = { ...errorCatalogue, ...OWN_CODES };
  if (code === undefined) {
    const rows = Object.entries(codes).map(([name, { title }]) => ({ code: name, title }));
    run.output.answer({ codes: rows, exitCodes: exitCodes() }, () =>
      [
        ...rows.map((row) => `${row.code.padEnd(34)} ${row.title}`),
        '',
        ...exitCodes().map((exit) => `exit ${String(exit.code).padEnd(3)} ${exit.meaning}`),
      ].join('\n'),
    );
    return exitCode.done;
  }
  const known = codes[code];
  if (known === undefined) throw unknownCode(code, Object.keys(codes));
  const text = sectionOf(code);
  const document = { code, title: known.title, docs: docsPathOf(code), text };
  run.output.answer(document, () => text ?? `${code}: ${known.title}.\n${docsPathOf(code)}`);
  return exitCode.done;
}

function exitCodes(): readonly { code: number; meaning: string }[] {
  return typedEntries(exitCodeMeaning).map(([name, meaning]) => ({ code: exitCode[name], meaning }));
}

function typedEntries<K extends string, V>(table: Readonly<Record<K, V>>): readonly (readonly [K, V])[] {
  // `Object.entries` widens the keys to string; this table is closed.
  return Object.entries(table) as [K, V][];
}

/** The section of the errors page whose heading names the code. */
function sectionOf(code: string): string | undefined {
  const page = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../../docs/reference/errors.md');
  if (!existsSync(page)) return undefined;
  const lines = readFileSync(page, 'utf8').split('\n');
  const start = lines.findIndex((line) => /^#{2,4} /.test(line) && line.includes(code));
  if (start === -1) return undefined;
  const length = lines.slice(start + 1).findIndex((line) => /^#{1,4} /.test(line));
  return lines
    .slice(start, length === -1 ? undefined : start + 1 + length)
    .join('\n')
    .trim();
}

function unknownCode(code: string, codes: readonly string[]): CliFailure {
  const area = codes.filter((known) => known.split('.')[0] === code.split('.')[0]);
  return new CliFailure({
    code: 'route.not-found',
    exitCode: exitCode.notFound,
    what: 'There is no such code.',
    why: `"${code}" is not in the list${area.length > 0 ? `; near it: ${area.join(', ')}` : ''}.`,
    fix: 'belay explain',
  });
}
