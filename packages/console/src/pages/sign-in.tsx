import { ownPath, PERSON_NAME_MAX } from '@sallyport/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useLocation, useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactElement, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { PasskeyRequest, Pending, Session } from '../accounts.ts';
import { ApiError, api, finishSignOn, goToProvider, setupState } from '../api.ts';
import { NameFields, namesOf } from '../parts/name-fields.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { SecondFactor } from '../parts/second-factor.tsx';
import { signWithPasskey } from '../passkey.ts';

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
  known,
  onEntered,
}: {
  fresh: boolean;
  label: string;
  path: string;
  more?: object;
  /** The name, when it is not to be chosen. */
  known?: string | undefined;
  onEntered: (answer: Session | Pending) => void | Promise<void>;
}): ReactElement {
  const hint = useId();
  const enter = useMutation({
    mutationFn: (body: object) => api.post<Session | Pending>(path, body),
    onSuccess: onEntered,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    enter.mutate({ ...more, ...namesOf(form), password: form.get('password') });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      {fresh && known === undefined ? (
        <NameFields own />
      ) : (
        <label className="field">
          <span>User name</span>
          <input
            className="input"
            name="name"
            required
            maxLength={PERSON_NAME_MAX}
            autoComplete={fresh ? 'username' : 'username webauthn'}
            defaultValue={known ?? ''}
            readOnly={known !== undefined}
          />
        </label>
      )}
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
            At least {PASSWORD_CHARACTERS_MIN} characters; a sentence is fine. It is kept as a hash, from
            which it cannot be read.
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

/** Goes on once somebody is signed in. */
function useEntered(to: string): (session: Session) => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async (session) => {
    client.clear();
    client.setQueryData(['session'], session);
    await navigate({ href: session.level < session.levelNeeded ? '/account' : to });
  };
}

/** Why signing on through a provider, or signing out, failed, as far as the person may know. */
const FAULTS: Readonly<Record<string, string>> = {
  'not-permitted': 'no group of yours has a role here; ask an administrator',
  'not-signed-out':
    'this page forgot what it showed, but the control plane did not answer: your session goes on until it is idle; open this page and sign out again',
  conflict: 'your name is that of another account here; ask an administrator',
};
const signInRoute = getRouteApi('/sign-in');

/** Back from the provider: this page shows what it holds, and only the one that began does. */
function Answered({ answer }: { answer: string }): ReactElement {
  const client = useQueryClient();
  const navigate = useNavigate();
  const finish = useMutation({
    mutationFn: () => finishSignOn(answer),
    onSuccess: async (next) => {
      client.clear();
      await navigate({ href: ownPath(next) ?? '/', replace: true });
    },
    onError: async (fault) => {
      const code = fault instanceof ApiError ? fault.code : 'internal';
      await navigate({ to: '/sign-in', search: { fault: code }, replace: true });
    },
  });
  const go = finish.mutate;
  const began = useRef(false);
  useEffect(() => {
    // The answer works once.
    if (began.current) return;
    began.current = true;
    go();
  }, [go]);
  return (
    <Gate title="Sallyport">
      <Waiting what="the sign-on" />
    </Gate>
  );
}

/** Sign-in: by name and password and what is asked for besides, or by a passkey alone. */
export function SignInPage(): ReactElement {
  const search = signInRoute.useSearch();
  const { next, fault } = search;
  const setup = useQuery({
    queryKey: ['setup', ''],
    queryFn: () => setupState(),
  });
  const entered = useEntered(ownPath(next) ?? '/');
  const [pending, setPending] = useState<Pending | null>(null);
  const passkey = useMutation({
    mutationFn: async () =>
      api.post<Session>(
        '/session',
        await signWithPasskey(await api.post<PasskeyRequest>('/session', { request: 'passkey' })),
      ),
    onSuccess: entered,
  });
  const provider = useMutation({ mutationFn: () => goToProvider(ownPath(next) ?? '/') });
  // Led here to sign on through the provider: that goes on by itself.
  const go = provider.mutate;
  const isLed = search.with === 'provider' && setup.data?.signOn != null;
  useEffect(() => {
    if (isLed) go();
  }, [isLed, go]);
  if (search.with === 'answer') return <Answered answer={search.answer ?? ''} />;
  if (setup.data?.administrators === false)
    return (
      <Gate title="Sallyport">
        <p>
          No account is set up yet. Open the set-up link that <code>npm start</code> printed; a new start
          prints a new one.
        </p>
      </Gate>
    );
  if (pending)
    return (
      <Gate title="One more proof">
        <SecondFactor
          methods={pending.methods}
          request={() =>
            api.post<PasskeyRequest>('/session', { request: 'passkey', pending: pending.pending })
          }
          prove={(proof) => api.post<Session>('/session', { pending: pending.pending, proof })}
          onProven={entered}
        />
        <button type="button" className="button" onClick={() => setPending(null)}>
          Begin again
        </button>
      </Gate>
    );
  return (
    <Gate title="Sallyport">
      <button
        type="button"
        className="button main"
        disabled={passkey.isPending}
        onClick={() => passkey.mutate()}
      >
        Sign in with a passkey
      </button>
      <Fault fault={passkey.error ?? provider.error} />
      {setup.data?.signOn ? (
        <button
          type="button"
          className="button"
          disabled={provider.isPending}
          onClick={() => provider.mutate()}
        >
          Sign on with {setup.data.signOn}
        </button>
      ) : null}
      {fault ? (
        <p role="alert" className="rounded-md border border-bad px-3 py-2 text-bad">
          {FAULTS[fault] ?? 'signing on failed; the access log says why'}
        </p>
      ) : null}
      <p className="text-muted text-sm">or</p>
      <Credentials
        fresh={false}
        label="Sign in"
        path="/session"
        onEntered={(answer) => ('pending' in answer ? setPending(answer) : entered(answer))}
      />
    </Gate>
  );
}

/** A set-up link: it makes the first administrator, or lets somebody who was added choose a password. */
export function SetupPage(): ReactElement {
  const { hash, searchStr } = useLocation();
  // Behind `#`, which browsers send to no server; links that earlier versions made have it before.
  const token = new URLSearchParams(hash).get('token') ?? new URLSearchParams(searchStr).get('token') ?? '';
  const { data, error } = useQuery({
    queryKey: ['setup', token],
    queryFn: () => setupState(token),
  });
  const entered = useEntered(data?.name ? '/' : '/start');
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
          <p>
            {data.name === null
              ? 'You become the first administrator.'
              : 'Choose a password. Factors that you had before are void from then on.'}{' '}
            The link works once.
          </p>
          <Credentials
            fresh
            label={data.name === null ? 'Become administrator' : 'Choose this password'}
            path="/setup"
            more={{ token }}
            known={data.name ?? undefined}
            onEntered={(answer) => entered(answer as Session)}
          />
        </>
      ) : null}
    </Gate>
  );
}
