import type { BackupCopyView, BackupReceipt } from '@belay/protocol';
import type { JSX } from 'preact';
import { formatSeconds } from '../format/values.ts';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';
import { proofOutcomes } from './proofs-card.tsx';

const copyStates = {
  pending: { tone: 'none', icon: 'clock', word: 'on its way' },
  verified: { tone: 'ok', icon: 'check', word: 'read back' },
  unverified: { tone: 'wait', icon: 'half', word: 'written, not read back' },
  missing: { tone: 'bad', icon: 'octagon', word: 'missing' },
  corrupt: { tone: 'bad', icon: 'octagon', word: 'broken' },
  removed: { tone: 'none', icon: 'circle', word: 'removed' },
} as const satisfies Record<BackupCopyView['state'], unknown>;

/** Where the copies are, and whether each was read back. */
export function CopiesCard({ copies }: { readonly copies: readonly BackupCopyView[] }): JSX.Element {
  return (
    <section className="card" aria-labelledby="copies-title">
      <header>
        <h2 id="copies-title">Copies</h2>
      </header>
      <ul className="told">
        {copies.map((copy) => {
          const { tone, icon, word } = copyStates[copy.state];
          return (
            <li key={copy.destination}>
              <span className={`v ${tone}`}>
                <Icon name={icon} />
              </span>
              <span>
                <b>{copy.destination}</b>, {word}
                <span className="why num">
                  {copy.checkedAt === null ? 'not checked yet' : <Time at={copy.checkedAt} />}
                  {copy.markedAt !== null && ', marked for removal'}
                </span>
                {copy.detail !== null && <span className="why">{copy.detail}</span>}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Every test that this backup went through, with its steps. */
export function ReceiptsCard({ receipts }: { readonly receipts: readonly BackupReceipt[] }): JSX.Element {
  return (
    <section className="card" aria-labelledby="receipts-title">
      <header>
        <h2 id="receipts-title">Tests</h2>
        <span className="sub">each is signed</span>
      </header>
      {receipts.length === 0 && <p className="card-empty">It was never tested.</p>}
      <ul className="told">
        {receipts.map((receipt) => (
          <Receipt key={receipt.id} receipt={receipt} />
        ))}
      </ul>
    </section>
  );
}

function Receipt({ receipt }: { readonly receipt: BackupReceipt }): JSX.Element {
  const { tone, icon, word } = proofOutcomes[receipt.outcome];
  return (
    <li>
      <span className={`v ${tone}`}>
        <Icon name={icon} />
      </span>
      <span>
        Level {receipt.level}: {word}
        {receipt.error !== null && <span className="why">{receipt.error}</span>}
        <span className="why num">
          <Time at={receipt.startedAt} />, from {receipt.destination}, by {receipt.by}
          {receipt.restoreMs !== null && `, usable after ${formatSeconds(receipt.restoreMs / 1000)}`}
        </span>
        <details>
          <summary>
            Steps<span className="vh"> of this test</span>
          </summary>
          <ul className="found num">
            {receipt.steps.map((step) => (
              <li key={step.name}>
                <span />
                <span>
                  {step.name}
                  {step.detail !== null && <span className="why">{step.detail}</span>}
                </span>
                <span className="sub">{formatSeconds(step.ms / 1000)}</span>
              </li>
            ))}
            {receipt.invariants.map((invariant) => (
              <li key={`rule ${invariant.name}`}>
                <span />
                <span>
                  {invariant.name}: {invariant.outcome}
                  {invariant.detail !== null && <span className="why">{invariant.detail}</span>}
                </span>
              </li>
            ))}
          </ul>
        </details>
      </span>
      <span className="sub num">{formatSeconds(receipt.elapsedMs / 1000)}</span>
    </li>
  );
}
