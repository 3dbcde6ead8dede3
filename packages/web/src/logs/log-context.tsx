import type { LogLine } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { Segments } from '../parts/choice.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { levelOf } from './log-levels.ts';
import { logContextQuery } from './log-queries.ts';

const sames = [
  { value: 'instance', text: 'Same instance' },
  { value: 'service', text: 'Same service' },
  { value: 'trace', text: 'Same request' },
] as const;

/** What was written before and after a line, in the order of time. */
export function LogContext({ line }: { readonly line: LogLine }): JSX.Element {
  const [same, setSame] = useState<(typeof sames)[number]['value']>('instance');
  const around = useQuery(logContextQuery(useApi(), line.id, same));
  const options = line.traceId === null ? sames.filter((one) => one.value !== 'trace') : sames;
  return (
    <div className="around">
      <Segments label="Lines of" value={same} options={options} onChoose={setSame} />
      {around.isPending && <Loading what="the lines around" height={200} />}
      {around.isError && (
        <Failure error={around.error} what="The lines around could not be read" onRetry={() => void around.refetch()} />
      )}
      {around.data !== undefined && (
        <ol className="lines">
          {[...around.data.before, around.data.line, ...around.data.after].map((one) => (
            <li key={one.id} className={levelOf(one).look} aria-current={one.id === line.id ? 'true' : undefined}>
              <span className="line">
                <span className="line-at num">
                  <Time at={one.at} as="second" />
                </span>
                <span className="line-level">{levelOf(one).text}</span>
                <span className="line-service">{one.service}</span>
                <span className="line-body mono">{one.body}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
