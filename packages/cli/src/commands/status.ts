import type { OverviewView } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';
import { formatShare } from './rollout-plan.ts';

/** The first screen: healthy or not, what is going out, what to look at. */
export async function status(run: Run, _flags: CommonFlags): Promise<ExitCode> {
  const api = await run.api();
  const overview = await api.call('overview', {});
  run.output.answer(overview, () => overviewText(overview));
  return exitCode.done;
}

function overviewText(overview: OverviewView): string {
  const goingOut = overview.goingOut.map((rollout) => [
    `#${rollout.number}`,
    rollout.title,
    formatShare(rollout.share),
    rollout.verdict.headline,
  ]);
  const minute = overview.whenYouHaveAMinute.map(({ title, detail, verb }) => `- ${title} ${detail} (${verb})`);
  const services = overview.services.map(({ name, instances }) => `${name} (${instances})`);
  return [
    overview.headline,
    overview.sub,
    ...(overview.freeze.active ? [`Changes are frozen: ${overview.freeze.reason ?? ''}`] : []),
    ...(goingOut.length === 0 ? [] : ['', formatTable(['no', 'going out', 'share', ''], goingOut)]),
    ...(minute.length === 0 ? [] : ['', 'When you have a minute:', ...minute]),
    ...(services.length === 0 ? [] : ['', `Services: ${services.join(', ')}`]),
  ].join('\n');
}
