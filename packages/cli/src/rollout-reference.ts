import type { RolloutSummary, RolloutView } from '@belay/protocol';
import type { Api } from './connection.ts';
import { exitCode } from './exit-code.ts';
import { CliFailure } from './failure.ts';
import { findWrittenRollout } from './plan-input.ts';
import type { Run } from './run.ts';

const UNDER_WAY = new Set(['running', 'held', 'scheduled']);

/**
 * Finds the rollout somebody means by its id, its number (`12`, `#12`), its flag's key or its name in belay.yaml (the
 * newest rollout of the flag, one that is going out first). Without a name: the only one that is going out, else the
 * newest.
 */
export async function findRollout(run: Run, api: Api, reference: string | undefined): Promise<RolloutView> {
  const found = reference === undefined ? await findOnly(api) : await findNamed(api, reference);
  if (found !== undefined) return api.call('rolloutGet', { params: { id: found } });
  // Only now: a broken file must not stand in the way of taking back what has a number.
  const name = reference ?? '';
  const written = await findWrittenRollout(run.world.cwd, undefined, name);
  const byFile = written?.flag === undefined ? undefined : await findNamed(api, written.flag);
  if (byFile !== undefined) return api.call('rolloutGet', { params: { id: byFile } });
  throw new CliFailure({
    code: 'rollout.not-found',
    exitCode: exitCode.notFound,
    what: 'There is no such rollout.',
    why: `No rollout has the id, number, flag or name in belay.yaml "${name}".`,
    fix: 'belay rollout list',
  });
}

async function findOnly(api: Api): Promise<string> {
  const { items } = await api.call('rolloutList', { query: { limit: 200 } });
  const underWay = items.filter(({ status }) => UNDER_WAY.has(status));
  const [only] = underWay;
  if (only !== undefined && underWay.length === 1) return only.id;
  if (only === undefined && items[0] !== undefined) return items[0].id;
  throw new CliFailure({
    code: 'rollout.not-found',
    exitCode: exitCode.notFound,
    what: only === undefined ? 'There is no rollout yet.' : 'More than one rollout is going out.',
    why: only === undefined ? 'The server has none.' : underWay.map(nameOf).join(', '),
    fix: only === undefined ? 'belay rollout start <flag>' : `belay rollout status ${only.number}`,
  });
}

async function findNamed(api: Api, reference: string): Promise<string | undefined> {
  const number = /^#?(\d+)$/.exec(reference)?.[1];
  let newest: RolloutSummary | undefined;
  let cursor: string | undefined;
  do {
    const page = await api.call('rolloutList', {
      query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) },
    });
    for (const item of page.items) {
      if (item.id === reference || (number !== undefined && item.number === Number(number))) return item.id;
      if (item.flagKey !== reference) continue;
      if (UNDER_WAY.has(item.status)) return item.id;
      newest ??= item;
    }
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return newest?.id;
}

function nameOf(item: RolloutSummary): string {
  return `#${item.number} ${item.flagKey} (${item.word})`;
}
