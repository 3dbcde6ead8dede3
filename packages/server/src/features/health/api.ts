import { BelayError } from '@belay/core';
import type { StatusView } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import { defineRoutes } from '../../platform/http/route.ts';
import { metricsText } from './metrics-text.ts';
import type { Metric } from './metrics-text.ts';
import { selfMetrics } from './self-metrics.ts';
import type { SelfMeasures } from './self-metrics.ts';

export type { Metric } from './metrics-text.ts';

/** One thing that must work for Belay to work. */
export interface HealthCheck {
  readonly name: string;
  /** Without it Belay cannot answer; others only degrade it. */
  readonly isVital: boolean;
  readonly run: () => Promise<{ readonly ok: boolean; readonly detail: string; readonly mend: string | null }>;
}

export interface HealthOptions {
  readonly version: string;
  readonly startedAt: number;
  readonly checks: readonly HealthCheck[];
  /** False while Belay shuts down. */
  readonly isServing: () => boolean;
  readonly facts: () => Pick<StatusView, 'loop' | 'ingest' | 'policy'>;
  /** Metrics of other features. */
  readonly further?: () => Promise<readonly Metric[]>;
  /** What Belay measures of itself beside its status. */
  readonly measure: () => Promise<SelfMeasures>;
}

export interface Health {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  /** What `/metrics` tells. */
  readonly metrics: () => Promise<readonly Metric[]>;
}

/** `/livez`, `/readyz`, `/startupz` (open to everybody, telling nothing else), `/metrics` and the status view. */
export function createHealth(options: HealthOptions): Health {
  const metrics = async (): Promise<readonly Metric[]> => [
    ...selfMetrics(await statusOf(options), await options.measure()),
    ...((await options.further?.()) ?? []),
  ];
  return {
    metrics,
    routes: async (app) => {
      probeRoutes(app, options);
      defineRoutes(app, { status: () => statusOf(options) });
      app.get('/metrics', { config: { scope: 'read' } }, async (_request, reply) => {
        return reply.type('text/plain; version=0.0.4; charset=utf-8').send(metricsText(await metrics()));
      });
    },
  };
}

function probeRoutes(app: FastifyInstance, options: HealthOptions): void {
  const open = { config: { scope: null } };
  app.get('/livez', open, () => ({ ok: true }));
  // Belay listens only when its start is complete, so that an answer is the proof.
  app.get('/startupz', open, () => ({ ok: true }));
  app.get('/readyz', open, async () => {
    const failed = options.isServing() ? await vitalFailures(options) : ['shutting down'];
    if (failed.length === 0) return { ok: true };
    throw new BelayError('server.starting', `Belay cannot serve now: ${failed.join(', ')}.`, {
      hint: 'GET /api/v1/status names the reasons, with a token.',
      retryAfterSeconds: 2,
    });
  });
}

async function vitalFailures({ checks }: HealthOptions): Promise<string[]> {
  const failed: string[] = [];
  for (const check of checks.filter(({ isVital }) => isVital)) {
    const { ok } = await attempt(check);
    if (!ok) failed.push(check.name);
  }
  return failed;
}

async function statusOf(options: HealthOptions): Promise<StatusView> {
  const checks = await Promise.all(
    options.checks.map(async (check) => ({ name: check.name, ...(await attempt(check)) })),
  );
  const vital = new Set(options.checks.filter(({ isVital }) => isVital).map(({ name }) => name));
  return {
    version: options.version,
    startedAt: options.startedAt,
    ready: options.isServing() && checks.every(({ name, ok }) => ok || !vital.has(name)),
    checks,
    ...options.facts(),
  };
}

/** A check that throws has failed, and its message is the finding. */
async function attempt(check: HealthCheck): ReturnType<HealthCheck['run']> {
  try {
    return await check.run();
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error), mend: null };
  }
}
