import type { ChangeRecordRequest } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface RecordFlags extends CommonFlags {
  readonly kind: ChangeRecordRequest['kind'];
  readonly service?: string;
  readonly title: string;
  readonly version?: string;
  readonly at?: number;
}

/** Tells Belay of a change that was made elsewhere: it is marked on every chart and tested against the hour before. */
export async function changeRecord(run: Run, flags: RecordFlags): Promise<ExitCode> {
  const api = await run.api();
  const { kind, service, title, version, at } = flags;
  const recorded = await api.call('changeRecord', {
    body: {
      kind,
      title,
      ...(service === undefined ? {} : { service }),
      ...(version === undefined ? {} : { version }),
      ...(at === undefined ? {} : { at }),
    },
  });
  run.output.answer(recorded, () => `${recorded.id}: ${recorded.title}. ${recorded.verdict.sentence}`);
  return exitCode.done;
}
