import { z } from 'zod';
import { timestamp } from './primitives.ts';
import { rolloutSummary, rolloutView, tone } from './rollout.ts';
import { changeMark, signalVerdict } from './signals.ts';

/** First screen: one sentence, what is going out, what to look at, signals, changes, safety net. */
export const overviewView = z.object({
  /** `Production is healthy. One change is going out.` */
  headline: z.string(),
  sub: z.string(),
  tone,
  goingOut: z.array(rolloutView),
  /** At most three, each one verb. */
  whenYouHaveAMinute: z.array(
    z.object({ tone, title: z.string(), detail: z.string(), verb: z.string(), href: z.string() }),
  ),
  /** Four measured signals of all services together; absent where no data arrives. */
  signals: z.array(
    z.object({
      id: z.enum(['errors', 'latency-p95', 'traffic', 'cost']),
      title: z.string(),
      value: z.string(),
      unit: z.string(),
      /** The signal behind it, for its page; null where several services are added up. */
      signalId: z.string().nullable(),
      /** `Usual`, `Higher than usual`, `Learning` ...: as of a signal, of the worst one where services are added up. */
      verdict: signalVerdict,
      word: z.string(),
      tone,
      /** `Usual at this hour: 0.8% to 1.2%.` */
      sentence: z.string(),
      /** The band is null while Belay learns what is usual. */
      points: z.array(
        z.object({
          at: timestamp,
          value: z.number().nullable(),
          low: z.number().nullable(),
          high: z.number().nullable(),
        }),
      ),
      marks: z.array(changeMark),
    }),
  ),
  changes: z.array(rolloutSummary),
  safetyNet: z.array(z.object({ tone, title: z.string(), detail: z.string(), state: z.string() })),
  services: z.array(z.object({ name: z.string(), instances: z.number().int() })),
  freeze: z.object({ active: z.boolean(), until: timestamp.nullable(), reason: z.string().nullable() }),
  at: timestamp,
});
export type OverviewView = z.infer<typeof overviewView>;

/** `freeze changes`: nothing is promoted or started until the end; guards go on and may roll back. */
export const freezeRequest = z.object({ until: timestamp, reason: z.string().trim().min(1).max(500) });

/** What Belay says about itself. */
export const statusView = z.object({
  version: z.string(),
  startedAt: timestamp,
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string(), mend: z.string().nullable() })),
  loop: z.object({ lastTickAt: timestamp.nullable(), lastTickMs: z.number(), lagBlocks: z.number().int() }),
  ingest: z.object({
    accepted: z.number().int(),
    refused: z.number().int(),
    shed: z.number().int(),
    duplicates: z.number().int(),
    late: z.number().int(),
  }),
  policy: z.object({ profile: z.string(), sentences: z.array(z.string()) }),
});
export type StatusView = z.infer<typeof statusView>;
