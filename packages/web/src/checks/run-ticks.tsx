import type { JSX } from 'preact';
import { plural } from '../format/numbers.ts';

/** Latest runs as ticks, newest at the right; the words say the same for those who do not see them. */
export function RunTicks({ recent }: { readonly recent: string }): JSX.Element {
  const failed = recent.split('').filter((one) => one === 'F').length;
  return (
    <span className="ticks" role="img" aria-label={ticksText(recent.length, failed)}>
      {recent.split('').map((one, index) => (
        <i key={index} className={one === 'F' ? 'f' : 'p'} />
      ))}
    </span>
  );
}

function ticksText(runs: number, failed: number): string {
  if (runs === 0) return 'No run yet';
  return failed === 0 ? `${plural(runs, 'run')}, all passed` : `${failed} of ${plural(runs, 'run')} failed`;
}
