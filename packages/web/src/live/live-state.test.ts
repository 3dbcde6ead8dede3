import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshness, initialLiveState, isStale, reduceLive } from './live-state.ts';

const START = 1_000_000;
const beat = (dataAgeMs: number | null, at: number) =>
  reduceLive(initialLiveState(START), { type: 'heartbeat', dataAgeMs }, at);

describe('freshness', () => {
  it('says how old the newest data is, growing until the next heartbeat', () => {
    expect(freshness(beat(900, START), START + 1100)).toEqual({ kind: 'live', dataAgeMs: 2000 });
  });

  it('is lost ten seconds after the last heartbeat, even while the connection looks open', () => {
    expect(freshness(beat(900, START), START + 10_001)).toEqual({ kind: 'lost', since: START });
  });

  it('is lost when no heartbeat ever came', () => {
    const opened = reduceLive(initialLiveState(START), { type: 'opened' }, START);
    expect(freshness(opened, START + 9000).kind).toBe('connecting');
    expect(freshness(opened, START + 10_001)).toEqual({ kind: 'lost', since: START });
  });

  it('tells a silent service from a silent Belay', () => {
    expect(freshness(beat(60_000, START), START)).toEqual({ kind: 'quiet', since: START - 60_000 });
    expect(freshness(beat(null, START), START)).toEqual({ kind: 'no-data' });
  });

  it('recovers with the next heartbeat', () => {
    const lost = reduceLive(beat(0, START), { type: 'closed' }, START + 20_000);
    expect(isStale(freshness(lost, START + 20_000))).toBe(true);
    const back = reduceLive(lost, { type: 'heartbeat', dataAgeMs: 500 }, START + 21_000);
    expect(isStale(freshness(back, START + 21_000))).toBe(false);
  });

  it('never looks fresh when the newest data is older than ten seconds', () => {
    fc.assert(
      fc.property(fc.nat(60_000), fc.nat(60_000), (dataAgeMs, later) => {
        const read = freshness(beat(dataAgeMs, START), START + later);
        expect(read.kind === 'live').toBe(later <= 10_000 && dataAgeMs + later <= 10_000);
      }),
      { seed: 7 },
    );
  });
});
