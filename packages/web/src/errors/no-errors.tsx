import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { Command, Empty } from '../parts/states.tsx';

/** Nothing broke, or nothing reports yet: both are said, with the one line that connects a service. */
export function NoErrors(): JSX.Element {
  const { protocol, host } = window.location;
  return (
    <Empty title="Nothing broke in this time">
      <p>
        Errors come from Sentry SDKs, from exceptions on OpenTelemetry spans, and from <code>@belay/node</code>. For a
        Sentry SDK change the DSN and nothing else;{' '}
        <Link className="link" href="/settings">
          Settings
        </Link>{' '}
        makes one.
      </p>
      <Command text={`SENTRY_DSN=${protocol}//<key>@${host}/<project>`} />
    </Empty>
  );
}
