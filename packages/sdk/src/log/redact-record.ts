import { createRedactor, type RedactionCounts, type Redactor } from '@belay/core/redaction';
import { pino, type LoggerOptions } from 'pino';

/** Deepest nesting that is looked into; pino itself writes no deeper. */
const DEPTH = 5;

/** Settings of pino that take secrets out of facts, errors and messages before they are written anywhere. */
export function redacting(counts: RedactionCounts): Pick<LoggerOptions, 'formatters' | 'hooks' | 'serializers'> {
  const redactor = createRedactor();
  const clean = (value: unknown): unknown => redactValue(value, { redactor, counts, depth: 0 });
  return {
    formatters: { log: (facts) => clean(facts) as Record<string, unknown> },
    serializers: { err: (error: Error) => clean({ ...pino.stdSerializers.err(error) }) },
    hooks: {
      logMethod(inputs, method) {
        const texts = inputs.map((input: unknown) =>
          typeof input === 'string' ? redactor.text(input, counts) : input,
        );
        method.apply(this, texts as typeof inputs);
      },
    },
  };
}

interface Place {
  readonly redactor: Redactor;
  readonly counts: RedactionCounts;
  readonly depth: number;
}

/** The value without secrets: the same value where there is none, a copy where there is one. */
function redactValue(value: unknown, place: Place): unknown {
  if (typeof value === 'string') return place.redactor.text(value, place.counts);
  if (place.depth >= DEPTH || !isPlain(value)) return value;
  const inner = { ...place, depth: place.depth + 1 };
  if (Array.isArray(value)) {
    const items = value.map((item) => redactValue(item, inner));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const entries = Object.entries(value).map(([key, item]) => [key, redactField(key, item, inner)] as const);
  return entries.some(([key, item]) => item !== Reflect.get(value, key)) ? Object.fromEntries(entries) : value;
}

function redactField(key: string, value: unknown, place: Place): unknown {
  const rule = place.redactor.keyRule(key);
  const isNothing = value === undefined || value === null || value === '' || typeof value === 'boolean';
  return rule === undefined || isNothing ? redactValue(value, place) : place.redactor.placeholder(rule, place.counts);
}

/** Objects of classes (errors, buffers, dates) say themselves how they are written. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
