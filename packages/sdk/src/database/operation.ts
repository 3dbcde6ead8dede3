import { AsyncLocalStorage } from 'node:async_hooks';
import type { Fingerprint } from './fingerprint.ts';
import type { OperationRecord } from './types.ts';

/** What one statement did within an operation, summed over its runs. */
export interface StatementSums {
  readonly fingerprint: Fingerprint;
  count: number;
  ms: number;
  rows: number;
  isTold: boolean;
}

/** An operation that is going on. */
export interface Operation {
  readonly id: string;
  readonly name: string;
  readonly actor: string | undefined;
  /** Unix ms. */
  readonly at: number;
  /** Monotonic ms. */
  readonly startedAt: number;
  /** Owner: operations of two databases may nest, those of one may not. */
  readonly database: object;
  readonly isWrite: boolean;
  /** Few: looked through one by one, which costs less than a map. */
  statements: StatementSums[];
  queries: number;
  rows: number;
  attempt: number;
  hasEnded: boolean;
  /** Ms that it took; 0 until it has ended. */
  ms: number;
  outcome: OperationRecord['outcome'];
  error: string | undefined;
  /** Requests to others that it made, which a second try would make again. */
  sideEffects: string[];
}

/** The operation that the caller runs in. Set by `run` alone, so work that goes on afterwards is not billed to it. */
export const currentOperation: AsyncLocalStorage<Operation> = new AsyncLocalStorage();
