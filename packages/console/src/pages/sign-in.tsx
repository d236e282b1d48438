import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactElement, type ReactNode, useId } from 'react';
import { api, query } from '../api.ts';
import { Fault, Waiting } from '../parts/notice.tsx';

const PASSWORD_CHARACTERS_MIN = 15;

function Gate({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <main className="grid min-h-screen place-items-center p-4">
      <div className="panel w-full max-w-md grid gap-4">
        <div className="flex items-center gap-3">
          <img src="/gates.svg" alt="" width="36" height="36" />
          <h1>{title}</h1>
        </div>
        {children}
      </div>
    </main>
  );
}

function Credentials({
  fresh,
  label,
  path,
  more,
  to,
}: {
  fresh: boolean;
  label: string;
  path: string;
  more?: object;
  to: string;
}): ReactElement {
  const client = useQueryClient();
  const navigate = useNavigate();
  const hint = useId();
  const enter = useMutation({
    mutationFn: (body: object) => api.post<{ name: string }>(path, body),
    onSuccess: async (who) => {
      client.clear();
      client.setQueryData(['session'], who);
      await navigate({ href: to });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    enter.mutate({ ...more, name: String(form.get('name')).trim(), password: form.get('password') });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <label className="field">
        <span>Name</span>
        <input className="input" name="name" required maxLength={64} autoComplete="username" />
      </label>
      <label className="field">
        <span>Password</span>
        <input
          className="input"
          name="password"
          type="password"
          required
          minLength={fresh ? PASSWORD_CHARACTERS_MIN : 1}
          maxLength={256}
          autoComplete={fresh ? 'new-password' : 'current-password'}
          aria-describedby={fresh ? hint : undefined}
        />
        {fresh ? (
          <small id={hint} className="text-muted">
            At least {PASSWORD_CHARACTERS_MIN} characters; a sentence is fine. It is kept as an argon2id hash.
          </small>
        ) : null}
      </label>
      <Fault fault={enter.error} />
      <button type="submit" className="button main" disabled={enter.isPending}>
        {label}
      </button>
    </form>
  );
}

const signInRoute = getRouteApi('/sign-in');

/** Sign-in by name and password. */
export function SignInPage(): ReactElement {
  const { next } = signInRoute.useSearch();
  const setup = useQuery({
    queryKey: ['setup', ''],
    queryFn: () => api.get<{ open: boolean; administrators: boolean }>('/setup'),
  });
  return (
    <Gate title="Sallyport">
      {setup.data?.administrators === false ? (
        <p>
          Nobody is set up yet. Open the set-up link that <code>npm start</code> printed; a new start prints a
          new one.
        </p>
      ) : (
        <Credentials
          fresh={false}
          label="Sign in"
          path="/session"
          to={next?.startsWith('/') && !next.startsWith('//') ? next : '/'}
        />
      )}
    </Gate>
  );
}

const setupRoute = getRouteApi('/setup');

/** The first run: the one-time link makes the first administrator. */
export function SetupPage(): ReactElement {
  const { token } = setupRoute.useSearch();
  const { data, error } = useQuery({
    queryKey: ['setup', token],
    queryFn: () => api.get<{ open: boolean }>(`/setup${query({ token })}`),
  });
  return (
    <Gate title="Set up Sallyport">
      {error ? <Fault fault={error} /> : null}
      {!data && !error ? <Waiting what="the link" /> : null}
      {data?.open === false ? (
        <p role="alert">
          This set-up link was used, has expired or is wrong. Start Sallyport again for a new one, or{' '}
          <a className="link" href="/sign-in">
            sign in
          </a>
          .
        </p>
      ) : null}
      {data?.open ? (
        <>
          <p>You become the first administrator. The link works once.</p>
          <Credentials fresh label="Become administrator" path="/setup" more={{ token }} to="/start" />
        </>
      ) : null}
    </Gate>
  );
}
