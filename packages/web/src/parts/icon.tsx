import type { JSX } from 'preact';

const shapes = {
  overview: 'M2.5 2.5h4.5v5h-4.5zM9 2.5h4.5v3H9zM9 8.5h4.5v5H9zM2.5 10.5h4.5v3h-4.5z',
  changes: 'M3 12.5h2.5c3 0 2-9 5-9H13M10.8 1.3 13.2 3.5l-2.4 2.2M3 3.5h2M11 12.5h2',
  signals: 'M1.5 8.500h3l2-5.500 3 10 2-6.500 1 2h2.500',
  errors: 'M8 2.200 14.300 13.300H1.700zM8 6.300v3.200M8 11.400v.1',
  checks:
    'M4 2.500h8a1.5 1.5 0 0 1 1.5 1.500v8a1.5 1.5 0 0 1 -1.5 1.500h-8a1.5 1.5 0 0 1 -1.5 -1.500v-8a1.5 1.5 0 0 1 1.5 -1.500zM5.3 8.200l1.9 1.9 3.5-4',
  safety: 'M3 4a5 2 0 1 0 10 0a5 2 0 1 0 -10 0M3 4v8c0 1.100 2.200 2 5 2s5-.9 5-2V4M3 8c0 1.100 2.200 2 5 2s5-.9 5-2',
  more: 'M3.500 8h.01M8 8h.01M12.500 8h.01',
  down: 'M4.500 6.500 8 10l3.500-3.500',
  right: 'M6.500 4.500 10 8l-3.500 3.500',
  filter: 'M2.500 3.500h11l-4.300 5v4l-2.400 1.200v-5.200z',
  link: 'M9.500 3h3.500v3.500M13 3 7.500 8.500M11.500 9.500v3.500h-8.500v-8.500h3.500',
  flags: 'M3.5 14V2.5M3.5 3h8l-1.8 2.8L11.5 8.6h-8',
  settings:
    'M2.5 4.5h6M12 4.5h1.500M2.5 11.5H4M7.5 11.5h6M8.5 4.500a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0 -3.4 0M4.1 11.500a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0 -3.4 0',
  search: 'M2.5 7a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0M10.5 10.500l3 3',
  check: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0M5.4 8.200l1.8 1.8 3.4-3.8',
  better: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0M8 11V5.200M5.5 7.5 8 5l2.5 2.5',
  up: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0M8 11V5.200M5.500 7.500 8 5l2.500 2.500',
  lower: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0M8 5v5.800M5.500 8.500 8 11l2.500-2.500',
  circle: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0',
  half: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0',
  ring: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0',
  octagon: 'M5.5 2h5L14 5.500v5L10.5 14h-5L2 10.500v-5zM8 5v3.600M8 11v.05',
  triangle: 'M8 2.2 14.3 13.300H1.700zM8 6.300v3.200M8 11.400v.1',
  play: 'M5 3.500v9l7-4.500z',
  pause: 'M6 4v8M10 4v8',
  back: 'M3 6.500h6.500a3.5 3.5 0 1 1 0 7H6M5.7 3.8 3 6.500l2.7 2.7',
  arrow: 'M3 8h9.500M9 4.5 12.5 8 9 11.5',
  moon: 'M13.3 9.700A5.7 5.7 0 0 1 6.3 2.700a5.7 5.7 0 1 0 7 7z',
  sun: 'M5.2 8a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0 -5.6 0M8 1.500v1.400M8 13.100v1.400M1.5 8h1.400M13.1 8h1.400M3.4 3.400l1 1M11.6 11.600l1 1M12.6 3.400l-1 1M4.4 11.600l-1 1',
  clock: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0M8 4.700V8l2.2 1.6',
  lock: 'M5 7h6a1.5 1.5 0 0 1 1.5 1.500v3.500a1.5 1.5 0 0 1 -1.5 1.500h-6a1.5 1.5 0 0 1 -1.5 -1.500v-3.500a1.5 1.5 0 0 1 1.5 -1.500zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  machine: 'M8 2.200v2M8 11.800v2M2.2 8h2M11.8 8h2M4 4l1.3 1.300M10.7 10.7 12 12M12 4l-1.3 1.300M5.3 10.7 4 12',
  person: 'M5.5 5.200a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0M3 13.500c.5-2.8 2.4-4.2 5-4.200s4.5 1.4 5 4.2',
  note: 'M4 2.500h5.500L13 6v7.500H4zM9.5 2.500V6H13M6.3 8.500h4M6.3 11h4',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3',
  snow: 'M8 2v12M2.8 5l10.4 6M13.2 5 2.8 11',
} as const;

export type IconName = keyof typeof shapes;

/** A decorative 16 px line icon; the word beside it carries the meaning. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg className="i" viewBox="0 0 16 16" aria-hidden="true">
      <path d={shapes[name]} style={name === 'ring' ? { strokeDasharray: '2.4 2.3' } : undefined} />
      {name === 'half' && <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" stroke="none" />}
    </svg>
  );
}

/** Belay's mark: a rope through a belay device. */
export function Mark(): JSX.Element {
  return (
    <svg viewBox="0 0 22 22" fill="none" aria-hidden="true">
      <rect width="22" height="22" rx="6" fill="var(--ink)" />
      <path d="M6 5.5v7a5 5 0 0 0 10 0V9.8" stroke="var(--bg)" style={{ strokeWidth: '2.2', strokeLinecap: 'round' }} />
      <circle cx="16" cy="7" r="1.9" fill="#39c596" />
    </svg>
  );
}
