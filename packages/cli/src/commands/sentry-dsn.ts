import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';

/** Creates a DSN for Sentry SDKs and prints it, once. */
export async function sentryDsn(run: Run, _flags: CommonFlags, service: string): Promise<ExitCode> {
  const api = await run.api();
  const created = await api.call('sentryKeyCreate', { body: { service } });
  run.output.answer(created, () => created.dsn);
  run.output.notice('It is shown only now. It may stand in web pages: its key can do nothing but send.');
  return exitCode.done;
}
