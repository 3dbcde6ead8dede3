import type { ErrorCode } from '@belay/core';
import type { DecodedMetrics, RefusalCause } from '@belay/wire';
import type { DropCause, DroppedRows } from './drop-account.ts';

const CAUSES: Readonly<Partial<Record<ErrorCode, DropCause>>> = {
  'telemetry.overloaded': 'overloaded',
  'telemetry.unavailable': 'engine-down',
  'storage.full': 'disk-full',
  'request.too-large': 'too-large',
  'request.malformed': 'undecodable',
  'request.unsupported-media-type': 'undecodable',
  'request.rate-limited': 'rate-limited',
};

const REFUSALS: Readonly<Record<RefusalCause, DropCause>> = {
  series: 'cardinality',
  'too-old': 'too-old',
  future: 'future-time',
  invalid: 'invalid',
};

/** Why a request that failed was not stored; undefined when that is nobody's loss. */
export function dropCauseOf(code: ErrorCode): DropCause | undefined {
  return CAUSES[code];
}

/** Points that a request brought and that are not stored, by cause. */
export function refusalDrops({ refusals, rejected }: DecodedMetrics): [cause: DropCause, count: number][] {
  const drops = [...refusals].map(([cause, count]): [DropCause, number] => [REFUSALS[cause], count]);
  const told = drops.reduce((sum, [, count]) => sum + count, 0);
  // Outcomes are refused for one reason alone.
  return rejected > told ? [...drops, ['invalid', rejected - told]] : drops;
}

/** The signal that an address takes. */
export function signalOf(url: string): DroppedRows['signal'] {
  if (url.startsWith('/v1/traces')) return 'traces';
  if (url.startsWith('/v1/logs')) return 'logs';
  return url.startsWith('/v1/metrics') || url.includes('/api/v1/write') ? 'metrics' : 'other';
}

/** All of some counts together. */
export function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** Why an item of a Sentry envelope was not kept, told from the decoder's `type: reason`. */
export function sentryCauseOf(told: string): DropCause {
  const reason = told.slice(told.lastIndexOf(': ') + 2);
  if (/^(not kept|unknown type)/.test(reason)) return 'unsupported';
  if (/^(larger|more) than/.test(reason)) return 'too-large';
  return reason === 'incomplete' ? 'invalid' : 'undecodable';
}
