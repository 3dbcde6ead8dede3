import type { AppliedReport, InstanceView, LiveEvent } from '@belay/protocol';

/** Who is asking for flags. */
export interface InstanceIdentity {
  readonly service: string;
  readonly instance: string;
  readonly sdk: string;
}

/** Milliseconds from publishing a revision to its application by instances, over the newest reports. */
export interface Propagation {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** The SDK instances that Belay has heard of, and what each serves. Kept in memory: instances report again. */
export interface InstanceRegistry {
  /** A stream was opened; returns what to call when it ends. */
  connect(identity: InstanceIdentity): () => void;
  /** Heard of an instance without a stream. */
  see(identity: InstanceIdentity): void;
  applied(report: AppliedReport): void;
  /** A revision went out now. */
  published(revision: number): void;
  onApplied(listener: (report: AppliedReport) => void): () => void;
  list(): readonly InstanceView[];
  propagation(): Propagation;
}

interface RegistryOptions {
  readonly clock: { now(): number };
  readonly log: { error(facts: object, message: string): void };
  readonly bus: { publish(event: LiveEvent): void };
  readonly lastOutcomeAt?: (service: string, instance: string) => number | null;
}

/** An instance that has been silent this long is gone for good, as after a new release. */
const FORGOTTEN_AFTER_MS = 60 * 60 * 1000;
/** Most instances remembered; the longest silent go first. */
const REMEMBERED = 10_000;
/** Revisions whose time of publication is remembered, and measured times kept. */
const KEPT = 1000;

interface Instance extends InstanceIdentity {
  streams: number;
  lastSeenAt: number;
  appliedRevision: number | null;
  appliedAt: number | null;
  dropped: Record<string, number>;
}

export function createInstanceRegistry(options: RegistryOptions): InstanceRegistry {
  const { clock, log, bus } = options;
  const instances = new Map<string, Instance>();
  const listeners = new Set<(report: AppliedReport) => void>();
  const publishedAt = new Map<number, number>();
  const times: number[] = [];
  const touch = (identity: Omit<InstanceIdentity, 'sdk'> & { sdk?: string }): Instance => {
    const key = `${identity.service}\n${identity.instance}`;
    const known = instances.get(key) ?? freshInstance(identity);
    // Deleting first moves the entry to the end, so that the first is the one longest silent.
    instances.delete(key);
    instances.set(key, known);
    known.lastSeenAt = clock.now();
    forget(instances, known.lastSeenAt);
    return known;
  };
  const announce = (): void => bus.publish({ type: 'instances', at: clock.now() });
  return {
    connect(identity) {
      const instance = Object.assign(touch(identity), { sdk: identity.sdk });
      instance.streams += 1;
      announce();
      return () => {
        instance.streams -= 1;
        instance.lastSeenAt = clock.now();
        announce();
      };
    },
    see: (identity) => void Object.assign(touch(identity), { sdk: identity.sdk }),
    applied(report) {
      const instance = touch(report);
      const isNew = instance.appliedRevision !== report.revision;
      instance.dropped = { ...report.dropped };
      if (isNew) {
        instance.appliedRevision = report.revision;
        instance.appliedAt = clock.now();
        const sentAt = publishedAt.get(report.revision);
        if (sentAt !== undefined) keep(times, instance.appliedAt - sentAt);
        announce();
      }
      for (const listener of listeners) tell(listener, report, log);
    },
    published(revision) {
      publishedAt.set(revision, clock.now());
      const [oldest] = publishedAt.keys();
      if (publishedAt.size > KEPT && oldest !== undefined) publishedAt.delete(oldest);
    },
    onApplied(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    list: () => [...instances.values()].map((instance) => viewOf(instance, options)),
    propagation: () => ({ count: times.length, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }),
  };
}

function freshInstance(identity: Omit<InstanceIdentity, 'sdk'> & { sdk?: string }): Instance {
  const { service, instance, sdk = 'unknown' } = identity;
  return { service, instance, sdk, streams: 0, lastSeenAt: 0, appliedRevision: null, appliedAt: null, dropped: {} };
}

function forget(instances: Map<string, Instance>, now: number): void {
  for (const [key, instance] of instances) {
    const isSilent = instance.streams === 0 && now - instance.lastSeenAt > FORGOTTEN_AFTER_MS;
    if (!isSilent && instances.size <= REMEMBERED) return;
    instances.delete(key);
  }
}

function viewOf(instance: Instance, { lastOutcomeAt }: RegistryOptions): InstanceView {
  const { streams, ...rest } = instance;
  const newest = lastOutcomeAt?.(instance.service, instance.instance) ?? null;
  return { ...rest, connected: streams > 0, lastOutcomeAt: newest };
}

function tell(
  listener: (report: AppliedReport) => void,
  report: AppliedReport,
  log: { error(facts: object, message: string): void },
): void {
  try {
    listener(report);
  } catch (error) {
    log.error({ err: error }, 'a listener to applied reports failed');
  }
}

function keep(times: number[], value: number): void {
  times.push(value);
  if (times.length > KEPT) times.shift();
}

function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}
