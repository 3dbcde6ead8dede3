import { z } from 'zod';
import { timestamp } from './primitives.ts';

/** Least privilege: each endpoint names the one scope it needs; `admin` includes all, `operate` includes `read`. */
export const scope = z.enum(['ingest', 'evaluate', 'read', 'operate', 'admin']);
export type Scope = z.infer<typeof scope>;

export const tokenView = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(scope),
  createdAt: timestamp,
  lastUsedAt: timestamp.nullable(),
  expiresAt: timestamp.nullable(),
  /** First characters, to recognise it by. */
  hint: z.string(),
});
export type TokenView = z.infer<typeof tokenView>;

export const tokenCreate = z.object({
  name: z.string().trim().min(1).max(80),
  scopes: z.array(scope).min(1),
  expiresInDays: z.number().int().min(1).max(3650).optional(),
});
export type TokenCreate = z.infer<typeof tokenCreate>;

/** The secret is shown once and never stored. */
export const tokenCreated = tokenView.extend({ secret: z.string() });
export type TokenCreated = z.infer<typeof tokenCreated>;

/** Exchanges the one-time set-up token for a browser session (cookie) and an admin token. */
export const setupRequest = z.object({
  token: z.string().min(1).max(256),
  name: z.string().trim().min(1).max(80).default('owner'),
});
export const setupResult = z.object({ secret: z.string() });

/** Exchanges a token for a browser session cookie. */
export const sessionRequest = z.object({ token: z.string().min(1).max(256) });
export const sessionView = z.object({ name: z.string(), scopes: z.array(scope), setUp: z.boolean() });
export type SessionView = z.infer<typeof sessionView>;
