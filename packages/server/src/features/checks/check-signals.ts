import type { SignalInput } from '@belay/protocol';
import type { StoredCheck } from './check-store.ts';

/** Share of runs that passed, 0 to 100, of one check over all instances. */
export const PASSING_METRIC = 'belay_check_passing_percent';

/** The signal that a golden path feeds; other checks are metrics that a signal can be made of. */
export function signalIdOf({ kind, name }: Pick<StoredCheck, 'kind' | 'name'>): string | null {
  return kind === 'probe' ? probeSignalId(name) : null;
}

export function probeSignalId(name: string): string {
  return `probe.${name}`;
}

/** Signals of the golden paths in belay.yaml: how often each works. */
export function probeSignals(
  probes: readonly { readonly name: string; readonly title: string; readonly service: string }[],
): Record<string, SignalInput> {
  return Object.fromEntries(
    probes.map(({ name, title, service }): [string, SignalInput] => [
      probeSignalId(name),
      {
        title: `${title}: works`.slice(0, 120),
        service,
        kind: 'gauge',
        from: { type: 'metric', metric: PASSING_METRIC, service, where: { check: name, kind: 'probe' } },
        unit: '%',
        good: 'higher',
        dimension: 'quality',
        target: '99%',
        // Its incidents are told by the rules of checks; a second alarm for the same trouble would be noise.
        alarm: false,
      },
    ]),
  );
}
