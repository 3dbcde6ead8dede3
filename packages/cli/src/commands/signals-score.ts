import type { Scorecard } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

/** How services keep their promises over 7, 28 and 90 days. */
export async function signalsScore(run: Run, _flags: CommonFlags, service?: string): Promise<ExitCode> {
  const api = await run.api();
  const cards =
    service === undefined
      ? (await api.call('scorecardList', { query: { limit: 200 } })).items
      : [await api.call('scorecardGet', { params: { service } })];
  run.output.answer({ items: cards }, () =>
    cards.length === 0 ? 'No service has signals yet.' : cards.map(cardText).join('\n\n'),
  );
  return exitCode.done;
}

function cardText({ service, headline, rows }: Scorecard): string {
  const lines = rows.map((row) => [
    row.title,
    row.targetText,
    row.nowText,
    row.word,
    row.trend.text,
    ...row.slo.map(({ performance, budgetLeft }) =>
      performance === null || budgetLeft === null
        ? '-'
        : `${(performance * 100).toFixed(2)}% (${Math.round(budgetLeft * 100)}% left)`,
    ),
  ]);
  return `${service}: ${headline}\n${formatTable(['signal', 'target', 'now', 'verdict', 'trend', '7 days', '28 days', '90 days'], lines)}`;
}
