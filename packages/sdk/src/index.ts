export { belay, type Belay } from './belay.ts';
export type {
  AnyFlags,
  Deadline,
  FlagContext,
  FlagDetails,
  FlagErrorCode,
  Flags,
  FlagsChange,
  FlagShape,
  FlagsStatus,
  FlagValue,
  RolloutStatus,
  StartOptions,
  SwitchKey,
} from './types.ts';
