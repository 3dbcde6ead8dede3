import type { EvaluationDetails, FlagValue, Hook, HookContext } from '@openfeature/server-sdk';
import { trace } from '@opentelemetry/api';

/**
 * Writes each flag evaluation on the active span as OpenTelemetry's semantic conventions describe it. This is all that
 * Belay needs to know who saw what.
 */
export const evaluationEventHook: Hook = {
  after(context: Readonly<HookContext>, details: EvaluationDetails<FlagValue>): void {
    trace.getActiveSpan()?.addEvent('feature_flag.evaluation', {
      'feature_flag.key': context.flagKey,
      'feature_flag.provider.name': context.providerMetadata.name,
      'feature_flag.result.variant': details.variant ?? '',
      'feature_flag.result.reason': (details.reason ?? 'unknown').toLowerCase(),
      'feature_flag.context.id': context.context.targetingKey ?? '',
    });
  },
};
