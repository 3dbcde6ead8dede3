// CPU time of the fold per guard and block, and size of the state, at 100 requests per second on both sides together.
import {
  createEngineConfig,
  createGuardEngine,
  foldBlock,
  type GuardOptions,
  readEngine,
} from '@belay/core/statistics';
import { createRandom } from './random.ts';
import { publish, readArguments, type Row } from './report.ts';
import { drawBlock, drawDuration } from './traffic.ts';

const { replications, seed } = readArguments({ replications: 20_000, seed: 5 });
const random = createRandom(seed);
const SETS: Readonly<Record<string, readonly GuardOptions[]>> = {
  errors: [{ id: 'errors', kind: 'errors' }],
  ceiling: [{ id: 'ceiling', kind: 'ceiling' }],
  slow: [{ id: 'slow', kind: 'slow', quantile: 0.95 }],
  latency: [{ id: 'latency', kind: 'latency' }],
  value: [{ id: 'cost', kind: 'value', value: 'cost', harmful: 'up' }],
  'five guards': [
    { id: 'errors', kind: 'errors' },
    { id: 'ceiling', kind: 'ceiling' },
    { id: 'slow', kind: 'slow', quantile: 0.95 },
    { id: 'latency', kind: 'latency' },
    { id: 'cost', kind: 'value', value: 'cost', harmful: 'up' },
  ],
};
const blocks = Array.from({ length: 2000 }, (_, second) => {
  const side = (share: number) => ({
    requestsPerSecond: 100 * share,
    errorRate: 0.005,
    duration: drawDuration(random),
    value: { name: 'cost', draw: () => Math.exp(0.6 * random.normal()) },
  });
  return drawBlock(random, second, { canary: side(0.1), control: side(0.9) });
});

const rows: Row[] = Object.entries(SETS).map(([name, guards]) => {
  const config = createEngineConfig({ stages: [{ share: 0.1, plannedMinutes: 60 }], guards, warmUpSeconds: 0 });
  const state = createGuardEngine(config);
  fold(2000);
  const before = process.cpuUsage();
  fold(replications);
  const foldMicros = cpuMicros(before) / replications;
  const beforeRead = process.cpuUsage();
  for (let i = 0; i < 2000; i += 1) readEngine(config, state);
  return {
    guards: name,
    'fold, microseconds per block': foldMicros,
    'reading, microseconds': cpuMicros(beforeRead) / 2000,
    'state, bytes': JSON.stringify(state).length,
    '50 rollouts, share of a core': (50 * (foldMicros + cpuMicros(beforeRead) / 2000)) / 1e6,
  };

  function fold(count: number): void {
    for (let i = 0; i < count; i += 1) {
      const block = blocks[i % blocks.length];
      if (block !== undefined) foldBlock(config, state, { ...block, second: (state.lastSecond ?? 0) + 1 }, 0);
    }
  }
});
publish({ name: 'engine-cost', rows, seed, replications });

function cpuMicros(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}
