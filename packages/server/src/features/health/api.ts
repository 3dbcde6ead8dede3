import { BelayError } from '@belay/core';
import type { StatusView } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import { defineRoutes } from '../../platform/http/route.ts';
import { metricsText } from './metrics-text.ts';
import type { Metric } from './metrics-text.ts';

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
  readonly streams: () => number;
}

export interface Health {
  readonly routes: (app: FastifyInstance) => Promise<void>;
}

/** `/livez`, `/readyz`, `/startupz` (open to everybody, telling nothing else), `/metrics` and the status view. */
export function createHealth(options: HealthOptions): Health {
  return {
    routes: async (app) => {
      probeRoutes(app, options);
      defineRoutes(app, { status: () => statusOf(options) });
      app.get('/metrics', { config: { scope: 'read' } }, async (_request, reply) => {
        const status = await statusOf(options);
        return reply.type('text/plain; version=0.0.4; charset=utf-8').send(metricsText(metricsOf(status, options)));
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

function metricsOf(status: StatusView, { streams }: HealthOptions): Metric[] {
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  const one = (name: string, type: Metric['type'], help: string, value: number): Metric => ({
    name,
    help,
    type,
    values: [{ value }],
  });
  return [
    {
      name: 'belay_info',
      help: 'Version of Belay.',
      type: 'gauge',
      values: [{ labels: { version: status.version }, value: 1 }],
    },
    one('belay_ready', 'gauge', 'Whether Belay can serve.', Number(status.ready)),
    {
      name: 'belay_check_ok',
      help: 'Self checks.',
      type: 'gauge',
      values: status.checks.map(({ name, ok }) => ({ labels: { check: name }, value: Number(ok) })),
    },
    {
      name: 'belay_ingest_requests_total',
      help: 'Telemetry requests by result.',
      type: 'counter',
      values: Object.entries(status.ingest).map(([result, value]) => ({ labels: { result }, value })),
    },
    one(
      'belay_guard_loop_tick_seconds',
      'gauge',
      'Duration of the last round of the guards.',
      status.loop.lastTickMs / 1000,
    ),
    one(
      'belay_guard_loop_last_tick_timestamp_seconds',
      'gauge',
      'When the guards last looked.',
      (status.loop.lastTickAt ?? 0) / 1000,
    ),
    one('belay_guard_loop_lag_blocks', 'gauge', 'Stored seconds that no guard has judged yet.', status.loop.lagBlocks),
    one('belay_live_streams', 'gauge', 'Open live streams.', streams()),
    one('process_start_time_seconds', 'gauge', 'Start of the process.', status.startedAt / 1000),
    one('process_resident_memory_bytes', 'gauge', 'Resident memory.', memory.rss),
    one('process_cpu_seconds_total', 'counter', 'User and system time.', (cpu.user + cpu.system) / 1e6),
  ];
}
