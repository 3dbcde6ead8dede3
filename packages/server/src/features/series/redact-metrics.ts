import type { RedactionCounts, Redactor } from '@belay/core/redaction';
import type { DecodedMetrics, FlatAttributes } from '@belay/wire';

/** Takes secrets out of what a request of metrics stores besides labels: its resources and exemplars. */
export function redactMetrics<Metrics extends DecodedMetrics>(
  decoded: Metrics,
  redactor: Redactor,
  counts: RedactionCounts,
): Metrics {
  const { points, resources } = decoded;
  return {
    ...decoded,
    resources: resources.map((resource) => ({
      ...resource,
      attributes: redactFlat(resource.attributes, redactor, counts),
    })),
    points: {
      ...points,
      exemplars: points.exemplars.map((exemplar) => ({
        ...exemplar,
        attributes: redactFlat(exemplar.attributes, redactor, counts),
      })),
    },
  };
}

/** Takes secrets out of the values of flat attributes. */
export function redactFlat(flat: FlatAttributes, redactor: Redactor, counts: RedactionCounts): string[] {
  return flat.map((part, index) => (index % 2 === 0 ? part : redactor.attribute(flat[index - 1] ?? '', part, counts)));
}
