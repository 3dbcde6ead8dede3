import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect, loginFile } from '../connection.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { CommonFlags, Run } from '../run.ts';

/** Checks a token against the server and keeps both for later commands, readable by their owner alone. */
export async function login(run: Run, flags: CommonFlags): Promise<ExitCode> {
  const url = flags.url ?? run.world.environment['BELAY_URL'] ?? 'http://127.0.0.1:4600';
  const token = flags.token ?? run.world.environment['BELAY_KEY'] ?? (await askToken(run, url));
  await connect({ url, token }, run.world).call('status', {});
  const file = loginFile(run.world);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify({ url, token })}\n`, { mode: 0o600 });
  await rename(temporary, file);
  run.output.answer({ url, file }, () => `Logged in to ${url}.`);
  return exitCode.done;
}

async function askToken(run: Run, url: string): Promise<string> {
  const answer = run.world.stdinIsTty ? (await run.world.ask(`Token for ${url}: `)).trim() : '';
  if (answer !== '') return answer;
  throw new CliFailure({
    code: 'access.unauthenticated',
    exitCode: exitCode.usage,
    what: 'A token is needed to log in.',
    why: run.world.stdinIsTty ? 'The answer was empty.' : '--token is missing, and there is no terminal to ask on.',
    fix: `belay login --url ${url} --token <token>   (make one in the dashboard: Settings, Tokens)`,
  });
}
