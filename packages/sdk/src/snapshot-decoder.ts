import { type OverlaySet, type FlagSet, type RolloutOverlay, compileFlagSet, compileOverlays } from '@belay/core/flag';

/** Flags as they came, checked and compiled. */
export interface FlagState {
  readonly revision: number;
  readonly source: 'server' | 'file' | 'bootstrap';
  readonly set: FlagSet;
  readonly overlays: OverlaySet;
  readonly rollouts: readonly RolloutOverlay[];
  /** Rollouts whose lease came with them; a lease is only worth something straight from the server. */
  readonly leases: readonly string[];
  /** The document, as it can be kept in a file. */
  readonly definitions: object;
  /** Rollouts that could not be used. */
  readonly refused: readonly string[];
}

/** A renewed lease. */
export interface LeaseGrant {
  readonly revision: number;
  readonly leases: readonly string[];
}

/** Either what was read, or in one sentence why not. */
export type Decoded<Value> = { readonly value: Value } | { readonly fault: string };

/** Reads a snapshot of the server, or of a file that this SDK wrote. */
export function decodeSnapshot(raw: unknown, source: FlagState['source']): Decoded<FlagState> {
  if (!isRecord(raw)) return { fault: `a flag snapshot is an object, not ${shown(raw)}` };
  const revision = raw['revision'];
  if (!isCount(revision)) return { fault: `"revision" should be a whole number, but is ${shown(revision)}` };
  const definitions = raw['definitions'];
  if (!isRecord(definitions))
    return { fault: `"definitions" should be a flagd document, but is ${shown(definitions)}` };
  const rawRollouts = raw['rollouts'] ?? [];
  if (!Array.isArray(rawRollouts)) return { fault: `"rollouts" should be a list, but is ${shown(rawRollouts)}` };
  const leases = readLeases(raw['leases'] ?? []);
  if (leases === undefined) return { fault: `"leases" should be a list of ids, but is ${shown(raw['leases'])}` };
  const compiled = compileFlagSet(definitions, { lenient: true });
  if (compiled.flags === undefined) return { fault: compiled.issues[0]?.message ?? 'the definitions cannot be read' };
  const read = rawRollouts.slice(0, maximumRollouts).map((rollout: unknown) => readRollout(rollout));
  const rollouts = read.filter((rollout) => rollout !== undefined);
  const overlays = compileOverlays(compiled.flags, rollouts);
  const refused = overlays.issues.map((issue) => `${issue.path}: ${issue.message}`);
  if (rollouts.length < rawRollouts.length) refused.push(`${rawRollouts.length - rollouts.length} could not be read`);
  return { value: { revision, source, set: compiled.flags, overlays, rollouts, leases, definitions, refused } };
}

/** Reads bootstrap flags: a snapshot, or a plain flagd document (revision 0). */
export function decodeBootstrap(raw: unknown): Decoded<FlagState> {
  if (isRecord(raw) && !('definitions' in raw) && isRecord(raw['flags'])) {
    return decodeSnapshot({ revision: 0, definitions: raw, rollouts: [] }, 'bootstrap');
  }
  return decodeSnapshot(raw, 'bootstrap');
}

/** Reads a lease event of the stream. */
export function decodeLease(raw: unknown): Decoded<LeaseGrant> {
  if (!isRecord(raw)) return { fault: `a lease event is an object, not ${shown(raw)}` };
  const revision = raw['revision'];
  if (!isCount(revision)) return { fault: `"revision" should be a whole number, but is ${shown(revision)}` };
  const leases = readLeases(raw['leases']);
  if (leases === undefined) return { fault: `"leases" should be a list of ids, but is ${shown(raw['leases'])}` };
  return { value: { revision, leases } };
}

/** Parses JSON without throwing. */
export function parseJson(text: string): Decoded<unknown> {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { fault: `this is not JSON: ${shown(text)}` };
  }
}

const maximumRollouts = 1000;
const maximumLeaseMs = 86_400_000;

function readRollout(raw: unknown): RolloutOverlay | undefined {
  if (!isRecord(raw)) return undefined;
  const { rolloutId, attempt, flagKey, controlVariant, canaryVariant, share, seed, bucketing, leaseMs } = raw;
  if (!isText(rolloutId) || !isText(flagKey) || !isText(controlVariant) || !isText(canaryVariant)) return undefined;
  if (!isCount(attempt) || !isCount(share) || typeof seed !== 'string' || bucketing !== 'flagd-v2') return undefined;
  if (!isCount(leaseMs) || leaseMs === 0) return undefined;
  return {
    rolloutId,
    attempt,
    flagKey,
    controlVariant,
    canaryVariant,
    share,
    seed,
    bucketing,
    leaseMs: Math.min(leaseMs, maximumLeaseMs),
  };
}

function readLeases(raw: unknown): readonly string[] | undefined {
  if (!Array.isArray(raw) || !raw.every(isText)) return undefined;
  return raw.slice(0, maximumRollouts);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
