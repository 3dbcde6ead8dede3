import type { JSX } from 'preact';
import { Dialog } from '../parts/dialog.tsx';

const rows = [
  ['timeout', 'lines with the word, in any case'],
  ['"connection reset"', 'these words one after the other'],
  ['-retry', 'lines without it'],
  ['timeout OR refused', 'lines with one of both; brackets group'],
  ['level:>=warn', 'this level or a more severe one'],
  ['service:shop', 'lines of a service'],
  ['http.route:/cart', 'a field with this value'],
  ['-user:ada', 'lines where a field is not this value'],
  ['http.status:>=500', 'a number, compared'],
  ['path:/api/*', 'any text in place of the star'],
  ['trace:4bf92f…', 'lines of one request'],
  ['pattern:1f00aa…', 'lines alike; the Patterns view writes it'],
] as const;

/** The query language by example. */
export function LogHelp({ onClose }: { readonly onClose: () => void }): JSX.Element {
  return (
    <Dialog title="How to search" onClose={onClose}>
      <p>Everything that is written must hold. Values with spaces stand in quotes.</p>
      <dl className="help-rows">
        {rows.map(([example, what]) => (
          <div key={example}>
            <dt className="mono">{example}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
