import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import type { Account, PasskeyRequest } from '../accounts.ts';
import { api } from '../api.ts';
import { Copyable } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { QrCode } from '../parts/qr-code.tsx';
import { Status } from '../parts/status.tsx';
import { createPasskey } from '../passkey.ts';
import { queries } from '../queries.ts';
import { ago, moment, plural } from '../words.ts';

/** One's own account: what proves who one is, and where one is signed in. */
export function AccountPage(): ReactElement {
  const { data, error } = useQuery(queries.account);
  return (
    <>
      <h1>Account</h1>
      <Fault fault={error} />
      {data ? (
        <>
          <Factors account={data} />
          {data.origin === 'local' ? <Password account={data} /> : null}
          <Sessions account={data} />
        </>
      ) : error ? null : (
        <Waiting what="your account" />
      )}
    </>
  );
}

/** Reads everything about the account and the session again. */
function useChanged(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await client.invalidateQueries({ queryKey: ['account'] });
    await client.invalidateQueries({ queryKey: ['session'] });
  };
}

const KINDS = { passkey: 'Passkey', totp: 'Authenticator app' } as const;

function Factors({ account }: { account: Account }): ReactElement {
  const changed = useChanged();
  const [adding, setAdding] = useState<'passkey' | 'totp' | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const close = (): void => setAdding(null);
  const remove = useMutation({
    mutationFn: (id: string) => api.remove(`/account/factors/${id}`),
    onSuccess: changed,
  });
  const recover = useMutation({
    mutationFn: () => api.post<{ codes: string[] }>('/account/recovery-codes', {}),
    onSuccess: async ({ codes: made }) => {
      setCodes(made);
      await changed();
    },
  });
  return (
    <section className="panel grid gap-3" aria-labelledby="factors-title">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 id="factors-title">What proves that it is you</h2>
        <span className="flex flex-wrap gap-2">
          <button type="button" className="button main" onClick={() => setAdding('passkey')}>
            Add a passkey
          </button>
          <button type="button" className="button" onClick={() => setAdding('totp')}>
            Add an authenticator app
          </button>
        </span>
      </div>
      {account.factors.length === 0 ? (
        <p>
          <Status tone="warn">only a password</Status> A passkey cannot be phished; roles beyond viewer need a
          second factor, administrators a passkey.
        </p>
      ) : (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Your factors">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Kind</th>
                <th scope="col">Added</th>
                <th scope="col">Last used</th>
                <th scope="col">Action</th>
              </tr>
            </thead>
            <tbody>
              {account.factors.map((factor) => (
                <tr key={factor.id}>
                  <th scope="row">{factor.name}</th>
                  <td>{KINDS[factor.kind]}</td>
                  <td>{moment(factor.createdAt)}</td>
                  <td>{factor.usedAt ? ago(factor.usedAt) : 'never'}</td>
                  <td>
                    <button
                      type="button"
                      className="button"
                      aria-label={`Remove ${factor.name}`}
                      disabled={remove.isPending}
                      onClick={() => remove.mutate(factor.id)}
                    >
                      Remove
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Fault fault={remove.error} />
      <div className="flex flex-wrap items-center gap-3">
        <span>
          {account.recoveryCodesLeft === 0
            ? 'No recovery codes: without your devices you could not get in.'
            : `${plural(account.recoveryCodesLeft, 'recovery code')} left.`}
        </span>
        <button
          type="button"
          className="button"
          disabled={recover.isPending || account.factors.length === 0}
          onClick={() => recover.mutate()}
        >
          {account.recoveryCodesLeft === 0 ? 'Make recovery codes' : 'Make new recovery codes'}
        </button>
      </div>
      <Fault fault={recover.error} />
      <Dialog title="Your recovery codes" open={codes !== null} onClose={() => setCodes(null)}>
        <p className="mb-2">
          Each works once, when your other factors are lost. They are shown this <strong>once</strong>; those
          before are void. Keep them away from this device.
        </p>
        <Copyable text={(codes ?? []).join('\n')} label="Recovery codes" />
      </Dialog>
      <Dialog title="Add a passkey" open={adding === 'passkey'} onClose={close}>
        <AddPasskey onDone={close} />
      </Dialog>
      <Dialog title="Add an authenticator app" open={adding === 'totp'} onClose={close}>
        <AddAuthenticator onDone={close} />
      </Dialog>
    </section>
  );
}

function AddPasskey({ onDone }: { onDone: () => void }): ReactElement {
  const changed = useChanged();
  const add = useMutation({
    mutationFn: async (name: string) => {
      const made = await createPasskey(await api.post<PasskeyRequest>('/account/passkey-creation', {}));
      await api.post('/account/passkeys', { ...made, name });
    },
    onSuccess: async () => {
      await changed();
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    add.mutate(String(new FormData(event.currentTarget).get('name')).trim());
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <p>Your device or security key asks for a fingerprint, a face or a PIN. Nothing of that reaches us.</p>
      <label className="field">
        <span>What to call it</span>
        <input
          className="input"
          name="name"
          required
          maxLength={64}
          placeholder="laptop"
          autoComplete="off"
        />
      </label>
      <Fault fault={add.error} />
      <div>
        <button type="submit" className="button main" disabled={add.isPending}>
          Make the passkey
        </button>
      </div>
    </form>
  );
}

interface NewAuthenticator {
  readonly id: string;
  readonly secret: string;
  readonly uri: string;
}

function AddAuthenticator({ onDone }: { onDone: () => void }): ReactElement {
  const changed = useChanged();
  const [made, setMade] = useState<NewAuthenticator | null>(null);
  const begin = useMutation({
    mutationFn: (name: string) => api.post<NewAuthenticator>('/account/authenticators', { name }),
    onSuccess: setMade,
  });
  const confirm = useMutation({
    mutationFn: (code: string) => api.post(`/account/authenticators/${made!.id}/confirm`, { code }),
    onSuccess: async () => {
      await changed();
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    if (made) confirm.mutate(String(form.get('code')).trim());
    else begin.mutate(String(form.get('name')).trim());
  };
  if (!made)
    return (
      <form onSubmit={submit} className="grid gap-3" key="name">
        <label className="field">
          <span>What to call it</span>
          <input
            className="input"
            name="name"
            required
            maxLength={64}
            placeholder="phone"
            autoComplete="off"
          />
        </label>
        <Fault fault={begin.error} />
        <div>
          <button type="submit" className="button main" disabled={begin.isPending}>
            Show the QR code
          </button>
        </div>
      </form>
    );
  return (
    <form onSubmit={submit} className="grid gap-3" key="code">
      <p>Scan this with your authenticator app, or type the secret into it.</p>
      <QrCode text={made.uri} label="QR code with the secret of the authenticator app" />
      <Copyable text={made.secret} label="The secret" />
      <label className="field">
        <span>Code that the app shows</span>
        <input
          className="input"
          name="code"
          required
          maxLength={8}
          inputMode="numeric"
          autoComplete="one-time-code"
        />
      </label>
      <Fault fault={confirm.error} />
      <div>
        <button type="submit" className="button main" disabled={confirm.isPending}>
          Confirm
        </button>
      </div>
    </form>
  );
}

function Password({ account }: { account: Account }): ReactElement {
  const changed = useChanged();
  const change = useMutation({
    mutationFn: (input: object) => api.post('/account/password', input),
    onSuccess: changed,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const { current, password } = Object.fromEntries(new FormData(form));
    change.mutate({ current, password }, { onSuccess: () => form.reset() });
  };
  return (
    <section className="panel grid gap-3" aria-labelledby="password-title">
      <h2 id="password-title">Password</h2>
      <p className="text-muted text-sm">
        {account.passwordChangedAt ? `Chosen ${moment(account.passwordChangedAt)}.` : ''} It need not be
        changed by the calendar: change it when another person may know it. Every other session ends then.
      </p>
      <form onSubmit={submit} className="grid gap-3 max-w-md">
        <label className="field">
          <span>Password now</span>
          <input className="input" name="current" type="password" required autoComplete="current-password" />
        </label>
        <label className="field">
          <span>New password, at least 15 characters</span>
          <input
            className="input"
            name="password"
            type="password"
            required
            minLength={15}
            maxLength={256}
            autoComplete="new-password"
          />
        </label>
        <Fault fault={change.error} />
        {change.isSuccess ? <p role="status">Changed; every other session is over.</p> : null}
        <div>
          <button type="submit" className="button" disabled={change.isPending}>
            Change the password
          </button>
        </div>
      </form>
    </section>
  );
}

function Sessions({ account }: { account: Account }): ReactElement {
  const changed = useChanged();
  const end = useMutation({
    mutationFn: (path: string) => api.remove(`/account/${path}`),
    onSuccess: changed,
  });
  return (
    <section className="panel grid gap-3" aria-labelledby="sessions-title">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 id="sessions-title">Where you are signed in</h2>
        {account.sessions.length > 1 ? (
          <button type="button" className="button" onClick={() => end.mutate('sessions')}>
            End all but this one
          </button>
        ) : null}
      </div>
      <Fault fault={end.error} />
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Your sessions">
        <table>
          <thead>
            <tr>
              <th scope="col">Browser</th>
              <th scope="col">Address</th>
              <th scope="col">Proven with</th>
              <th scope="col">Last active</th>
              <th scope="col">Action</th>
            </tr>
          </thead>
          <tbody>
            {account.sessions.map((session) => (
              <tr key={session.id}>
                <th scope="row" className="break-all">
                  {session.agent}
                </th>
                <td>{session.address}</td>
                <td>{session.methods.join(', ')}</td>
                <td>{ago(session.lastSeenAt)}</td>
                <td>
                  {session.current ? (
                    <Status tone="good">this one</Status>
                  ) : (
                    <button
                      type="button"
                      className="button"
                      onClick={() => end.mutate(`sessions/${session.id}`)}
                    >
                      End
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h3>Devices that are known</h3>
      <p className="text-muted text-sm">
        Strangers who guess at your password do not lock you out on these. Forgetting one ends the sessions on
        it.
      </p>
      <ul className="grid gap-2">
        {account.devices.map((device) => (
          <li key={device.id} className="flex flex-wrap items-baseline justify-between gap-3">
            <span className="break-all">
              {device.agent}, from {device.address}, {ago(device.lastSeenAt)}
            </span>
            {device.current ? (
              <Status tone="good">this one</Status>
            ) : (
              <button type="button" className="button" onClick={() => end.mutate(`devices/${device.id}`)}>
                Forget
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
