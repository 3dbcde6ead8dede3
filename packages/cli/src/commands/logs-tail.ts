import os from 'node:os';
import path from 'node:path';
import { findCredentials } from '../connection.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';
import { followFile } from '../tail/follow-file.ts';
import { openTailState } from '../tail/tail-state.ts';

export interface LogsTailFlags extends CommonFlags {
  readonly service: string;
  readonly instance?: string;
  readonly state?: string;
  readonly fromStart: boolean;
  readonly once: boolean;
}

/** Sends log files to Belay as they grow. Where it was is kept on disk, so that nothing is sent twice or left out. */
export async function logsTail(run: Run, flags: LogsTailFlags, ...files: readonly string[]): Promise<ExitCode> {
  const { world, output } = run;
  const { url, token } = findCredentials(flags, world);
  const folder = path.resolve(world.cwd, flags.state ?? path.join('.belay', 'tail'));
  const say = (text: string): void => output.line(text);
  const waits = new Set<string>();
  const reports = await Promise.all(
    files.map((name) => {
      const file = path.resolve(world.cwd, name);
      return followFile({
        file,
        service: flags.service,
        instance: flags.instance ?? os.hostname(),
        state: openTailState(folder, file),
        target: {
          url,
          token,
          signal: world.interrupted,
          onWait: (why) => {
            if (waits.has(why)) return;
            waits.add(why);
            say(`Waiting: ${why}. The files are kept and sent later.`);
          },
        },
        clock: world.clock,
        isFromStart: flags.fromStart,
        isOnce: flags.once,
        onNotice: say,
      });
    }),
  );
  output.answer({ files: reports }, () =>
    reports
      .map(({ file, records, refused, cutBytes }) => {
        const cut = cutBytes > 0 ? `, ${cutBytes} bytes of too long lines cut` : '';
        return `${file}: ${records} records sent${refused > 0 ? `, ${refused} refused` : ''}${cut}`;
      })
      .join('\n'),
  );
  return reports.some(({ refused }) => refused > 0) ? exitCode.failed : exitCode.done;
}
