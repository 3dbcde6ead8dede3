import type { z } from 'zod';
import type { Scope } from './token.ts';

/** One endpoint of `/api/v1`: the single source of the routes' parsing, the OpenAPI document and the typed client. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with `{parameters}`, e.g. `/api/v1/rollouts/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  /** `null`: open to everybody. */
  readonly scope: Scope | null;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Largest body; 1 MiB when absent. */
  readonly bodyBytes?: number;
  readonly response: z.ZodType;
  readonly status?: 200 | 201 | 202 | 204;
  /** Writes that need `If-Match`. */
  readonly precondition?: boolean;
}

/** Keeps the literal types of an endpoint, so that the client can be typed from it. */
export const endpoint = <const E extends Endpoint>(definition: E): E => definition;
