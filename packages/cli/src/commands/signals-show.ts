import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';

/** Shows one signal: verdict, how it is made, what can be resolved, and its alarms. */
export async function signalsShow(run: Run, _flags: CommonFlags, id: string): Promise<ExitCode> {
  const api = await run.api();
  const signal = await api.call('signalGet', { params: { id } });
  run.output.answer(signal, () =>
    [
      `${signal.title}${signal.service === null ? '' : ` of ${signal.service}`}: ${signal.word}`,
      signal.sentence,
      signal.how,
      signal.baseline,
      ...(signal.resolvable === null ? [] : [`${signal.resolvable.text}.`]),
      ...(signal.problem === null ? [] : [`Problem: ${signal.problem}`]),
      ...signal.alarms.map(
        (alarm) => `${new Date(alarm.startedAt).toISOString()}  ${alarm.ending ?? 'open'}  ${alarm.sentence}`,
      ),
    ].join('\n'),
  );
  return exitCode.done;
}
