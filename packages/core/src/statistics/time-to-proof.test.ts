import { describe, expect, it } from 'vitest';
import { timeToProof } from './index.ts';

const options = {
  ratePerSecond: 100,
  share: 0.01,
  baselineRate: 0.005,
  harmfulRates: [0.0055, 0.01, 0.025, 0.3],
  tolerance: { points: 0.0005, ratio: 1.1 },
  margin: { points: 0.025, ratio: 1.2 },
};

describe('time to proof', () => {
  it('never proves a harm within the tolerance, and larger harms sooner', () => {
    const { harm } = timeToProof(options);
    expect(harm[0]?.seconds).toBe(Infinity);
    expect(harm[1]?.seconds).toBeGreaterThan(harm[2]?.seconds ?? 0);
    expect(harm[2]?.seconds).toBeGreaterThan(harm[3]?.seconds ?? 0);
    expect(harm[3]?.canaryUnits).toBe(20);
  });

  it('scales with traffic and never ends without any', () => {
    const slower = timeToProof({ ...options, ratePerSecond: 10 });
    const { harm, safeSeconds } = timeToProof(options);
    expect(slower.harm[1]?.seconds).toBeCloseTo(10 * (harm[1]?.seconds ?? 0), 3);
    expect(slower.safeSeconds).toBeCloseTo(10 * safeSeconds, 3);
    expect(timeToProof({ ...options, ratePerSecond: 0 }).safeSeconds).toBe(Infinity);
    expect(timeToProof({ ...options, share: 1 }).safeSeconds).toBe(Infinity);
  });

  it('agrees with the published safe sample sizes at ratio one to the bound', () => {
    const at = (points: number, ratio: number): number =>
      timeToProof({ ...options, margin: { points, ratio } }).safeCanaryUnits;
    // Measured means: 375 (1.02 of the bound) and 1963 (1.00 of the bound).
    expect(at(0.01, 2)).toBeGreaterThan(360);
    expect(at(0.01, 2)).toBeLessThan(375);
    expect(at(0, 2)).toBeGreaterThan(1900);
    expect(at(0, 2)).toBeLessThan(2000);
  });
});
