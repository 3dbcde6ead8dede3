import type { IconName } from '../parts/icon.tsx';

interface Place {
  readonly href: string;
  readonly name: string;
  readonly icon: IconName;
  readonly keys: string;
}

/** Every place of the menu; a place stands here only once it exists. */
export const places = [
  { href: '/', name: 'Overview', icon: 'overview', keys: 'G O' },
  { href: '/changes', name: 'Changes', icon: 'changes', keys: 'G C' },
  { href: '/flags', name: 'Flags', icon: 'flags', keys: 'G F' },
  { href: '/signals', name: 'Signals', icon: 'signals', keys: 'G S' },
  { href: '/errors', name: 'Errors', icon: 'errors', keys: 'G E' },
  { href: '/checks', name: 'Checks', icon: 'checks', keys: 'G K' },
  { href: '/safety', name: 'Data safety', icon: 'safety', keys: 'G D' },
  { href: '/settings', name: 'Settings', icon: 'settings', keys: 'G T' },
] as const satisfies readonly Place[];

/** Rooms of the explorer, which the palette opens at once. */
export const explorerRooms = [
  { href: '/scorecards', name: 'Scorecards', command: null },
  { href: '/explore/metrics', name: 'Metrics', command: 'belay query' },
  { href: '/explore/logs', name: 'Logs', command: null },
  { href: '/explore/logs?show=tail', name: 'Logs, live', command: null },
  { href: '/explore/traces', name: 'Traces', command: null },
  { href: '/explore/traces?show=map', name: 'Service map', command: null },
] as const satisfies readonly { href: string; name: string; command: string | null }[];

/** What a phone's bar has room for; the rest stands under More. */
export const barPlaces: readonly Place[] = places.filter(
  (place) => !['/flags', '/checks', '/safety', '/settings'].includes(place.href),
);
export const morePlaces: readonly Place[] = places.filter((place) => !barPlaces.includes(place));

/** Pages of a place that stand at addresses of their own. */
const rooms: Readonly<Record<string, readonly string[]>> = { '/signals': ['/scorecards', '/explore'] };

/** Whether `path` belongs to the place at `href`. */
export function isIn(href: string, path: string): boolean {
  if (rooms[href]?.some((room) => isIn(room, path)) === true) return true;
  return href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`);
}
