import { statfs } from 'node:fs/promises';
import type { HealthCheck } from './api.ts';

interface SelfCheckOptions {
  readonly clock: { now(): number };
  readonly dataDir: string;
  /** Runs a query on the control plane. */
  readonly queryControlPlane: () => Promise<unknown>;
  readonly telemetryState: () => string;
  readonly lastTickAt: () => number | null;
  readonly dataAgeMs: () => number | null;
  /** Senders whose clock is off, the farthest first; ms ahead, negative behind. */
  readonly skewedClocks: () => readonly { readonly service: string; readonly skewMs: number }[];
  /** How long storing took in the last minute, ms; undefined when nothing came. */
  readonly acknowledging: () => { readonly p95: number } | undefined;
  /** Parts of the telemetry store that were damaged and set aside, or are gone. */
  readonly lostParts: () => Promise<readonly LostPart[]>;
}

interface LostPart {
  readonly table: string;
  /** Day of arrival; empty when unknown. */
  readonly day: string;
  readonly rows: number | null;
  /** Unix ms. */
  readonly foundAt: number;
}

const FREE_BYTES_WANTED = 1024 ** 3;
/** Damage is told for a week; after that it is history, and stays in the storage report. */
const LOST_TOLD_MS = 7 * 86_400_000;
/** The loop ticks every second; this long without a tick and rollouts are unguarded. */
const TICK_LATE_MS = 15_000;
/** Exporters give up after ten seconds. */
const ACK_LATE_MS = 3000;

/** What Belay looks at to tell whether it is well itself. */
export function selfChecks(options: SelfCheckOptions): HealthCheck[] {
  return [
    controlPlane(options),
    telemetry(options),
    storedParts(options),
    guards(options),
    ingest(options),
    disk(options),
    data(options),
    clocks(options),
  ];
}

function controlPlane({ queryControlPlane }: SelfCheckOptions): HealthCheck {
  return {
    name: 'control plane',
    isVital: true,
    run: async () => {
      await queryControlPlane();
      return { ok: true, detail: 'Flags, rollouts and the ledger can be read.', mend: null };
    },
  };
}

/** Not vital: flags are served and rolled back without telemetry. */
function telemetry({ telemetryState }: SelfCheckOptions): HealthCheck {
  return {
    name: 'telemetry store',
    isVital: false,
    run: async () => {
      const state = telemetryState();
      const ok = state === 'ready';
      const detail = ok ? 'Telemetry is stored and can be read.' : `The telemetry engine is ${state}.`;
      return { ok, detail, mend: ok ? null : 'It restarts by itself; if this lasts, look at the log.' };
    },
  };
}

function storedParts({ clock, lostParts }: SelfCheckOptions): HealthCheck {
  return {
    name: 'stored parts',
    isVital: false,
    run: async () => {
      const lost = (await lostParts()).filter(({ foundAt }) => clock.now() - foundAt < LOST_TOLD_MS);
      if (lost.length === 0) return { ok: true, detail: 'No part of the telemetry store is damaged.', mend: null };
      const rows = lost.reduce((sum, part) => sum + (part.rows ?? 0), 0);
      const where = [...new Set(lost.map(({ table, day }) => `${table} ${day}`.trim()))].slice(0, 3).join(', ');
      return {
        ok: false,
        detail: `In the last 7 days ${lost.length} damaged or missing parts were found (${where}); about ${rows} rows are gone.`,
        mend: '"belay storage show" names them. Look at the disk; a backup has the rows, sums made before keep their counts.',
      };
    },
  };
}

function guards({ clock, lastTickAt }: SelfCheckOptions): HealthCheck {
  return {
    name: 'guards',
    isVital: false,
    run: async () => {
      const at = lastTickAt();
      const age = at === null ? Infinity : clock.now() - at;
      if (age <= TICK_LATE_MS) return { ok: true, detail: 'The guards look every second.', mend: null };
      const since = at === null ? 'have not looked yet' : `looked last ${Math.round(age / 1000)} s ago`;
      return { ok: false, detail: `The guards ${since}.`, mend: 'Rollouts hold until they look again; see the log.' };
    },
  };
}

function ingest({ acknowledging }: SelfCheckOptions): HealthCheck {
  return {
    name: 'ingest',
    isVital: false,
    run: async () => {
      const recent = acknowledging();
      if (recent === undefined) return { ok: true, detail: 'Nothing was sent in the last minute.', mend: null };
      const ok = recent.p95 <= ACK_LATE_MS;
      const detail = `95% of what is sent is stored within ${(recent.p95 / 1000).toFixed(2)} s.`;
      return { ok, detail, mend: ok ? null : 'The disk or the memory cannot keep up: send less, or give more.' };
    },
  };
}

function disk({ dataDir }: SelfCheckOptions): HealthCheck {
  return {
    name: 'disk',
    isVital: false,
    run: async () => {
      const { bavail, bsize } = await statfs(dataDir);
      const free = bavail * bsize;
      const ok = free >= FREE_BYTES_WANTED;
      const detail = `${(free / 1024 ** 3).toFixed(1)} GiB are free in the data folder.`;
      return { ok, detail, mend: ok ? null : 'Free space: below 1 GiB telemetry is refused.' };
    },
  };
}

function data({ dataAgeMs }: SelfCheckOptions): HealthCheck {
  return {
    name: 'data',
    isVital: false,
    run: async () => {
      const age = dataAgeMs();
      const detail =
        age === null
          ? 'No telemetry has come in since the start.'
          : `The newest data is ${Math.round(age / 1000)} s old.`;
      return { ok: true, detail, mend: null };
    },
  };
}

function clocks({ skewedClocks }: SelfCheckOptions): HealthCheck {
  return {
    name: 'clocks',
    isVital: false,
    run: async () => {
      const skewed = skewedClocks();
      if (skewed.length === 0)
        return { ok: true, detail: 'No sender of telemetry has a clock that is off.', mend: null };
      const named = skewed.slice(0, 3).map(({ service, skewMs }) => {
        const size = `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
        return `${service === '' ? 'a service without a name' : service} is ${size}`;
      });
      const more = skewed.length > named.length ? `, and ${skewed.length - named.length} more` : '';
      const mend = 'Switch on time synchronisation where they run (timedatectl set-ntp true).';
      return { ok: false, detail: `${named.join(', ')}${more}.`, mend };
    },
  };
}
