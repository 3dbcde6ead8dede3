import { belayConfig } from '@belay/protocol';
import { z } from 'zod';

interface SchemaNode {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly const?: unknown;
  readonly oneOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
}

/** docs/reference/belay-yaml.md from the schema that validates the file. */
export function generateBelayYamlReference(): string {
  // Decoder: toJSONSchema answers a JSON Schema object; only the fields above are read.
  const schema = z.toJSONSchema(belayConfig, { io: 'input' }) as SchemaNode;
  return [
    '# belay.yaml',
    '',
    '<!-- Written by `npm run generate` from packages/protocol/src/config.ts. -->',
    '',
    'The file is optional, and so is every key. `belay config validate` reports everything that is wrong at once;',
    '`belay config explain` prints the values in force and where each comes from. Keys of `server`, `policy` and `telemetry` have a',
    'twin in the environment (`policy.lease` is `BELAY_POLICY_LEASE`). Secrets never stand in this file.',
    '',
    '`server`, `policy` and `telemetry` are read by `belay server` when it starts. `rollouts` are plans by name: `belay rollout plan',
    'checkout-v2`, `start checkout-v2` and `aa checkout-v2` read the entry from `./belay.yaml` (or `--config`) where they run and',
    'send it to the server, which checks it again. An entry starts nothing by itself, and editing it does not change a rollout',
    'that is going out. Flags of the command (`--stages`, `--profile`, ...) win over the entry.',
    '',
    'Three lines are a safe rollout:',
    '',
    '```yaml',
    'rollouts:',
    '  checkout-v2: { flag: checkout.v2, component: api, profile: balanced }',
    '```',
    '',
    'All of it:',
    '',
    '```yaml',
    'rollouts:',
    '  checkout-v2:',
    '    flag: checkout.v2',
    '    component: api',
    '    stages: [{to: 1%, soak: 30m, min: 200}, {to: 10%, soak: 2h}, {to: 50%, soak: 12h, approve: true}, {to: 100%}]',
    '    guards:',
    '      - {signal: http.errors, worse_by: 0.5pp}',
    '      - {signal: http.latency, slower_than: p95, worse_by: 5pp}',
    '      - {signal: order.revenue, worse: down, worse_by: 3%}',
    '    false_rollback: 1%',
    '    promote: evidence',
    '    no_data: {grace: 15m, then: hold}',
    '    on_harm: rollback',
    '    cooldown: {first: 1h, factor: 4}',
    '```',
    '',
    '| key | value |',
    '|---|---|',
    ...rowsOf(schema, ''),
    '',
  ].join('\n');
}

function rowsOf(node: SchemaNode, path: string): readonly string[] {
  const children = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    rowsOf(child, path === '' ? name : `${path}.${name}`),
  );
  if (children.length > 0) return children;
  const kinds = node.oneOf?.filter(({ properties }) => properties !== undefined) ?? [];
  if (kinds.length > 0) return rowsOfKinds(kinds, path);
  if (typeof node.additionalProperties === 'object') return rowsOf(node.additionalProperties, `${path}.<name>`);
  if (node.items?.properties !== undefined) return rowsOf(node.items, `${path}[]`);
  return [`| \`${path}\` | ${valueText(node)} |`];
}

/** One of several kinds, told apart by `type`: rows that all share first, each other row with its kind. */
function rowsOfKinds(kinds: readonly SchemaNode[], path: string): readonly string[] {
  const types = kinds.map(({ properties }) => `\`${String(properties?.['type']?.const)}\``);
  const perKind = kinds.map(({ properties = {}, ...kind }) => {
    const { type: _type, ...others } = properties;
    return rowsOf({ ...kind, properties: others }, path);
  });
  const isShared = (row: string): boolean => perKind.every((rows) => rows.includes(row));
  const shared = perKind[0]?.filter(isShared) ?? [];
  const own = perKind.flatMap((rows, index) =>
    rows.filter((row) => !isShared(row)).map((row) => row.replace(/ \|$/, ` (of ${types[index]}) |`)),
  );
  return [`| \`${path}.type\` | ${types.join(', ')} |`, ...own, ...shared];
}

function valueText(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.items !== undefined) return `list of ${valueText(node.items)}`;
  const kind = node.pattern === undefined ? undefined : KINDS.find(([part]) => node.pattern?.includes(part))?.[1];
  if (kind !== undefined) return kind;
  if (node.type === 'integer' || node.type === 'number') return `number${range(node)}`;
  return node.type ?? 'text';
}

const KINDS: readonly (readonly [part: string, text: string])[] = [
  ['ms|s|m|h|d|w', 'duration: `30s`, `10m`, `2h`, `7d`'],
  ['pp|%|ms', 'tolerance: `0.5pp` (points), `3%`, `20ms`'],
  ['%$', 'percentage: `1%`'],
  ['24:00', 'time: `24:00`'],
  ['[01]', 'time: `17:00`'],
  ['-\\d{2}-', 'date `2026-12-24` or range `2026-12-24..2027-01-02`'],
  ['A-Za-z0-9', 'key: letters, digits, `.`, `-`, `_`, `/`'],
];

function range({ minimum, maximum }: SchemaNode): string {
  const isBounded = minimum !== undefined && maximum !== undefined && Math.abs(minimum) < 1e12 && maximum < 1e12;
  return isBounded ? ` from ${minimum} to ${maximum}` : '';
}
