import { BelayError } from '@belay/core';
import type { SlotValue } from '@belay/core/baseline';
import type { SignalSource } from '@belay/protocol';
import { SLOT_MS, type SlotRange, slotsOf } from './source-types.ts';

type PrometheusSource = Extract<SignalSource, { type: 'prometheus' }>;

export interface PrometheusAccess {
  /** Origins that belay.yaml names; no other address is ever asked. */
  readonly allowed: readonly string[];
}

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 4 * 2 ** 20;

/** Asks another Prometheus for one series; its value at the end of a slot is the slot's. */
export async function readPrometheus(
  { url, query }: PrometheusSource,
  { allowed }: PrometheusAccess,
  { fromMs, toMs }: SlotRange,
): Promise<SlotValue[]> {
  const base = new URL(url);
  if (!allowed.includes(base.origin) || !/^https?:$/.test(base.protocol)) {
    throw unavailable(`${base.origin} is not among signal_settings.prometheus`);
  }
  const address = new URL(`${base.pathname.replace(/\/+$/, '')}/api/v1/query_range`, base.origin);
  address.search = new URLSearchParams({
    query,
    start: String((fromMs + SLOT_MS) / 1000),
    end: String(toMs / 1000),
    step: String(SLOT_MS / 1000),
  }).toString();
  const document = await fetchJson(address);
  const series = seriesIn(document);
  if (series.length > 1) {
    throw unavailable(
      `the query answers ${series.length} series instead of one; wrap it in sum(...) or name more labels`,
    );
  }
  const values = series[0] ?? [];
  return slotsOf(values.map(([time, value]) => ({ slot: (time * 1000 - SLOT_MS) / 1000, value, count: null })));
}

/** A redirect could lead anywhere, so none is followed. */
async function fetchJson(address: URL): Promise<unknown> {
  try {
    const answer = await fetch(address, {
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json' },
    });
    const text = await limitedText(answer);
    if (!answer.ok) throw unavailable(`it answered ${answer.status}: ${text.slice(0, 200)}`);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof BelayError) throw error;
    throw unavailable(error instanceof Error ? error.message : String(error), error);
  }
}

async function limitedText(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw unavailable(`its answer is larger than ${MOST_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function seriesIn(document: unknown): (readonly [number, number])[][] {
  const result = pick(pick(document, 'data'), 'result');
  if (!Array.isArray(result)) throw unavailable('its answer is not one of query_range');
  return result.map((series: unknown) => {
    const values = pick(series, 'values');
    if (!Array.isArray(values)) return [];
    return values.flatMap((pair: unknown) => {
      if (!Array.isArray(pair)) return [];
      const [time, value]: unknown[] = pair;
      return typeof time === 'number' ? [[time, Number(value)] as const] : [];
    });
  });
}

function pick(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

function unavailable(why: string, cause?: unknown): BelayError {
  return new BelayError('telemetry.unavailable', `The outside Prometheus could not be asked: ${why}.`, {
    hint: 'It is asked again in five minutes.',
    cause,
  });
}
