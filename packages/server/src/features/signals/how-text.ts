import type { SignalSource } from '@belay/protocol';
import type { SignalDefinition } from './signal-definition.ts';

/** How a signal's number is made, in one sentence. */
export function howText(definition: SignalDefinition): string {
  return `${capital(whatText(definition))} ${sourceText(definition.source)}, every five minutes.`;
}

function whatText({ kind, quantile, source }: SignalDefinition): string {
  switch (kind) {
    case 'ratio':
      return source.type === 'logs' ? 'share of matching records among' : 'bad share of';
    case 'quantile':
      return `${Number((quantile * 100).toPrecision(5))}th percentile of`;
    case 'rate':
      return source.type === 'metric' ? 'rise a second of' : 'number a minute of';
    case 'mean':
      return 'mean of';
    case 'gauge':
      return 'mean value of';
  }
}

function sourceText(source: SignalSource): string {
  const of = 'service' in source && source.service !== undefined ? ` of ${source.service}` : '';
  switch (source.type) {
    case 'metric':
      return source.of === undefined ? `the metric ${source.metric}` : `${source.metric} over ${source.of.metric}`;
    case 'spans':
      return source.operation === undefined ? `the requests${of} (spans)` : `the spans "${source.operation}"${of}`;
    case 'logs':
      return source.contains === undefined
        ? `the log records${of}`
        : `the log records${of} that contain "${source.contains}"`;
    case 'errors':
      return `the error events${of}`;
    case 'outcomes':
      return source.value === undefined ? `the requests${of} that SDKs count` : `"${source.value}" a request${of}`;
    case 'sql':
      return 'what the query returns';
    case 'prometheus':
      return `${source.query} on ${new URL(source.url).host}`;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
