import type { IconName } from '../parts/icon.tsx';

/** Every place of the menu; a place stands here only once it exists. */
export const places = [
  { href: '/', name: 'Overview', icon: 'overview', keys: 'G O' },
  { href: '/changes', name: 'Changes', icon: 'changes', keys: 'G C' },
  { href: '/flags', name: 'Flags', icon: 'flags', keys: 'G F' },
  { href: '/settings', name: 'Settings', icon: 'settings', keys: 'G S' },
] as const satisfies readonly { href: string; name: string; icon: IconName; keys: string }[];

/** Whether `path` belongs to the place at `href`. */
export function isIn(href: string, path: string): boolean {
  return href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`);
}
