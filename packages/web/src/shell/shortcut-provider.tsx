import { invariant } from '@belay/core';
import { type ComponentChildren, createContext, type JSX } from 'preact';
import { useContext, useEffect, useMemo, useRef } from 'preact/hooks';
import { recall } from './preferences.ts';
import { createShortcutReader, type ShortcutName } from './shortcuts.ts';

type Handlers = Map<ShortcutName, (() => void)[]>;

const ShortcutContext = createContext<Handlers | undefined>(undefined);
export const SINGLE_KEYS = 'belay.single-keys';

/** Listens to the keyboard once for the whole page. */
export function ShortcutProvider({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const handlers = useMemo<Handlers>(() => new Map(), []);
  useEffect(() => {
    const read = createShortcutReader({ singleKeys: () => recall(SINGLE_KEYS) !== 'off' });
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || event.repeat) return;
      const name = read({
        key: event.key,
        withModifier: event.metaKey || event.ctrlKey,
        withAlt: event.altKey,
        inField: isField(event.target) || document.querySelector('dialog[open]') !== null,
        at: event.timeStamp,
      });
      const handler = name === null ? undefined : handlers.get(name)?.at(-1);
      if (handler === undefined) return;
      event.preventDefault();
      handler();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [handlers]);
  return <ShortcutContext.Provider value={handlers}>{children}</ShortcutContext.Provider>;
}

/** Answers a shortcut while the component is on the page; the latest to mount wins. `null`: not now. */
export function useShortcut(name: ShortcutName, handler: (() => void) | null): void {
  const handlers = useContext(ShortcutContext);
  invariant(handlers !== undefined, 'useShortcut needs a ShortcutProvider above it');
  const latest = useRef(handler);
  latest.current = handler;
  const isActive = handler !== null;
  useEffect(() => {
    if (!isActive) return undefined;
    const run = (): void => latest.current?.();
    handlers.set(name, [...(handlers.get(name) ?? []), run]);
    return () => {
      handlers.set(
        name,
        (handlers.get(name) ?? []).filter((candidate) => candidate !== run),
      );
    };
  }, [handlers, name, isActive]);
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}
