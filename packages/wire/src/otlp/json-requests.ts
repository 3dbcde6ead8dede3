import { textOfValue } from './attribute-value.ts';
import { createDecodeBudget, type DecodeBudget } from './decode-budget.ts';
import type { DecodeLimits } from './decode-limits.ts';
import { anyValueAt, attributesAt, eachItem } from './json-attributes.ts';
import { idAt, integerAt, type JsonObject, listAt, objectAt, parseJson, smallIntegerAt, textAt } from './json-value.ts';
import { logRowOf } from './log-draft.ts';
import { acceptLink, acceptLog, acceptSpan } from './span-rules.ts';
import type { LogRow, ResourceFacts, SpanEvent, SpanLink, SpanRow } from './telemetry-batch.ts';

/** Reads an ExportTraceServiceRequest in JSON. */
export function readJsonSpans(body: Uint8Array, limits: DecodeLimits): { spans: SpanRow[]; budget: DecodeBudget } {
  const budget = createDecodeBudget(limits);
  const spans: SpanRow[] = [];
  const names = { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' };
  eachItem(parseJson(body), names, {
    budget,
    item(item, resource, where) {
      budget.takeItem();
      const span = spanAt(item, { resource, budget, ...where });
      if (acceptSpan(span, budget)) spans.push(span);
    },
  });
  return { spans, budget };
}

/** Reads an ExportLogsServiceRequest in JSON. */
export function readJsonLogs(body: Uint8Array, limits: DecodeLimits): { logs: LogRow[]; budget: DecodeBudget } {
  const budget = createDecodeBudget(limits);
  const logs: LogRow[] = [];
  const names = { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' };
  eachItem(parseJson(body), names, {
    budget,
    item(item, resource, where) {
      budget.takeItem();
      const log = logAt(item, { resource, budget, ...where });
      if (acceptLog(log, budget)) logs.push(log);
    },
  });
  return { logs, budget };
}

interface Place {
  readonly resource: ResourceFacts;
  readonly scope: string;
  readonly path: string;
  readonly budget: DecodeBudget;
}

function spanAt(item: JsonObject, { resource, scope, path, budget }: Place): SpanRow {
  const status = objectAt(item['status'], `${path}.status`) ?? {};
  return {
    resource,
    scope,
    traceId: idAt(item['traceId'], `${path}.traceId`),
    spanId: idAt(item['spanId'], `${path}.spanId`),
    parentId: idAt(item['parentSpanId'], `${path}.parentSpanId`),
    name: budget.text(textAt(item['name'], `${path}.name`), 'spans.name'),
    kind: smallIntegerAt(item['kind'], `${path}.kind`),
    startNs: timeAt(item['startTimeUnixNano'], `${path}.startTimeUnixNano`),
    endNs: timeAt(item['endTimeUnixNano'], `${path}.endTimeUnixNano`),
    statusCode: smallIntegerAt(status['code'], `${path}.status.code`),
    statusMessage: budget.text(textAt(status['message'], `${path}.status.message`), 'spans.status.message'),
    attributes: attributesAt(item['attributes'], `${path}.attributes`, budget),
    events: eventsAt(item['events'], `${path}.events`, budget),
    links: linksAt(item['links'], `${path}.links`, budget),
  };
}

function eventsAt(value: unknown, path: string, budget: DecodeBudget): SpanEvent[] {
  const list = listAt(value, path);
  if (list.length > budget.limits.attributes) {
    budget.warn(`spans.events beyond the first ${budget.limits.attributes} of a span were cut`);
  }
  return list.slice(0, budget.limits.attributes).map((item, index) => {
    budget.takeNode();
    const event = objectAt(item, `${path}[${index}]`) ?? {};
    return {
      timeNs: timeAt(event['timeUnixNano'], `${path}[${index}].timeUnixNano`),
      name: budget.text(textAt(event['name'], `${path}[${index}].name`), 'spans.events.name'),
      attributes: attributesAt(event['attributes'], `${path}[${index}].attributes`, budget),
    };
  });
}

function linksAt(value: unknown, path: string, budget: DecodeBudget): SpanLink[] {
  const links: SpanLink[] = [];
  for (const [index, item] of listAt(value, path).entries()) {
    budget.takeNode();
    const link = objectAt(item, `${path}[${index}]`) ?? {};
    const traceId = idAt(link['traceId'], `${path}[${index}].traceId`);
    acceptLink({ traceId, spanId: idAt(link['spanId'], `${path}[${index}].spanId`) }, links, budget);
  }
  return links;
}

function logAt(item: JsonObject, { resource, scope, path, budget }: Place): LogRow {
  const body = anyValueAt(item['body'], { path: `${path}.body`, budget, depth: 1 });
  return logRowOf(
    {
      timeNs: timeAt(item['timeUnixNano'], `${path}.timeUnixNano`),
      observedNs: timeAt(item['observedTimeUnixNano'], `${path}.observedTimeUnixNano`),
      severity: smallIntegerAt(item['severityNumber'], `${path}.severityNumber`),
      severityText: budget.text(textAt(item['severityText'], `${path}.severityText`), 'log_records.severity_text'),
      eventName: budget.text(textAt(item['eventName'], `${path}.eventName`), 'log_records.event_name'),
      body: budget.text(textOfValue(body), 'log_records.body'),
      traceId: idAt(item['traceId'], `${path}.traceId`),
      spanId: idAt(item['spanId'], `${path}.spanId`),
      attributes: attributesAt(item['attributes'], `${path}.attributes`, budget),
    },
    resource,
    scope,
  );
}

/** A time in nanoseconds; a negative one means that the sender has no clock and counts as not given. */
export function timeAt(value: unknown, path: string): bigint {
  const time = integerAt(value, path);
  return time < 0n ? 0n : time;
}
