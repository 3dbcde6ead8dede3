import { z } from 'zod';

/**
 * What the dashboard's and CLI's live stream carries (`GET /api/v1/events`, SSE with Last-Event-ID).
 * Events tell that something changed; the reader fetches the resource. `rollout` carries the whole view, because it
 * changes every second while something goes out. `heartbeat` comes every second with the age of the newest data.
 */
export const liveEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heartbeat'), at: z.number(), dataAgeMs: z.number().nullable() }),
  z.object({ type: z.literal('rollout'), at: z.number(), rolloutId: z.string(), status: z.string() }),
  z.object({
    type: z.literal('ledger'),
    at: z.number(),
    entryId: z.number().int(),
    kind: z.string(),
    sentence: z.string(),
    rolloutId: z.string().nullable(),
  }),
  z.object({ type: z.literal('flag'), at: z.number(), flagKey: z.string(), revision: z.number().int() }),
  z.object({ type: z.literal('instances'), at: z.number() }),
  z.object({
    type: z.literal('alarm'),
    at: z.number(),
    alarmId: z.string(),
    signalId: z.string(),
    state: z.enum(['started', 'ended']),
    sentence: z.string(),
  }),
  /** People are told of trouble of a check, of its end, or again; a page is a new matter. */
  z.object({
    type: z.literal('check'),
    at: z.number(),
    incidentId: z.string(),
    what: z.enum(['down', 'flapping', 'reminder', 'ended']),
    page: z.boolean(),
    sentence: z.string(),
  }),
  /** States of checks have changed. */
  z.object({ type: z.literal('checks'), at: z.number() }),
  /** New values of signals were computed. */
  z.object({ type: z.literal('signals'), at: z.number() }),
  /** An error is new, has come back, is spiking, or somebody acted on it. */
  z.object({
    type: z.literal('issue'),
    at: z.number(),
    issueId: z.string(),
    what: z.enum(['new', 'regressed', 'spiking', 'acted']),
    sentence: z.string(),
  }),
]);
export type LiveEvent = z.infer<typeof liveEvent>;
