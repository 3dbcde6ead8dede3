import { createClient } from '@belay/client';
import { invariant } from '@belay/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/preact-query';
import { render } from 'preact';
import { ApiContext } from './api/api-context.ts';
import { isSignedOut } from './api/explain-error.ts';
import { App } from './app.tsx';
import './styles/index.css';

const root = document.getElementById('root');
invariant(root !== null, 'index.html has an element with the id "root"');

const api = createClient({ baseUrl: window.location.origin, name: 'dashboard' });
const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // A session that has ended anywhere brings the sign-in page back.
    onError: (error, query) => {
      if (isSignedOut(error) && query.queryKey[0] !== 'session') void queries.resetQueries({ queryKey: ['session'] });
    },
  }),
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < 2 && !isSignedOut(error),
      staleTime: 1000,
      refetchOnWindowFocus: true,
    },
  },
});

render(
  <QueryClientProvider client={queries}>
    <ApiContext.Provider value={api}>
      <App />
    </ApiContext.Provider>
  </QueryClientProvider>,
  root,
);
