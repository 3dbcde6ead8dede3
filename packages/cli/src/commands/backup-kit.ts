import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { CommonFlags, Run } from '../run.ts';

/** Makes a key for backups and writes the kit that opens them. Needs no server. */
export async function backupKitNew(run: Run, _flags: CommonFlags, name: string): Promise<ExitCode> {
  const file = path.resolve(run.world.cwd, name);
  const { createRecoveryKit } = await import('@belay/server');
  const kit = await createRecoveryKit({ now: run.world.clock.now(), host: os.hostname() });
  try {
    // Never over another kit: it may be the only one that opens what is stored.
    await writeFile(file, kit.text, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new CliFailure({
      code: 'request.invalid',
      exitCode: exitCode.usage,
      what: `${file} could not be written.`,
      why: cause instanceof Error ? cause.message : 'unknown',
      fix: 'belay backup kit new <another file>',
    });
  }
  run.output.answer({ recipient: kit.recipient, file }, () =>
    [
      `Wrote ${file}. Print it or keep it in a password manager: without it nobody can open the backups.`,
      '',
      'belay.yaml:',
      '  backups:',
      `    recipients: [${kit.recipient}]`,
      `    identity_file: ${file}`,
    ].join('\n'),
  );
  return exitCode.done;
}

/** Opens a whole artefact with nothing but the kit. */
export async function backupKitCheck(run: Run, _flags: CommonFlags, file: string, artefact: string): Promise<ExitCode> {
  const { tryRecoveryKit } = await import('@belay/server');
  const at = (name: string): string => path.resolve(run.world.cwd, name);
  const { bytes } = await tryRecoveryKit(await readFile(at(file), 'utf8'), at(artefact));
  run.output.answer({ file, artefact, bytes }, () => `${file} opens ${artefact}: ${bytes} bytes inside.`);
  return exitCode.done;
}
