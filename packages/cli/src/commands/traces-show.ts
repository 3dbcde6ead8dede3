import type { TraceSpan, TraceView } from '@belay/protocol';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { printable } from '../log-line-text.ts';
import type { Output } from '../output.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

const BAR_WIDTH = 40;
const DEEPEST = 20;

/** Prints a trace as a waterfall. */
export async function tracesShow(run: Run, _flags: CommonFlags, id: string): Promise<ExitCode> {
  const api = await run.api();
  const trace = await api.call('traceGet', { params: { id } });
  run.output.answer(trace, () => waterfall(trace, run.output));
  return exitCode.done;
}

/** One line a span: name below its parent, time, and a bar where it lies in the trace. */
export function waterfall(trace: TraceView, output: Output): string {
  const { durationMs, spans } = trace;
  const head = `${trace.traceId}  ${new Date(trace.startAt).toISOString()}  ${durationMs.toFixed(1)} ms, ${trace.total} spans, ${trace.errors} errors, ${trace.logs} log lines`;
  const rows = spans.map((span) => {
    const name = `${'  '.repeat(Math.min(span.depth, DEEPEST))}${span.service} ${span.name}`;
    const failed = span.isError ? ` ! ${span.statusMessage === '' ? 'error' : span.statusMessage}` : '';
    return [
      printable(name),
      `${span.durationMs.toFixed(1)} ms`,
      span.isError ? output.paint('red', barOf(span, durationMs)) : barOf(span, durationMs),
      printable(failed.trim()),
    ];
  });
  return [head, ...trace.notes.map((note) => `note: ${note}`), formatTable(['span', 'took', 'when', ''], rows)].join(
    '\n',
  );
}

function barOf(span: TraceSpan, durationMs: number): string {
  const scale = durationMs > 0 ? BAR_WIDTH / durationMs : 0;
  const start = Math.min(BAR_WIDTH - 1, Math.max(0, Math.floor(span.startMs * scale)));
  const length = Math.min(BAR_WIDTH - start, Math.max(1, Math.round(span.durationMs * scale)));
  return `${'.'.repeat(start)}${'#'.repeat(length)}${'.'.repeat(BAR_WIDTH - start - length)}`;
}
