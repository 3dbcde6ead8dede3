import { attributeOf } from './attribute-value.ts';
import type { FlatAttributes, ResourceFacts } from './telemetry-batch.ts';

/** Reads who is speaking from a resource's attributes. */
export function resourceFactsOf(attributes: FlatAttributes): ResourceFacts {
  const sentAt = Number(attributeOf(attributes, 'belay.sent_at') ?? Number.NaN);
  return {
    service: attributeOf(attributes, 'service.name') || 'unknown_service',
    instance: attributeOf(attributes, 'service.instance.id') ?? attributeOf(attributes, 'host.name') ?? '',
    sdk: attributeOf(attributes, 'telemetry.sdk.name') ?? '',
    sdkVersion: attributeOf(attributes, 'telemetry.sdk.version') ?? '',
    sentAtMs: Number.isFinite(sentAt) ? sentAt : undefined,
    version: attributeOf(attributes, 'service.version') ?? '',
    environment:
      attributeOf(attributes, 'deployment.environment.name') ?? attributeOf(attributes, 'deployment.environment') ?? '',
    attributes,
  };
}
