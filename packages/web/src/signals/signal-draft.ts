import type { SignalInput, SignalSource } from '@belay/protocol';

/** A signal being written: text as typed, so that half a number is not lost. */
export interface SignalDraft {
  readonly id: string;
  readonly title: string;
  readonly kind: SignalInput['kind'];
  readonly dimension: SignalInput['dimension'];
  readonly good: NonNullable<SignalInput['good']>;
  readonly unit: string;
  readonly owner: string;
  readonly quantile: string;
  readonly target: string;
  readonly warning: string;
  readonly critical: string;
  readonly tolerance: string;
  readonly alarm: boolean;
  readonly source: string;
}

/** Where each kind of source starts. */
export const sourceTemplates: Readonly<Record<SignalSource['type'], SignalSource>> = {
  spans: { type: 'spans', service: 'shop' },
  metric: { type: 'metric', metric: 'http.server.request.duration' },
  logs: { type: 'logs', service: 'shop', severity: 'error' },
  errors: { type: 'errors', service: 'shop' },
  outcomes: { type: 'outcomes', service: 'shop' },
  sql: {
    type: 'sql',
    query:
      'SELECT toStartOfFiveMinutes(ts) AS time, count() AS value FROM spans WHERE ts >= {from:DateTime} AND ts < {to:DateTime} GROUP BY time',
  },
  prometheus: { type: 'prometheus', url: 'http://prometheus:9090', query: 'up' },
};

export function draftOf(id: string, input: SignalInput): SignalDraft {
  const text = (value: number | string | undefined): string => (value === undefined ? '' : String(value));
  return {
    id,
    title: input.title ?? '',
    kind: input.kind,
    dimension: input.dimension,
    good: input.good ?? 'none',
    unit: input.unit ?? '',
    owner: input.owner ?? '',
    quantile: text(input.quantile),
    target: text(input.target),
    warning: text(input.warning),
    critical: text(input.critical),
    tolerance: text(input.tolerance),
    alarm: input.alarm ?? true,
    source: JSON.stringify(input.from, null, 2),
  };
}

/** The definition that the draft means, or what stands in the way. The server checks everything else. */
export function inputOf(
  draft: SignalDraft,
  base: SignalInput | null,
): { readonly input: SignalInput } | { readonly problem: string } {
  let from: SignalSource;
  try {
    from = JSON.parse(draft.source) as SignalSource;
  } catch {
    return { problem: 'The source is not JSON yet.' };
  }
  const limit = (text: string): number | string => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  const put = (key: string, text: string, read: (text: string) => unknown = (one) => one): object =>
    text.trim() === '' ? {} : { [key]: read(text.trim()) };
  const { objective, service } = base ?? {};
  const input: object = {
    kind: draft.kind,
    dimension: draft.dimension,
    good: draft.good,
    from,
    alarm: draft.alarm,
    ...(objective === undefined ? {} : { objective }),
    ...(service === undefined ? {} : { service }),
    ...put('title', draft.title),
    ...put('unit', draft.unit),
    ...put('owner', draft.owner),
    ...put('quantile', draft.quantile, Number),
    ...put('target', draft.target, limit),
    ...put('warning', draft.warning, limit),
    ...put('critical', draft.critical, limit),
    ...put('tolerance', draft.tolerance),
  };
  return { input: input as SignalInput };
}
