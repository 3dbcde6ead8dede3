import type { FlagFacts, Policy } from '@belay/core/rollout';
import type { RolloutOverlay } from '@belay/core/flag';
import type { ActorView, AppliedReport, InstanceView, LiveEvent, OverviewView } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import type { Database, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import type { TelemetryStore } from '../telemetry/api.ts';

/** What rollouts need from the flags feature. */
export interface FlagsForChanges {
  /** Null when there is no such flag. */
  facts(flagKey: string): Promise<Omit<FlagFacts, 'p95Ms'> | null>;
  /** Puts or changes the overlay of a rollout; the new flag revision. */
  putOverlay(trx: DatabaseTransaction, overlay: RolloutOverlay): Promise<number>;
  /** Takes the overlay away. `canary`: its variant becomes the flag's default first. The new flag revision. */
  removeOverlay(trx: DatabaseTransaction, ending: OverlayEnding): Promise<number>;
  /** Sends the present snapshot to all streams; called after the commit. Never throws. */
  publish(): void;
  /** Instances heard of, with the revision each one serves. */
  instances(): readonly InstanceView[];
  /** Calls back for every applied report; returns the way to stop. */
  onApplied(listener: (report: AppliedReport) => void): () => void;
  /** Calls back after a flag's kill switch has ended the overlay of a rollout; returns the way to stop. */
  onKilled(listener: (rolloutId: string, flagKey: string, reason: string | null) => void): () => void;
}

export interface OverlayEnding {
  readonly rolloutId: string;
  readonly flagKey: string;
  readonly serve: 'control' | 'canary';
  readonly canaryVariant: string;
  readonly actor: ActorView;
  readonly at: number;
}

/** What a card of the first screen knows of the signal behind it. */
export interface SignalCard extends Pick<
  OverviewView['signals'][number],
  'signalId' | 'verdict' | 'word' | 'tone' | 'sentence'
> {
  /** Values of five minutes over some hours, with gaps. */
  readonly points: readonly { readonly at: number; readonly value: number | null }[];
  /** Usual band of a moment; null while it is learnt. */
  usualAt(atMs: number): { readonly low: number; readonly high: number } | null;
}

/** Lines of the safety net, and what somebody should look at. */
export interface Care {
  readonly net: OverviewView['safetyNet'];
  readonly todos: OverviewView['whenYouHaveAMinute'];
}

/** A guard that is no comparison: it must simply hold. */
export interface OutsideGuard {
  readonly title: string;
  /** What it saw last. */
  readonly sentence: string;
  readonly isFailing: boolean;
  /** Failing for sure, by the rules of checks. */
  readonly isDown: boolean;
  /** When it last held, Unix ms; null where that was not seen. */
  readonly lastGoodAt: number | null;
}

export interface ChangesOptions {
  readonly db: Database;
  readonly clock: { now(): number };
  readonly log: ChangesLog;
  readonly flags: FlagsForChanges;
  readonly telemetry: TelemetryStore;
  readonly policy: Policy;
  readonly bus: { publish(event: LiveEvent): void };
  /** What is usual for the signals of the first screen, where that is known. */
  /** What else catches a fall: golden paths, health, backups. */
  readonly careOf?: () => Promise<Care>;
  readonly signalCards?: () => Promise<ReadonlyMap<OverviewView['signals'][number]['id'], SignalCard>>;
  /** What is wrong with the data, in a sentence without a full stop; null while every invariant holds. */
  readonly brokenInvariant?: () => string | null;
  /** Golden paths that guard a flag: none of its rollouts goes on while one fails, and what broke one is taken back. */
  readonly outsideGuards?: (flagKey: string) => readonly OutsideGuard[];
  /** IANA name in which sentences tell times. Default: the process's own. */
  readonly timezone?: string;
  /** Period of the control loop in ms. Default 1000. */
  readonly periodMs?: number;
}

export interface ChangesLog {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Rollouts: their API, their control loop, and the leases that follow from it. */
export interface Changes {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  readonly loop: GuardLoop;
  /** Rollouts whose canary may be served now: guarded by a living loop, with outcomes flowing. */
  leasesGranted(now: number): readonly string[];
  /** What the safety sentence and the status page need. */
  overview(): Promise<OverviewView>;
  close(): Promise<void>;
}

export interface GuardLoop {
  /** Reads what is in the store, then ticks once a period. */
  start(): Promise<void>;
  close(): Promise<void>;
  /** One round at once; for tests and for the moment after a change. */
  tick(): Promise<void>;
  status(): LoopStatus;
}

export interface LoopStatus {
  readonly lastTickAt: number | null;
  readonly lastTickMs: number;
  /** Closed seconds that the slowest running rollout has not folded yet. */
  readonly lagBlocks: number;
  readonly running: number;
  /** Newest block with outcomes of a running rollout, Unix ms. */
  readonly newestDataAt: number | null;
}

export { createChanges } from './changes.ts';
export { newestJudgedSecond, requireRollout } from './rollout-store.ts';
export { rolloutMarks, takenBackPeriods, type TakenBackPeriod } from './rollout-periods.ts';
export { findPaths, openPaths, type RolloutPaths } from './rollout-paths.ts';
