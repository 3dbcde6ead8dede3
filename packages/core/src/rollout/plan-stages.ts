import type { InputIssue } from '../error.ts';
import { parseDuration, parsePercent } from './amounts.ts';
import type { Profile } from './profiles.ts';
import type { PlanStage, StageInput } from './types.ts';

/** Stages with the profile's soak and sample filled in; issues are added for what cannot be. */
export function planStages(inputs: readonly StageInput[] | undefined, context: StageContext): PlanStage[] {
  const { issues } = context;
  if (inputs === undefined) return context.profile.stages.map((stage) => raised(stage, context.minimumSoakMs));
  const stages = inputs.map((input, index) => planStage(input, `stages.${index}`, context));
  stages.forEach((stage, index) => {
    const before = stages[index - 1];
    if (before === undefined || stage.share > before.share) return;
    issues.push({
      path: `stages.${index}.to`,
      message: 'Each stage must be larger than the one before.',
      seen: inputs[index]?.to ?? '',
      mend: `Write more than "${inputs[index - 1]?.to ?? ''}", or leave the stage out.`,
    });
  });
  checkEnds(inputs, stages, issues);
  return stages;
}

/** What a stage takes its defaults and bounds from. */
export interface StageContext {
  readonly profile: Profile;
  /** No guarded stage is shorter. */
  readonly minimumSoakMs: number;
  readonly issues: InputIssue[];
}

function planStage(input: StageInput, path: string, context: StageContext): PlanStage {
  const { profile, issues, minimumSoakMs } = context;
  const share = parsePercent(input.to);
  if (share === null || share <= 0) {
    issues.push({
      path: `${path}.to`,
      message: 'A stage goes to a share above 0% and up to 100%.',
      seen: input.to,
      mend: 'Write a percentage such as "10%".',
    });
  }
  const known = share ?? 0;
  const like = profile.stages.find((stage) => stage.share >= known) ?? profile.stages.at(-1);
  const soakMs = input.soak === undefined ? (like?.soakMs ?? 0) : parseDuration(input.soak);
  if (soakMs === null || soakMs > LONGEST_MS) {
    issues.push({
      path: `${path}.soak`,
      message: 'A stage lasts up to 30 days.',
      seen: input.soak ?? '',
      mend: 'Write "30s", "10m", "2h" or "7d".',
    });
  }
  if (input.soak !== undefined && soakMs !== null && known < 1 && soakMs < minimumSoakMs) {
    issues.push({
      path: `${path}.soak`,
      message: `Policy asks for at least ${minimumSoakMs / 1000} s in every stage.`,
      seen: input.soak,
      mend: 'Write a longer time, or leave it out.',
    });
  }
  const stage = {
    share: known,
    soakMs: soakMs ?? 0,
    minUnits: input.min ?? like?.minUnits ?? 0,
    approve: input.approve ?? like?.approve ?? false,
  };
  return input.soak === undefined ? raised(stage, minimumSoakMs) : stage;
}

function raised(stage: PlanStage, minimumSoakMs: number): PlanStage {
  return stage.share < 1 ? { ...stage, soakMs: Math.max(stage.soakMs, minimumSoakMs) } : stage;
}

function checkEnds(inputs: readonly StageInput[], stages: readonly PlanStage[], issues: InputIssue[]): void {
  const first = stages[0];
  const last = stages.at(-1);
  if (last !== undefined && last.share !== 1) {
    issues.push({
      path: `stages.${stages.length - 1}.to`,
      message: 'The last stage must be everybody.',
      seen: inputs.at(-1)?.to ?? '',
      mend: 'Add a last stage { to: 100% }.',
    });
  }
  if (first !== undefined && first.share > LARGEST_FIRST) {
    issues.push({
      path: 'stages.0.to',
      message: 'More than half of all traffic at once is no rollout: there would be nothing to compare with.',
      seen: inputs[0]?.to ?? '',
      mend: 'Start with "10%" or less; at most "50%".',
    });
  }
}

const LONGEST_MS = 30 * 86_400_000;
const LARGEST_FIRST = 0.5;
