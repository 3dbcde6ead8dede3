import type { RolloutSummary, RolloutView } from '@belay/protocol';
import type { Api } from './connection.ts';
import { exitCode } from './exit-code.ts';
import { CliFailure } from './failure.ts';

const UNDER_WAY = new Set(['running', 'held', 'scheduled']);

/**
 * Finds the rollout somebody means by its id, its number (`12`, `#12`), or its flag's key (the newest rollout of the
 * flag, one that is going out first). Without a name: the only one that is going out.
 */
export async function findRollout(api: Api, reference: string | undefined): Promise<RolloutView> {
  const found = reference === undefined ? await findOnly(api) : await findNamed(api, reference);
  return api.call('rolloutGet', { params: { id: found } });
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

async function findNamed(api: Api, reference: string): Promise<string> {
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
  if (newest !== undefined) return newest.id;
  throw new CliFailure({
    code: 'rollout.not-found',
    exitCode: exitCode.notFound,
    what: 'There is no such rollout.',
    why: `No rollout has the id, number or flag "${reference}".`,
    fix: 'belay rollout list',
  });
}

function nameOf(item: RolloutSummary): string {
  return `#${item.number} ${item.flagKey} (${item.word})`;
}
