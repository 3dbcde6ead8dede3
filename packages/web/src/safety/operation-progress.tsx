import type { SafetyOperation } from '@belay/protocol';
import type { JSX } from 'preact';
import { formatSeconds } from '../format/values.ts';
import { Icon } from '../parts/icon.tsx';

const states = {
  waiting: { tone: 'none', icon: 'clock', word: 'Waits' },
  running: { tone: 'live', icon: 'play', word: 'Running' },
  done: { tone: 'ok', icon: 'check', word: 'Done' },
  failed: { tone: 'bad', icon: 'octagon', word: 'Failed' },
  interrupted: { tone: 'bad', icon: 'octagon', word: 'Broken off' },
} as const;
const kinds = {
  backup: 'Backup',
  verify: 'Reading again',
  drill: 'Restore test',
  restore: 'Restore',
  rebuild: 'Reading the catalogue again',
  retention: 'Tidying up',
  repair: 'Repair',
} as const;

/** How far an operation is, step by step; what came of it, once it has ended. */
export function OperationProgress({ operation }: { readonly operation: SafetyOperation }): JSX.Element {
  const { tone, icon, word } = states[operation.state];
  return (
    <div className="operation">
      <p>
        <span className={`v ${tone}`}>
          <Icon name={icon} />
          {word}
        </span>{' '}
        {kinds[operation.kind]}
        {operation.source !== null && ` of ${operation.source}`}
      </p>
      {operation.progress !== null && (
        <progress max={1} value={operation.progress} aria-label={`${kinds[operation.kind]}, running step`} />
      )}
      <ol className="steps">
        {operation.steps.map((step) => (
          <li key={step.name}>
            <span className={`v ${states[step.state].tone}`}>
              <Icon name={states[step.state].icon} />
              <span className="vh">{states[step.state].word}</span>
            </span>
            <span>
              {step.name}
              {step.detail !== null && <span className="why">{step.detail}</span>}
            </span>
            <span className="sub num">{step.ms === null ? '' : formatSeconds(step.ms / 1000)}</span>
          </li>
        ))}
      </ol>
      {operation.result !== null && <p className="lead">{operation.result}</p>}
      {operation.failure !== null && (
        <div role="alert">
          <p className="v bad">{operation.failure.message}</p>
          {operation.failure.hint !== null && <p className="sub">{operation.failure.hint}</p>}
        </div>
      )}
    </div>
  );
}
