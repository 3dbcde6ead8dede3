import { BelayError } from '@belay/core';
import type { Grid } from '../evaluate/series.ts';
import { parseDuration } from '../parse/duration.ts';

/** Parameters of a request, from its address and its form; a name may stand several times. */
export type Parameters = URLSearchParams;

const STEPS = 11_000;
/** Until then a time has all digits that milliseconds need. */
const LATEST_MS = 9_999_999_999_000;

export interface Limits {
  readonly timeoutMs: number;
}

/** `start`, `end` and `step` of a range query. */
export function rangeGrid(parameters: Parameters): Grid {
  const startMs = timeOf(parameters, 'start');
  const endMs = timeOf(parameters, 'end');
  if (startMs === undefined) throw missing('start');
  if (endMs === undefined) throw missing('end');
  if (endMs < startMs) throw invalid('end', 'end timestamp must not be before start time');
  const stepMs = durationOf(parameters, 'step');
  if (stepMs === undefined) throw missing('step');
  if (stepMs <= 0) {
    throw invalid('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  }
  const count = Math.floor((endMs - startMs) / stepMs) + 1;
  if (count - 1 > STEPS) {
    throw new BelayError(
      'promql.invalid',
      `exceeded maximum resolution of ${STEPS.toLocaleString('en-US')} points per timeseries. Try decreasing the query resolution (?step=XX)`,
      { hint: `A step of ${Math.ceil((endMs - startMs) / STEPS / 1000)} s would do.` },
    );
  }
  return { startMs, stepMs, count };
}

/** `time` of an instant query; now when it is left out. */
export function instantGrid(parameters: Parameters, nowMs: number): Grid {
  return { startMs: timeOf(parameters, 'time') ?? nowMs, stepMs: 1, count: 1 };
}

/** `start` and `end` of a question for metadata; `fallbackMs` back from now when left out. */
export function windowOf(parameters: Parameters, nowMs: number, fallbackMs: number): { fromMs: number; toMs: number } {
  const toMs = timeOf(parameters, 'end') ?? nowMs;
  const fromMs = timeOf(parameters, 'start') ?? toMs - fallbackMs;
  if (toMs < fromMs) throw invalid('end', 'end timestamp must not be before start time');
  return { fromMs, toMs };
}

/** `timeout`, never above the limit. */
export function timeoutOf(parameters: Parameters, limits: Limits): number {
  const asked = durationOf(parameters, 'timeout');
  if (asked !== undefined && asked <= 0) throw invalid('timeout', 'must be greater than 0');
  return Math.min(asked ?? limits.timeoutMs, limits.timeoutMs);
}

/** `limit`; undefined when left out or 0, which is Prometheus' "no limit". */
export function limitOf(parameters: Parameters): number | undefined {
  const text = parameters.get('limit');
  if (text === null || text === '' || text === '0') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalid('limit', 'limit must be a non-negative number');
  return Number(text);
}

/** Unix seconds or RFC 3339, as ms. */
function timeOf(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  const ms = isNumber(text) ? Math.round(Number(text) * 1000) : rfc3339Of(text);
  if (ms !== undefined && Math.abs(ms) <= LATEST_MS) return ms;
  // Prometheus' clients ask so for "ever".
  if (/^-?\d{5,}-\d\d-\d\dT/.test(text)) return text.startsWith('-') ? 0 : LATEST_MS;
  throw invalid(name, `cannot parse "${text.slice(0, 80)}" to a valid timestamp`);
}

function rfc3339Of(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Seconds or `1m30s`, as ms. */
function durationOf(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  const ms = isNumber(text) ? Number(text) * 1000 : parseDuration(text);
  if (ms === undefined || !Number.isFinite(ms)) {
    throw invalid(name, `cannot parse "${text.slice(0, 80)}" to a valid duration`);
  }
  return Math.round(ms);
}

function isNumber(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text);
}

function missing(name: string): BelayError {
  return invalid(name, 'is missing');
}

function invalid(name: string, message: string): BelayError {
  return new BelayError('promql.invalid', `invalid parameter "${name}": ${message}`);
}
