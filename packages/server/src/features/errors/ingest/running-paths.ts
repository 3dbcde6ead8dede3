import type { ErrorEvent } from '@belay/core/errors';
import type { RolloutPaths } from '../../changes/api.ts';

/** What is going out, as events need to know it. */
export interface RunningPaths {
  /** Reads it again when it is older than a few seconds. */
  refresh(): Promise<void>;
  /** Variants by flag; SDKs that only know values are translated by the flag's definition. */
  variantsOf(event: ErrorEvent): Readonly<Record<string, string>>;
  /** The running rollout that the event took part in. */
  pathOf(
    event: ErrorEvent,
  ): { readonly flagKey: string; readonly variant: string; readonly rolloutId: string } | undefined;
}

export interface RunningPathsOptions {
  readonly clock: { now(): number };
  readonly rollouts: () => Promise<readonly RolloutPaths[]>;
  /** Name of the variant with this value as text; undefined when the flag has none. */
  readonly variantOf: (flagKey: string, value: string) => string | undefined;
}

const FRESH_MS = 3000;

export function createRunningPaths({ clock, rollouts, variantOf }: RunningPathsOptions): RunningPaths {
  let byFlag: ReadonlyMap<string, RolloutPaths> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  return {
    async refresh() {
      if (clock.now() - readAt < FRESH_MS) return;
      readAt = clock.now();
      byFlag = new Map((await rollouts()).map((paths) => [paths.flagKey, paths]));
    },
    variantsOf(event) {
      const told: Record<string, string> = { ...event.flags };
      const { 'feature_flag.key': key, 'feature_flag.result.variant': variant } = event.tags;
      if (key !== undefined && variant !== undefined) told[key] = variant;
      return Object.fromEntries(Object.entries(told).map(([flag, value]) => [flag, variantOf(flag, value) ?? value]));
    },
    pathOf(event) {
      for (const [flagKey, variant] of Object.entries(event.flags)) {
        const paths = byFlag.get(flagKey);
        if (paths !== undefined) return { flagKey, variant, rolloutId: paths.id };
      }
      return undefined;
    },
  };
}
