import type { InputIssue } from '@belay/core';
import { parseDuration, parsePercent } from '@belay/core/rollout';
import type { LimitValue, SignalInput, SignalKind } from '@belay/protocol';
import { type SignalDefinition, serviceOfSource } from './signal-definition.ts';
import { sqlIssue } from './sources/sql-guard.ts';

export interface SignalDefaults {
  /** Tolerated deviation, as a share. */
  readonly tolerance: number;
  /** Origins of Prometheus servers that may be asked. */
  readonly prometheus: readonly string[];
}

/** Fills the defaults in and refuses, with the mend, what cannot be computed or would be dangerous. */
export function resolveSignal(
  id: string,
  input: SignalInput,
  defaults: SignalDefaults,
): { readonly definition: SignalDefinition; readonly issues: readonly InputIssue[] } {
  const unit = input.unit ?? unitOf(input);
  const limit = (value: LimitValue | undefined): number | null => (value === undefined ? null : limitIn(unit, value));
  const definition: SignalDefinition = {
    id,
    title: input.title ?? id,
    service: input.service ?? serviceOfSource(input.from),
    kind: input.kind,
    source: input.from,
    quantile: input.quantile ?? 0.95,
    unit,
    good: input.good ?? (input.dimension === 'throughput' ? 'none' : 'lower'),
    dimension: input.dimension,
    owner: input.owner ?? null,
    target: limit(input.target),
    warning: limit(input.warning),
    critical: limit(input.critical),
    objective: parsePercent(input.objective ?? '99%') ?? 0.99,
    tolerance:
      input.tolerance === undefined ? defaults.tolerance : (parsePercent(input.tolerance) ?? defaults.tolerance),
    alarm: input.alarm ?? true,
  };
  const issues = [
    ...kindIssues(input),
    ...unitIssues(input, unit),
    ...limitIssues(definition),
    ...dangerIssues(definition, input),
    ...sourceIssues(input, defaults),
  ];
  return { definition, issues };
}

const KINDS: Readonly<Record<SignalInput['from']['type'], readonly SignalKind[]>> = {
  metric: ['ratio', 'quantile', 'rate', 'mean', 'gauge'],
  spans: ['ratio', 'quantile', 'rate', 'mean'],
  logs: ['ratio', 'rate'],
  errors: ['rate'],
  outcomes: ['ratio', 'quantile', 'rate', 'mean'],
  sql: ['gauge', 'ratio'],
  prometheus: ['gauge', 'ratio'],
};

function kindIssues(input: SignalInput): InputIssue[] {
  const allowed = KINDS[input.from.type];
  const issues: InputIssue[] = [];
  if (!allowed.includes(input.kind)) {
    issues.push({
      path: 'kind',
      message: `cannot be computed from ${input.from.type}`,
      seen: input.kind,
      mend: `write ${allowed.join(' or ')}`,
    });
  }
  if (input.kind === 'quantile' && input.quantile === undefined) {
    issues.push({ path: 'quantile', message: 'is missing: of which quantile?', mend: 'write e.g. quantile: 0.95' });
  }
  if (input.kind !== 'quantile' && input.quantile !== undefined) {
    issues.push({
      path: 'quantile',
      message: `means nothing for kind ${input.kind}`,
      seen: String(input.quantile),
      mend: 'remove it, or write kind: quantile',
    });
  }
  const { from } = input;
  if (from.type === 'metric' && (input.kind === 'ratio') !== (from.of !== undefined)) {
    issues.push(
      input.kind === 'ratio'
        ? { path: 'from.of', message: 'is missing: a ratio of what?', mend: 'name the metric below the line' }
        : { path: 'from.of', message: `means nothing for kind ${input.kind}`, mend: 'remove it, or write kind: ratio' },
    );
  }
  return issues;
}

function unitIssues({ kind }: SignalInput, unit: string): InputIssue[] {
  if (kind !== 'ratio' || unit === '%') return [];
  return [
    { path: 'unit', message: 'of a ratio is always percent', seen: unit, mend: 'write unit: "%", or leave it out' },
  ];
}

const NAMES = ['target', 'warning', 'critical'] as const;

function limitIssues(definition: SignalDefinition): InputIssue[] {
  const { good, kind, unit } = definition;
  const issues: InputIssue[] = [];
  for (const name of NAMES) {
    const value = definition[name];
    if (value === null) continue;
    if (Number.isNaN(value)) {
      issues.push({
        path: name,
        message: `is not in the unit of the signal, which is ${unit || 'a plain number'}`,
        mend: `write a number of ${unit || 'its unit'}`,
      });
    } else if (kind === 'ratio' && (value < 0 || value > 100)) {
      issues.push({ path: name, message: 'lies outside 0% to 100%', seen: String(value), mend: 'write e.g. "1%"' });
    }
    if (good === 'none') {
      issues.push({
        path: name,
        message: 'needs a direction that is good',
        seen: 'good: none',
        mend: 'write good: lower or good: higher',
      });
    }
  }
  return [...issues, ...orderIssues(definition)];
}

