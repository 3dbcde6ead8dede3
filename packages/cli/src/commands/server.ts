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
  run.world.tellParent({ url: running.url, setupUrl: running.setupUrl ?? null });
  run.output.answer({ url: running.url, setupUrl: running.setupUrl ?? null }, () =>
    [
      `Belay is running at ${running.url}`,
      ...(running.setupUrl === undefined ? [] : [`Open this once to set it up: ${running.setupUrl}`]),
    ].join('\n'),
  );
  await aborted(run.world.interrupted);
  await running.close();
  return exitCode.done;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
