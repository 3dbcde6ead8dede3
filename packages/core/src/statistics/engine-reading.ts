import { HarmBinary, CeilingBinary } from './binary-processes.ts';
import { Count } from './count-process.ts';
import type {
  EngineConfig,
  EngineReading,
  EngineState,
  GuardConfig,
  GuardReading,
  GuardState,
  GuardVerdict,
  HoldReason,
} from './engine-types.ts';
import { describeGuard, type GuardLevels } from './guard-levels.ts';
import { latencyE } from './guard-latency.ts';
import { MeanHarm } from './mean-processes.ts';
import { phi } from './phi.ts';
import { Srm } from './srm.ts';
import { wallet } from './wallet.ts';
import { isWarmingUp } from './warm-up.ts';

/** When a reading is taken. */
export interface ReadOptions {
  /** Present second, for silence; default the second of the newest block. */
  readonly second?: number;
}

/** Everything that is known now. May be read at any moment and as often as wished: all levels hold at all times. */
export function readEngine(config: EngineConfig, state: EngineState, options: ReadOptions = {}): EngineReading {
  const stakes = stakesOf(config, state);
  const total = state.decided?.wallet ?? wallet(stakes);
  const srmE = Srm.eValue(state.srm);
  const guards = config.guards.map((guard, index) => readGuard(config, state, { guard, index }));
  const second = Math.max(options.second ?? 0, state.lastSecond ?? 0);
  const holdReasons = holdReasonsOf(config, state, { wallet: total, srmE, second });
  return {
    wallet: total,
    threshold: 1 / config.alpha,
    guards,
    leading: state.decided?.guard ?? leadingOf(config, stakes)?.id ?? null,
    rollbackNow: state.decided !== null,
    decided: state.decided,
    hold: holdReasons.length > 0,
    holdReasons,
    srmE,
    srmBroken: srmE >= SRM_BROKEN,
    srm: { canary: state.srm.canary, control: state.srm.control, expectedCanary: state.srm.expectedCanary },
    stageSafe: guards.every((guard) => guard.isSafe),
    phi: phi(state.groups),
    stage: state.stage,
    lastSecond: state.lastSecond,
    seen: { canary: state.seen.canary, control: state.seen.control },
    isWarmingUp: isWarmingUp(config, state),
  };
}

/** The rollback decision: the wallet has reached 1/alpha and its leading guard passes all filters; else null. */
export function decide(config: EngineConfig, state: EngineState): EngineState['decided'] {
  const stakes = stakesOf(config, state);
  const total = wallet(stakes);
  if (total < 1 / config.alpha || state.lastSecond === null) return null;
  const leading = leadingOf(config, stakes);
  if (leading === undefined) return null;
  const guardState = state.guards[config.guards.indexOf(leading)];
  if (guardState === undefined) return null;
  const levels = describeGuard(config, leading, guardState);
  return canDecide(guardState, levels) ? { second: state.lastSecond, guard: leading.id, wallet: total } : null;
}

interface Subject {
  readonly guard: GuardConfig;
  readonly index: number;
}

function readGuard(config: EngineConfig, state: EngineState, { guard, index }: Subject): GuardReading {
  const guardState = state.guards[index] ?? EMPTY;
  const levels = describeGuard(config, guard, guardState);
  const isSafe = guardState.safeBest >= 1 / config.alphaSafe && guardState.stageCanaryN >= SAFE_UNITS;
  const harmE = harmEOf(guardState);
  const mayDecide = canDecide(guardState, levels);
  const isHarmful = state.decided?.guard === guard.id || (harmE >= 1 / config.alpha && mayDecide);
  return {
    id: guard.id,
    kind: guard.kind,
    weight: guard.weight,
    verdict: verdictOf(levels, { isHarmful, isSafe }),
    harmE,
    safeE: guardState.safeBest,
    isSafe,
    canary: { ...guardState.canary },
    control: { ...guardState.control },
    unit: levels.unit,
    quantile: levels.quantile,
    canaryLevel: levels.canaryLevel,
    controlLevel: levels.controlLevel,
    estimate: levels.estimate,
    interval: levels.interval,
    tolerance: levels.tolerance,
    canDecide: mayDecide,
  };
}

function verdictOf(
  levels: GuardLevels,
  { isHarmful, isSafe }: { readonly isHarmful: boolean; readonly isSafe: boolean },
): GuardVerdict {
  if (isHarmful) return 'harmful';
  if (!levels.hasData) return 'no-data';
  return isSafe ? 'safe' : 'undecided';
}

/** Filters of 1.6: they only ever stop a rollback, so they only lower the error. */
function canDecide(state: GuardState, levels: GuardLevels): boolean {
  if (state.canary.n < MIN_UNITS || !levels.isBeyondTolerance) return false;
  const { kind } = state.evidence;
  if (kind !== 'binary' && kind !== 'ceiling') return true;
  if (state.canary.bad < MIN_BAD) return false;
  // No distinct keys at all means that keys are not known; then this filter cannot apply.
  return state.canary.distinctBad === 0 || state.canary.distinctBad >= MIN_BAD;
}

/** E-value of harm of one guard. */
export function harmEOf({ evidence }: GuardState): number {
  switch (evidence.kind) {
    case 'binary':
      return HarmBinary.eValue(evidence.harm);
    case 'latency':
      return latencyE(evidence);
    case 'value':
      return MeanHarm.eValue(evidence.harm);
    case 'count':
      return Count.eValue(evidence.count);
    case 'ceiling':
      return CeilingBinary.eValue(evidence.harm);
  }
}

interface GuardStake {
  readonly weight: number;
  readonly e: number;
}

function stakesOf(config: EngineConfig, state: EngineState): GuardStake[] {
  return config.guards.map((guard, index) => ({
    weight: guard.weight,
    e: harmEOf(state.guards[index] ?? EMPTY),
  }));
}

function leadingOf(config: EngineConfig, stakes: readonly GuardStake[]): GuardConfig | undefined {
  let greatest = -1;
  let leading: GuardConfig | undefined;
  stakes.forEach(({ weight, e }, index) => {
    if (weight * e <= greatest) return;
    greatest = weight * e;
    leading = config.guards[index];
  });
  return leading;
}

interface Moment {
  readonly wallet: number;
  readonly srmE: number;
  readonly second: number;
}

function holdReasonsOf(config: EngineConfig, state: EngineState, moment: Moment): HoldReason[] {
  const reasons: HoldReason[] = [];
  if (moment.wallet >= HOLD_WALLET) reasons.push('evidence');
  if (moment.srmE >= SRM_BROKEN) reasons.push('sample-ratio');
  if (state.stage === null) return reasons;
  const share = config.stages[state.stage]?.share ?? 0;
  const since = state.stageSince ?? moment.second;
  const isSilent = (last: number | null): boolean =>
    moment.second - Math.max(last ?? since, since) >= config.silenceSeconds;
  if (share > 0 && isSilent(state.lastCanarySecond)) reasons.push('canary-silent');
  if (share < 1 && isSilent(state.lastControlSecond)) reasons.push('control-silent');
  return reasons;
}

const EMPTY: GuardState = {
  canary: { n: 0, bad: 0, distinctBad: 0 },
  control: { n: 0, bad: 0, distinctBad: 0 },
  stageCanaryN: 0,
  safeBest: 1,
  harmBest: [],
  evidence: { kind: 'ceiling', harm: { m: [], rest: 1 }, safeLogE: 0 },
};
const HOLD_WALLET = 10;
const SRM_BROKEN = 1000;
const MIN_UNITS = 20;
const MIN_BAD = 3;
const SAFE_UNITS = 50;
