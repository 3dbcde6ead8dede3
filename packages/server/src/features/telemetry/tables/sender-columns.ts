import type { ResourceFacts } from '@belay/wire';
import { dictionary, fixed } from '../../../platform/clickhouse/native-bulk.ts';
import { resourceIdOf } from './resources.ts';
import type { Arrival } from './row-set.ts';

/** Columns of spans and log records that tell when a row arrived and who sent it. */
export function senderBlock() {
  return {
    _in: fixed("DateTime('UTC')", 4),
    _req: fixed('UInt64', 8),
    service: dictionary(),
    instance: dictionary(),
    res_id: fixed('UInt64', 8),
    version: dictionary(),
    environment: dictionary(),
  };
}

/** Appends them for rows whose resources are given by index. */
export function appendSender(
  c: ReturnType<typeof senderBlock>,
  {
    resources,
    resource,
    rows,
  }: { readonly resources: readonly ResourceFacts[]; readonly resource: Uint32Array; readonly rows: number },
  { second, request }: Arrival,
): void {
  c._in.repeat(new Uint8Array(Uint32Array.of(second).buffer), rows);
  c._req.repeat(new Uint8Array(BigUint64Array.of(request).buffer), rows);
  const pick = (textOf: (facts: ResourceFacts) => string): string[] => resources.map(textOf);
  c.service.append(
    pick((facts) => facts.service),
    resource,
  );
  c.instance.append(
    pick((facts) => facts.instance),
    resource,
  );
  c.version.append(
    pick((facts) => facts.version),
    resource,
  );
  c.environment.append(
    pick((facts) => facts.environment),
    resource,
  );
  const ids = resources.map(resourceIdOf);
  c.res_id.append(BigUint64Array.from(resource, (index) => ids[index] ?? 0n));
}
