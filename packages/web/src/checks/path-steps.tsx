import type { ProbeResult } from '@belay/protocol';
import type { JSX } from 'preact';
import { plural } from '../format/numbers.ts';
import { formatValue } from '../format/values.ts';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';

const outcomes = {
  pass: { tone: 'ok', icon: 'check', word: 'passed' },
  fail: { tone: 'bad', icon: 'octagon', word: 'failed' },
  skipped: { tone: 'none', icon: 'circle', word: 'not reached' },
} as const;

/** The last run of a golden path, step by step. */
export function PathSteps({ run }: { readonly run: ProbeResult }): JSX.Element {
  return (
    <section className="card" aria-labelledby="steps-title">
      <header>
        <h2 id="steps-title">Last run</h2>
        <span className="sub num">
          <Time at={run.at} as="second" />, {formatValue(run.durationMs, 'ms')}
          {run.certificateDays !== null && `, certificate for ${plural(Math.floor(run.certificateDays), 'more day')}`}
        </span>
      </header>
      <p className="card-say">{run.sentence}</p>
      <ol className="steps">
        {run.steps.map((step, index) => {
          const { tone, icon, word } = outcomes[step.outcome];
          return (
            <li key={index}>
              <span className={`v ${tone}`}>
                <Icon name={icon} />
                <span className="vh">{word}</span>
              </span>
              <span>
                {step.name} <span className="sub">{step.type}</span>
                {step.text !== '' && <span className="why">{step.text}</span>}
              </span>
              <span className="sub num">{step.outcome === 'skipped' ? '' : formatValue(step.durationMs, 'ms')}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