/** A warning that comes after the break warns nobody. */
function orderIssues({ good, target, warning, critical, unit }: SignalDefinition): InputIssue[] {
  const isStricter = (one: number, other: number): boolean => (good === 'higher' ? one > other : one < other);
  const side = good === 'higher' ? 'above' : 'below';
  const issues: InputIssue[] = [];
  if (warning !== null && critical !== null && !isStricter(warning, critical)) {
    issues.push({
      path: 'warning',
      message: `(${warning}${unit}) must be stricter than critical (${critical}${unit}), or it would warn after the break`,
      seen: String(warning),
      mend: `write a warning ${side} ${critical}${unit}, or move critical`,
    });
  }
  if (target !== null && critical !== null && isStricter(critical, target)) {
    issues.push({
      path: 'critical',
      message: `(${critical}${unit}) is stricter than the target (${target}${unit}): it would be broken while the promise is kept`,
      seen: String(critical),
      mend: `write a critical limit that is not ${side} ${target}${unit}`,
    });
  }
  return issues;
}

/** Settings under which nothing could ever be found, or a promise could never be kept. */
function dangerIssues({ tolerance, objective, kind, target }: SignalDefinition, input: SignalInput): InputIssue[] {
  const issues: InputIssue[] = [];
  if (tolerance > 1) {
    issues.push({
      path: 'tolerance',
      message: 'above 100% would never raise an alarm',
      seen: input.tolerance ?? '',
      mend: 'write e.g. "5%", or alarm: false',
    });
  }
  if (objective <= 0 || objective >= 1) {
    issues.push({
      path: 'objective',
      message: 'must be above 0% and below 100%: nobody keeps a promise without any exception',
      seen: input.objective ?? '',
      mend: 'write e.g. "99%"',
    });
  }
  if (kind === 'ratio' && input.objective !== undefined) {
    issues.push({
      path: 'objective',
      message: 'means nothing for a ratio: its target says which share may be bad',
      seen: input.objective,
      mend: 'remove it',
    });
  }
  if (
    kind === 'ratio' &&
    target !== null &&
    ((target === 0 && input.good !== 'higher') || (target === 100 && input.good === 'higher'))
  ) {
    issues.push({
      path: 'target',
      message: 'leaves no room for a single bad event',
      seen: String(target),
      mend: 'write e.g. "0.1%"',
    });
  }
  return issues;
}

function sourceIssues({ from }: SignalInput, { prometheus }: SignalDefaults): InputIssue[] {
  if (from.type === 'sql') {
    const issue = sqlIssue(from.query);
    return issue === null ? [] : [{ path: 'from.query', ...issue }];
  }
  if (from.type !== 'prometheus') return [];
  const url = new URL(from.url);
  if (url.username !== '' || url.password !== '') {
    return [
      { path: 'from.url', message: 'holds a password', mend: 'leave it out: secrets never stand in a definition' },
    ];
  }
  if (prometheus.includes(url.origin)) return [];
  return [
    {
      path: 'from.url',
      message: `asks ${url.origin}, which is not allowed`,
      seen: url.origin,
      mend: `add it in belay.yaml: signal_settings: { prometheus: ["${url.origin}"] }`,
    },
  ];
}

function unitOf({ kind, from }: SignalInput): string {
  if (kind === 'ratio') return '%';
  if (kind === 'rate') return from.type === 'metric' ? '/s' : '/min';
  const isDuration = from.type === 'spans' || (from.type === 'outcomes' && from.value === undefined);
  return isDuration ? 'ms' : '';
}

/** NaN where the text has another unit than the signal. */
function limitIn(unit: string, value: LimitValue): number {
  if (typeof value === 'number') return value;
  const match = /^(-?\d+(?:\.\d+)?)\s*(%|ms|s|m|h)?$/.exec(value);
  const number = Number(match?.[1] ?? NaN);
  const suffix = match?.[2];
  if (suffix === undefined || suffix === unit) return number;
  const ms = suffix === '%' ? null : parseDuration(`${match?.[1] ?? ''}${suffix}`);
  if (ms === null || ms === undefined) return NaN;
  if (unit === 'ms') return ms;
  return unit === 's' ? ms / 1000 : NaN;
}
