import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { recall, remember } from './preferences.ts';
import { SINGLE_KEYS } from './shortcut-provider.tsx';
import { shortcutHelp } from './shortcuts.ts';

/** Every shortcut, and the switch that turns the single-key ones off. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [isOn, setOn] = useState(recall(SINGLE_KEYS) !== 'off');
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl className="keys">
        {shortcutHelp.map((row) => (
          <div key={row.what}>
            <dt>
              {row.keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{row.what}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => {
            const next = event.currentTarget.checked;
            remember(SINGLE_KEYS, next ? 'on' : 'off');
            setOn(next);
          }}
        />
        Single-key shortcuts
      </label>
    </Dialog>
  );
}
