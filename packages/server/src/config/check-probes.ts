import type { InputIssue } from '@belay/core';
import type { ProbeInput } from '@belay/protocol';
import { type Probe, resolveProbe } from '../features/checks/api.ts';

/** `check_settings` of belay.yaml with every default filled in. */
export interface CheckSettingsInput {
  readonly hosts: readonly string[];
  readonly at_once: number;
}

/** Golden paths as the server takes them over. */
export interface CheckSettings {
  readonly probes: readonly Probe[];
  readonly atOnce: number;
}

/** Checks every golden path that belay.yaml defines, and refuses what can never work. */
export function checkProbes(
  written: Readonly<Record<string, ProbeInput>>,
  { hosts, at_once }: CheckSettingsInput,
): { readonly checks: CheckSettings; readonly issues: readonly InputIssue[] } {
  const resolved = Object.entries(written).map(([name, input]) => ({ name, ...resolveProbe(name, input, hosts) }));
  const issues = resolved.flatMap(({ name, issues: found }) =>
    found.map((issue) => ({ ...issue, path: `checks.${name}.${issue.path}` })),
  );
  return { checks: { probes: resolved.map(({ probe }) => probe), atOnce: at_once }, issues };
}
