// Share of one core that the control loop needs with 50 running rollouts of five guards each: real SQLite, real
// embedded ClickHouse (its own process, measured apart), one second of outcomes for every rollout every second.
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { readFileSync } from 'node:fs';
import { bucketIndexOf, type Side } from '@belay/core';
import type { OutcomeRow } from '@belay/wire';
import { call, startWorld, stopWorld, type World } from '../packages/server/src/features/changes/changes-testbed.ts';
import { rowsOfBatch } from '../packages/server/src/features/telemetry/api.ts';

const ROLLOUTS = 50;
const SECONDS = 60;
const WARM_UP = 10;
const guards = [
  { signal: 'http.errors' },
  { signal: 'http.latency' },
  { signal: 'http.latency', slower_than: 'p95' },
  { signal: 'order.cost', worse_by: '5%' },
  { signal: 'http.ceiling' },
];

const world = await startWorld();
try {
  const ids = await startAll(world);
  const loop: number[] = [];
  const engine: number[] = [];
  for (let second = 0; second < SECONDS + WARM_UP; second += 1) {
    await store(world, ids, second);
    world.clock.advance(1000);
    const before = process.cpuUsage();
    const engineBefore = cpuOf(world.engine.pid());
    await world.server.changes.loop.tick();
    const { user, system } = process.cpuUsage(before);
    if (second < WARM_UP) continue;
    loop.push((user + system) / 1000);
    engine.push(cpuOf(world.engine.pid()) - engineBefore);
  }
  await report(loop, engine);
} finally {
  await stopWorld(world);
}

async function startAll(world: World): Promise<readonly string[]> {
  const definition = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
  const stages = [{ to: '10%', soak: '1h' }, { to: '100%' }];
  const ids: string[] = [];
  for (let index = 0; index < ROLLOUTS; index += 1) {
    const flag = `flag-${index}`;
    await call(world, 'PUT', `/api/v1/flags/${flag}`, { definition }, { 'if-none-match': '*' });
    const plan = { flag, component: flag, promote: 'clock', stages, guards, start: true };
    const { status, body } = await call(world, 'POST', '/api/v1/rollouts', plan);
    if (status !== 201 || typeof body['id'] !== 'string') throw new Error(JSON.stringify(body));
    ids.push(body['id']);
  }
  return ids;
}

async function store(world: World, ids: readonly string[], second: number): Promise<void> {
  const outcomes = ids.flatMap((id, index) => [
    ...rows(world, { id, flag: `flag-${index}`, side: 'canary', units: 10, second }),
    ...rows(world, { id, flag: `flag-${index}`, side: 'control', units: 90, second }),
  ]);
  const batch = { outcomes, evaluations: [], spans: [], logs: [] };
  await world.server.telemetry.write(rowsOfBatch(batch), { hash: BigInt(second + 1), bytes: outcomes.length * 200 });
}

interface Told {
  readonly id: string;
  readonly flag: string;
  readonly side: Side;
  readonly units: number;
  readonly second: number;
}

function rows(world: World, { id, flag, side, units, second }: Told): readonly OutcomeRow[] {
  const now = world.clock.now();
  const base = {
    resource: {
      service: 'shop',
      instance: 'shop-1',
      sdk: 'belay',
      sdkVersion: '0.1.0',
      sentAtMs: now,
      version: '',
      environment: '',
      attributes: [],
    },
    timeMs: now,
    flagKey: flag,
    revision: world.server.flags.revision(),
    variant: side === 'canary' ? 'on' : 'off',
    arm: 'randomised',
    side,
    rolloutId: id,
    group: side === 'canary' ? -1 : second % 32,
  } as const;
  const spread = (middle: number): Map<number, number> => {
    const counts = new Map<number, number>();
    for (let unit = 0; unit < units; unit += 1) {
      const bucket = bucketIndexOf(middle * (0.5 + ((unit * 7 + second * 3) % 20) / 10));
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    return counts;
  };
  const errors = second % 3 === 0 && side === 'control' ? 1 : 0;
  return [
    { ...base, units, errors, exposures: units, distinctBad: errors, valueName: '', histogram: spread(40) },
    { ...base, units: 0, errors: 0, exposures: 0, distinctBad: 0, valueName: 'order.cost', histogram: spread(3) },
  ];
}

/** CPU time of a process so far in ms (Linux, 100 ticks a second). */
function cpuOf(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function report(loop: readonly number[], engine: readonly number[]): Promise<void> {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const sorted = [...loop].sort((a, b) => a - b);
  const result = {
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length },
    rollouts: ROLLOUTS,
    guards: guards.length,
    seconds: SECONDS,
    cpuMsPerSecond: {
      mean: mean(loop),
      p50: sorted[Math.floor(loop.length / 2)],
      p99: sorted[Math.floor(loop.length * 0.99)],
    },
    shareOfOneCore: mean(loop) / 1000,
    engineCpuMsPerSecond: mean(engine),
    goal: { shareOfOneCore: 0.1 },
  };
  await writeFile(path.join(import.meta.dirname, 'results/control-loop.json'), `${JSON.stringify(result, null, 2)}\n`);
  console.log(result);
}
