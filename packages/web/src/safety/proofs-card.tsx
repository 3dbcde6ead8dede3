import type { BackupReceipt } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { formatSeconds } from '../format/values.ts';
import { Icon } from '../parts/icon.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { receiptsQuery } from './safety-queries.ts';

export const proofOutcomes = {
  passed: { tone: 'ok', icon: 'check', word: 'passed' },
  failed: { tone: 'bad', icon: 'octagon', word: 'failed' },
  inconclusive: { tone: 'wait', icon: 'half', word: 'could not tell' },
} as const satisfies Record<BackupReceipt['outcome'], unknown>;

const tried = {
  L0: 'upload',
  L1: 'copy read again',
  L2: 'copy unpacked',
  L3: 'restored and counted',
  L4: 'restored, rules checked',
} as const;

/** What the last restores as a test found. */
export function ProofsCard(): JSX.Element {
  const list = useInfiniteQuery(receiptsQuery(useApi()));
  const receipts = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card" aria-labelledby="proofs-title">
      <header>
        <h2 id="proofs-title">Proofs</h2>
        <span className="sub">what tests found</span>
      </header>
      {list.isPending && <Loading what="the proofs" height={120} />}
      {list.isError && (
        <Failure error={list.error} what="The proofs could not be read" onRetry={() => void list.refetch()} />
      )}
      {list.isSuccess && receipts.length === 0 && <p className="card-empty">Nothing was tested yet.</p>}
      <ul className="told">
        {receipts.map((receipt) => {
          const { tone, icon, word } = proofOutcomes[receipt.outcome];
          return (
            <li key={receipt.id}>
              <span className={`v ${tone}`}>
                <Icon name={icon} />
              </span>
              <span>
                <Link className="link" href={`/safety/${encodeURIComponent(receipt.backup)}`}>
                  {receipt.source}
                </Link>{' '}
                {tried[receipt.level]}: {word}
                <span className="why num">
                  <Time at={receipt.startedAt} />, {formatSeconds(receipt.elapsedMs / 1000)}, {receipt.destination}
                </span>
                {receipt.error !== null && <span className="why">{receipt.error}</span>}
              </span>
            </li>
          );
        })}
      </ul>
      <MoreRows list={list} text="Show older proofs" />
    </section>
  );
}
