import { BelayError } from '@belay/core';
import { compileFlagSet } from '@belay/core/flag';
import type { RolloutOverlay } from '@belay/core/flag';
import type { FlagWrite } from '@belay/protocol';
import type { StoredFlag } from './flag-store.ts';

/** Refuses a definition that flagd could not evaluate, naming everything that is wrong with it. */
export function checkDefinition(key: string, { definition, key: named }: FlagWrite): void {
  if (named !== undefined && named !== key) {
    throw new BelayError('flag.invalid', 'The address and the body name different flags.', {
      issues: [
        { path: 'key', message: 'differs from the address', seen: named, mend: `write "${key}" or leave it out` },
      ],
    });
  }
  const { issues } = compileFlagSet({ flags: { [key]: definition } });
  if (issues === undefined) return;
  const prefix = `flags.${key}`;
  const local = issues.map((issue) => ({ ...issue, path: issue.path.replace(prefix, 'definition') }));
  throw new BelayError('flag.invalid', `The definition of "${key}" has ${local.length} thing(s) to mend.`, {
    hint: local
      .map((issue) => `${issue.path}: ${issue.message}${issue.mend === undefined ? '' : ` (${issue.mend})`}`)
      .join('; '),
    issues: local,
  });
}

/** Refuses to change under a running rollout what decides who is on which side. `undefined` as `write`: deletion. */
export function requireUnguarded(
  before: StoredFlag | undefined,
  write: FlagWrite | undefined,
  overlay: RolloutOverlay | undefined,
): void {
  if (before === undefined || overlay === undefined) return;
  if (write !== undefined && JSON.stringify(write.definition) === JSON.stringify(before.definition)) return;
  throw new BelayError('flag.guarded', `Rollout ${overlay.rolloutId} is in charge of "${before.key}".`, {
    hint: 'Roll it back or let it finish first. To stop it at once, use "belay kill".',
    details: { rolloutId: overlay.rolloutId },
  });
}

/** The variant that a kill switch serves: the old path of the newest rollout, else "off", else the default. */
export function oldPathOf(flag: StoredFlag, overlay: RolloutOverlay | undefined): string {
  const { variants, defaultVariant } = flag.definition;
  const off = Object.entries(variants).find(([, value]) => value === false)?.[0];
  for (const variant of [overlay?.controlVariant, flag.controlVariant, off, defaultVariant]) {
    if (typeof variant === 'string' && Object.hasOwn(variants, variant)) return variant;
  }
  throw new BelayError('flag.invalid', `Belay cannot tell which variant of "${flag.key}" is the old path.`, {
    hint: 'Give the flag a defaultVariant.',
    issues: [
      { path: 'definition.defaultVariant', message: 'is missing', mend: `one of ${Object.keys(variants).join(', ')}` },
    ],
  });
}
