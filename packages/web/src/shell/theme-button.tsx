import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { remember } from './preferences.ts';

/** Switches between light and dark and remembers it on this device; `public/theme.js` applies it before first paint. */
export function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useState(document.documentElement.dataset['theme'] ?? 'light');
  const toggle = (): void => {
    const next = theme === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = next;
    remember('belay.theme', next);
    setTheme(next);
  };
  return (
    <button className="chip" type="button" aria-label="Switch between light and dark" onClick={toggle}>
      <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
    </button>
  );
}
