import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { invariant } from '@belay/core';
import type { Client } from '@belay/client';

export const ApiContext = createContext<Client | undefined>(undefined);

/** The client of Belay's API; the dashboard has no other way to the server and no privileges of its own. */
export function useApi(): Client {
  const api = useContext(ApiContext);
  invariant(api !== undefined, 'useApi needs an ApiContext above it');
  return api;
}
