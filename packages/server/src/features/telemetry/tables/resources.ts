import { hash } from 'node:crypto';
import type { ResourceFacts } from '@belay/wire';
import { bigUint64, dateTime, flatMap, lowCardinality } from '../../../platform/clickhouse/native-column.ts';
import { upkeepRows, type UpkeepRows } from './row-set.ts';
import { columnTypes, type UpkeepTable } from './table-definition.ts';

/** Who sends telemetry: the attributes that spans and log records refer to by `res_id`. */
export const resourcesTable = {
  name: 'resources',
  isUpkeep: true,
  columns: {
    res_id: 'UInt64',
    service: columnTypes.name,
    instance: columnTypes.name,
    version: columnTypes.name,
    environment: columnTypes.name,
    attributes: columnTypes.attributes,
    seen: "DateTime('UTC')",
  },
  engine: 'ReplacingMergeTree(seen)',
  partitionBy: '',
  orderBy: 'res_id',
  agesBy: 'seen',
  retentionDays: 400,
  newBlock: () => ({
    res_id: bigUint64(),
    service: lowCardinality(),
    instance: lowCardinality(),
    version: lowCardinality(),
    environment: lowCardinality(),
    attributes: flatMap(),
    seen: dateTime(),
  }),
} satisfies UpkeepTable;

type Columns = ReturnType<(typeof resourcesTable)['newBlock']>;

const ids = new WeakMap<ResourceFacts, bigint>();

/** `res_id` of a resource: a hash of its attributes. `belay.sent_at` differs in each request and says nothing of who. */
export function resourceIdOf(resource: ResourceFacts): bigint {
  let id = ids.get(resource);
  if (id === undefined) {
    id = hash('sha256', JSON.stringify(lastingAttributes(resource)), 'buffer').readBigUInt64LE();
    ids.set(resource, id);
  }
  return id;
}

/** Resources of one request; the same one may be given many times. */
export function resourceRows(resources: Iterable<ResourceFacts>): UpkeepRows {
  const byId = new Map<bigint, ResourceFacts>();
  for (const resource of new Set(resources)) byId.set(resourceIdOf(resource), resource);
  const entries = [...byId];
  const keys = entries.map(([id]) => id);
  return upkeepRows<Columns>(resourcesTable, keys, (c, index, second) => {
    const entry = entries[index];
    if (entry === undefined) return;
    const [id, resource] = entry;
    c.res_id.push(id);
    c.service.push(resource.service);
    c.instance.push(resource.instance);
    c.version.push(resource.version);
    c.environment.push(resource.environment);
    c.attributes.push(lastingAttributes(resource));
    c.seen.push(second);
  });
}

function lastingAttributes({ attributes }: ResourceFacts): readonly string[] {
  return attributes.filter((_, index) => attributes[index - (index % 2)] !== 'belay.sent_at');
}
