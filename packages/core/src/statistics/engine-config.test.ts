import { describe, expect, it } from 'vitest';
import { createEngineConfig, type GuardOptions } from './index.ts';

const ERRORS: GuardOptions = { id: 'errors', kind: 'errors' };

describe('the configuration', () => {
  it('renormalises weights and derives margins from the harm budget and the next stage', () => {
    const config = createEngineConfig({
      stages: [
        { share: 0.1, plannedMinutes: 5 },
        { share: 0.5, plannedMinutes: 5 },
      ],
      guards: [ERRORS, { id: 'ceiling', kind: 'ceiling' }],
    });
    expect(config.guards[0]?.weight).toBeCloseTo(0.35 / 0.45, 12);
    expect(config.guards[1]?.weight).toBeCloseTo(0.1 / 0.45, 12);
    const [errors] = config.guards;
    expect(errors?.kind === 'errors' && errors.margins).toEqual([
      { points: 0.005, ratio: 1.2 },
      { points: 0.0025, ratio: 1.2 },
    ]);
  });

  it('reports every mistake at once, with path, value and mend', () => {
    const broken = () =>
      createEngineConfig({
        stages: [{ share: 2, plannedMinutes: 5 }],
        guards: [ERRORS, { id: 'errors', kind: 'slow', quantile: 0.2 }],
        alpha: 0,
      });
    expect(broken).toThrow(
      expect.objectContaining({
        code: 'rollout.invalid',
        issues: [
          expect.objectContaining({ path: 'alpha', seen: '0' }),
          expect.objectContaining({ path: 'stages.0.share', seen: '2' }),
          expect.objectContaining({ path: 'guards.1.quantile', seen: '0.2' }),
          expect.objectContaining({ path: 'guards.1.id', seen: 'errors' }),
        ],
      }),
    );
  });
});
