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
  { href: '/settings', name: 'Settings', icon: 'settings', keys: 'G T' },
] as const satisfies readonly Place[];

/** What a phone's bar has room for; the rest stands under More. */
export const barPlaces: readonly Place[] = places.filter((place) => !['/flags', '/settings'].includes(place.href));
export const morePlaces: readonly Place[] = places.filter((place) => !barPlaces.includes(place));

/** Pages of a place that stand at addresses of their own. */
const rooms: Readonly<Record<string, readonly string[]>> = { '/signals': ['/scorecards', '/explore'] };

/** Whether `path` belongs to the place at `href`. */
export function isIn(href: string, path: string): boolean {
  if (rooms[href]?.some((room) => isIn(room, path)) === true) return true;
  return href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`);
}
