import type { InputIssue } from '@belay/core';
import { parsePercent } from '@belay/core/rollout';
import type { SignalInput } from '@belay/protocol';
import { resolveSignal, type SignalDefaults } from '../features/signals/resolve-signal.ts';

/** `signal_settings` of belay.yaml with every default filled in. */
export interface SignalSettingsInput {
  readonly starter: boolean;
  readonly prometheus: readonly string[];
  readonly tolerance: string;
}

/** Signals as the server takes them over. */
export interface SignalSettings {
  readonly written: Readonly<Record<string, SignalInput>>;
  readonly defaults: SignalDefaults;
  readonly hasStarterSet: boolean;
}

/** Checks every signal that belay.yaml defines, and refuses what cannot be computed or would be dangerous. */
export function checkSignals(
  written: Readonly<Record<string, SignalInput>>,
  input: SignalSettingsInput,
): { readonly signals: SignalSettings; readonly issues: readonly InputIssue[] } {
  const defaults: SignalDefaults = {
    tolerance: parsePercent(input.tolerance) ?? 0.02,
    prometheus: input.prometheus.map((url) => new URL(url).origin),
  };
  const issues = Object.entries(written).flatMap(([id, signal]) =>
    resolveSignal(id, signal, defaults).issues.map((issue) => ({ ...issue, path: `signals.${id}.${issue.path}` })),
  );
  return { signals: { written, defaults, hasStarterSet: input.starter }, issues };
}
