import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { type ReactElement, useEffect, useRef, useState } from 'react';
import type { Session } from './accounts.ts';
import { ApiError, api } from './api.ts';
import { Fault, Waiting } from './parts/notice.tsx';
import { ProofDialog } from './parts/proof.tsx';
import { queries } from './queries.ts';
import { useStale } from './reach.ts';
import { applyTheme, chosenTheme, type Theme } from './theme.ts';
import { moment } from './words.ts';

const ENTRIES = [
  ['/', 'Overview'],
  ['/traffic', 'Traffic'],
  ['/systems', 'Systems'],
  ['/findings', 'Findings'],
  ['/guard', 'Guard'],
  ['/people', 'People'],
  ['/evidence', 'Evidence'],
  ['/start', 'First hour'],
] as const;

/** The frame of every page of somebody signed in: navigation, theme, sign-out. */
export function Shell(): ReactElement {
  const { data, error, isPending } = useQuery(queries.session);
  const location = useLocation();
  const main = useRef<HTMLElement>(null);
  const before = useRef(location.pathname);
  const stale = useStale();
  // A new page is said by its heading: focus goes there, as it would on a page that was loaded.
  useEffect(() => {
    if (before.current !== location.pathname) main.current?.focus();
    before.current = location.pathname;
    const entry = ENTRIES.findLast(([path]) => location.pathname.startsWith(path));
    const title = location.pathname === '/account' ? 'Account' : (entry?.[1] ?? 'Console');
    document.title = `${title} – Sallyport`;
  }, [location.pathname]);
  // Without a session every page leads to the sign-in; main.tsx sees to that, once.
  if (isPending || (error instanceof ApiError && error.status === 401))
    return (
      <main className="p-6">
        <Waiting what="who you are" />
      </main>
    );
  if (error)
    return (
      <main className="p-6">
        <Fault fault={error} />
      </main>
    );
  return (
    <div className="mx-auto flex min-h-screen max-w-400 flex-col px-4">
      <a href="#main" className="sr-only focus:not-sr-only focus:absolute focus:m-2 focus:p-2 button">
        Skip to the page
      </a>
      <header className="flex flex-wrap items-center gap-x-6 gap-y-2 border-b border-line py-3">
        <span className="flex items-center gap-2 font-semibold">
          <img src="/gates.svg" alt="" width="24" height="24" />
          Sallyport
        </span>
        <nav aria-label="Main" className="flex flex-wrap gap-4">
          {ENTRIES.map(([to, label]) => (
            <Link
              key={to}
              to={to}
              className="py-1 text-muted"
              activeProps={{ className: 'py-1 font-semibold text-ink! border-b-2 border-accent' }}
              activeOptions={{ exact: to === '/', includeSearch: false }}
            >
              {label}
            </Link>
          ))}
        </nav>
        <Person name={data.displayName} />
      </header>
      <main
        id="main"
        ref={main}
        tabIndex={-1}
        data-stale={stale === null ? undefined : ''}
        className="flex flex-1 flex-col gap-4 py-4 outline-none"
      >
        <Stale asOfMs={stale} />
        <Weak session={data} />
        {isWeak(data) && location.pathname !== '/account' ? null : <Outlet />}
      </main>
      <ProofDialog />
    </div>
  );
}

/** Says while the control plane does not answer that what is shown is old; once it does, everything is read again. */
function Stale({ asOfMs }: { asOfMs: number | null }): ReactElement | null {
  useQuery(queries.reach);
  const client = useQueryClient();
  const was = useRef(asOfMs);
  useEffect(() => {
    if (was.current !== null && asOfMs === null) void client.invalidateQueries();
    was.current = asOfMs;
  }, [asOfMs, client]);
  if (asOfMs === null) return null;
  return (
    <p role="alert" className="sticky top-0 z-10 rounded-md border border-bad bg-raised px-3 py-2 text-bad">
      The control plane does not answer. What is shown is stale: it is as of{' '}
      {moment(new Date(asOfMs).toISOString())}.
    </p>
  );
}

/** Whether a session is too weak for the roles of its person: no page but that of the account is answered. */
const isWeak = ({ level, levelNeeded }: Session): boolean => level < levelNeeded;

/** Says what is missing while a session is too weak for the roles of its person. */
function Weak({ session }: { session: Session }): ReactElement | null {
  const bootstrap = session.methods.includes('set-up-link') && !session.methods.includes('passkey');
  if (!isWeak(session) && !(bootstrap && session.levelNeeded === 3)) return null;
  const words =
    bootstrap && session.level === 3
      ? `This session came from the set-up link and ends at ${moment(session.expiresAt)}. After that, administrators need a passkey.`
      : session.levelNeeded === 3
        ? 'Administrators need a passkey: with this session you can do nothing else until you add or use one.'
        : 'Your roles need a second factor: with this session you can do nothing else until you add one.';
  return (
    <p role="status" className="rounded-md border border-warn px-3 py-2">
      {words}{' '}
      <Link to="/account" className="link">
        {session.levelNeeded === 3 ? 'Add a passkey' : 'Add a second factor'}
      </Link>
    </p>
  );
}

function Person({ name }: { name: string }): ReactElement {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [theme, setTheme] = useState<Theme>(chosenTheme());
  const leave = useMutation({
    mutationFn: () => api.remove('/session'),
    // Who leaves leaves nothing on the screen, whether or not the server hears of it.
    onSettled: async (_, fault) => {
      client.clear();
      await navigate({ to: '/sign-in', search: fault ? { fault: 'not-signed-out' } : {} });
    },
  });
  return (
    <div className="ml-auto flex items-center gap-3 text-sm">
      <label className="flex items-center gap-1.5">
        <span className="sr-only">Theme</span>
        <select
          className="input"
          value={theme}
          onChange={(event) => {
            const chosen = event.target.value as Theme;
            setTheme(chosen);
            applyTheme(chosen);
          }}
        >
          <option value="system">As the device</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
      <Link to="/account" className="link">
        {name}
      </Link>
      <button type="button" className="button" onClick={() => leave.mutate()}>
        Sign out
      </button>
    </div>
  );
}
