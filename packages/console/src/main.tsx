import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api.ts';
import { router } from './router.tsx';
import './style.css';
import './theme.ts';

/** A session that ended leads to the sign-in, and back. */
function onFault(fault: unknown): void {
  const { pathname, href } = router.state.location;
  if (!(fault instanceof ApiError) || fault.status !== 401) return;
  if (pathname === '/sign-in' || pathname === '/setup') return;
  // What was read while the session lasted is forgotten with it; what the sign-in asks for is not.
  void router
    .navigate({ to: '/sign-in', search: { next: href }, replace: true })
    .then(() => client.removeQueries({ type: 'inactive' }));
}

const client = new QueryClient({
  queryCache: new QueryCache({ onError: onFault }),
  mutationCache: new MutationCache({ onError: onFault }),
  defaultOptions: {
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: 5_000,
      retry: (times, fault) =>
        times < 2 && !(fault instanceof ApiError && fault.status >= 400 && fault.status < 500),
    },
  },
});

// The second click of a double click on what acts is no second wish, nor one for what the first brought in its place.
document.addEventListener(
  'click',
  (event) => {
    const acts = (event.target as Element).closest('button.main, button[type=submit]');
    if (!acts || event.detail < 2) return;
    event.preventDefault();
    event.stopPropagation();
  },
  { capture: true },
);

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
