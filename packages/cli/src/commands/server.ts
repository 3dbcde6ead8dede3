import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { PlainFlags, Run } from '../run.ts';

export interface ServerFlags extends PlainFlags {
  readonly port?: number;
  readonly host?: string;
  readonly data?: string;
  readonly config?: string;
}

/** Runs the server until Ctrl-C; data in ./.belay unless told otherwise. */
export async function server(run: Run, flags: ServerFlags): Promise<ExitCode> {
  const { startServer } = await import('@belay/server');
  const running = await startServer({
    cwd: run.world.cwd,
    environment: run.world.environment,
    ...(flags.port === undefined ? {} : { port: flags.port }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.data === undefined ? {} : { dataDir: flags.data }),
    ...(flags.config === undefined ? {} : { configFile: flags.config }),
  });
  // Commands in this folder find a server on another port than 4600 by this file.
  const addressFile = path.resolve(run.world.cwd, flags.data ?? '.belay', 'url');
  const hasFolder = existsSync(path.dirname(addressFile));
  if (hasFolder) await writeFile(addressFile, `${running.url}\n`);
  tellAddress(run, running);
  await aborted(run.world.interrupted);
  if (hasFolder) await rm(addressFile, { force: true });
  await running.close();
  return exitCode.done;
}

interface RunningServer {
  readonly url: string;
  readonly setupUrl?: string | undefined;
}

function tellAddress(run: Run, running: RunningServer): void {
  run.world.tellParent({ url: running.url, setupUrl: running.setupUrl ?? null });
  run.output.answer({ url: running.url, setupUrl: running.setupUrl ?? null }, () =>
    [
      `Belay is running at ${running.url}`,
      ...(running.setupUrl === undefined ? [] : [`Open this once to set it up: ${running.setupUrl}`]),
    ].join('\n'),
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
