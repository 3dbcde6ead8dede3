import { useShortcut } from './shortcut-provider.tsx';

/** j and k move through the links marked `data-row`; Enter then opens the one in focus, as for every link. */
export function useRowKeys(): void {
  useShortcut('next', () => move(1));
  useShortcut('previous', () => move(-1));
}

function move(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')].filter((row) => row.offsetParent !== null);
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = at < 0 ? (step === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  rows[next]?.focus();
}
