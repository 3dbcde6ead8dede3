export { bucketOf, groupCount, groupOf, maximumTotalWeight } from './bucket.ts';
export { compileFlagSet } from './compile-flag-set.ts';
export { evaluateFlag } from './evaluate-flag.ts';
export { murmur3 } from './murmur.ts';
export { overlayAsFlagd } from './overlay-as-flagd.ts';
export { allUnits, compileOverlays, evaluateGuarded, noOverlays } from './overlay.ts';
export type {
  CompileOptions,
  CompileResult,
  CompiledFlag,
  CompiledOverlay,
  EvaluateOptions,
  EvaluationContext,
  FlagErrorCode,
  FlagMetadata,
  FlagReason,
  FlagResult,
  FlagSet,
  FlagValueType,
  GuardedResult,
  OverlaySet,
  RolloutOverlay,
} from './types.ts';
