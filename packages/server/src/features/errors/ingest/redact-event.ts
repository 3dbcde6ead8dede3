import type { ErrorEvent, ErrorException } from '@belay/core/errors';
import type { RedactionCounts, Redactor } from '@belay/core/redaction';
import type { LogRow, SpanRow } from '@belay/wire';

type Fields = Readonly<Record<string, string>>;

/** Takes secrets out of everything an app may have put into an event. */
export function redactEvent(event: ErrorEvent, redactor: Redactor, counts: RedactionCounts): ErrorEvent {
  const text = (value: string): string => redactor.text(value, counts);
  const fields = (values: Fields): Fields => redactFields(values, redactor, counts);
  return {
    ...event,
    message: text(event.message),
    template: text(event.template),
    transaction: text(event.transaction),
    exceptions: event.exceptions.map((exception) => redactException(exception, text)),
    breadcrumbs: event.breadcrumbs.map((crumb) => ({
      ...crumb,
      message: text(crumb.message),
      data: fields(crumb.data),
    })),
    tags: fields(event.tags),
    contexts: Object.fromEntries(Object.entries(event.contexts).map(([name, values]) => [name, fields(values)])),
    fingerprint: event.fingerprint.map(text),
  };
}

function redactException(exception: ErrorException, text: (value: string) => string): ErrorException {
  const frames = exception.frames.map((frame) => ({
    ...frame,
    file: frame.file === undefined ? undefined : text(frame.file),
    context: frame.context === undefined ? undefined : { ...frame.context, lines: frame.context.lines.map(text) },
  }));
  return { ...exception, value: text(exception.value), frames };
}

function redactFields(values: Fields, redactor: Redactor, counts: RedactionCounts): Fields {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, redactor.attribute(key, value, counts)]),
  );
}

/** A span without secrets in its name and attributes. */
export function redactSpan(span: SpanRow, redactor: Redactor, counts: RedactionCounts): SpanRow {
  return { ...span, name: redactor.text(span.name, counts), attributes: redactFlat(span.attributes, redactor, counts) };
}

/** A log record without secrets in its body and attributes. */
export function redactLog(log: LogRow, redactor: Redactor, counts: RedactionCounts): LogRow {
  return { ...log, body: redactor.text(log.body, counts), attributes: redactFlat(log.attributes, redactor, counts) };
}

function redactFlat(flat: readonly string[], redactor: Redactor, counts: RedactionCounts): string[] {
  return flat.map((value, index) =>
    index % 2 === 0 ? value : redactor.attribute(flat[index - 1] ?? '', value, counts),
  );
}
