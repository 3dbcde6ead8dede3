import type { FastifyInstance } from 'fastify';

/** Facts of a span or of a log record. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/** How the shop tells what it does. */
export interface Watch {
  /** Makes each request a unit that the work within it belongs to. */
  requests(app: FastifyInstance): void;
  /** Runs a part of the current request's work: a query, a call of another service. */
  part<Result>(name: string, facts: Facts, work: () => Result): Result;
  /** Notes on the current request who saw what. */
  evaluated(flag: string, variant: string, key: string): void;
  /** Notes on the current request what went wrong. */
  failed(error: Error): void;
  log(level: 'info' | 'warn' | 'error', facts: Readonly<Record<string, unknown>>, message: string): void;
  close(): Promise<void>;
}

/** Nobody watches. */
export const unwatched: Watch = {
  requests: () => undefined,
  part: (_name, _facts, work) => work(),
  evaluated: () => undefined,
  failed: () => undefined,
  log: () => undefined,
  close: async () => undefined,
};
