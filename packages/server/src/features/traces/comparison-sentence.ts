import type { ComparedStep, TraceComparison } from '@belay/protocol';

type SideView = TraceComparison['canary'];

/** Requests below which a side says nothing. */
const FEW = 20;
/** Difference that is worth a word: of the old path's middle duration. */
const NOTABLE = 0.05;

/** The finding in one sentence: what the new path does more, or that nothing stands out. It is no verdict; guards give those. */
export function comparisonSentence(
  { canary, control }: { readonly canary: SideView; readonly control: SideView },
  steps: readonly ComparedStep[],
): string {
  if (canary.requests === 0 || control.requests === 0) {
    return `No traced request of the ${canary.requests === 0 ? 'new' : 'old'} path is stored for this time, so there is nothing to compare.`;
  }
  const few =
    Math.min(canary.requests, control.requests) < FEW ? ' Few requests were traced, so take it as a hint.' : '';
  return `${findingOf(canary, control, steps)}${few}`;
}

function findingOf(canary: SideView, control: SideView, steps: readonly ComparedStep[]): string {
  const [errorShare, before] = [canary.errors / canary.requests, control.errors / control.requests];
  const isFailing = canary.errors >= 3 && errorShare > 2 * before;
  const failing = isFailing
    ? `${canary.errors} of ${canary.requests} requests of the new path failed, against ${control.errors} of ${control.requests} of the old one. `
    : '';
  const [step] = steps;
  if (step === undefined || Math.abs(step.differenceMs) < NOTABLE * Math.max(1, control.p50Ms)) {
    return `${failing}${isFailing ? 'Time' : 'Both paths fail alike, and time'} is spent alike in both.`;
  }
  const where = `${step.operation} (${step.service})`;
  const ms = (value: number): string => `${Math.round(Math.abs(value) * 10) / 10} ms`;
  if (step.presence === 'new')
    return `${failing}The new path spends ${ms(step.differenceMs)} a request in ${where}, which the old one never does.`;
  if (step.presence === 'gone')
    return `${failing}The new path saves ${ms(step.differenceMs)} a request by no longer doing ${where}.`;
  const [more, word] = step.differenceMs > 0 ? ['more', 'slower'] : ['less', 'faster'];
  return `${failing}The new path spends ${ms(step.differenceMs)} ${more} a request in ${where}: that is where it is ${word}.`;
}
