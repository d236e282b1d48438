import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactElement, useState } from 'react';
import type { Person } from '../accounts.ts';
import { api } from '../api.ts';
import { PANEL, useClosePanel } from '../panels.ts';
import { Copyable } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { GrantForm, grantWords, RoleFields } from '../parts/grant-form.tsx';
import { NameFields, namesOf } from '../parts/name-fields.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { PeopleTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { ago, moment } from '../words.ts';

const route = getRouteApi('/app/people');

/** What somebody's factors come to, against what their roles need. */
function strength({ factors, grants, origin }: Person): ReactElement {
  const needed = grants.some(({ role }) => role === 'administrator')
    ? 'passkey'
    : grants.some(({ role }) => role !== 'viewer')
      ? 'second factor'
      : null;
  if (origin !== 'local') return <Status tone="good">identity provider</Status>;
  if (factors.includes('passkey')) return <Status tone="good">passkey</Status>;
  if (needed === 'passkey') return <Status tone="bad">no passkey</Status>;
  if (factors.includes('totp')) return <Status tone="good">authenticator app</Status>;
  return needed ? <Status tone="bad">no second factor</Status> : <Status tone="idle">password</Status>;
}

/** Everybody with an account, what they hold, and what proves who they are. */
export function PeoplePage(): ReactElement {
  const { data, error } = useQuery(queries.people);
  const { id } = route.useSearch();
  const navigate = useNavigate({ from: '/people' });
  const close = useClosePanel();
  const [adding, setAdding] = useState(false);
  const chosen = data?.find((person) => person.id === id);
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1>People</h1>
        <button type="button" className="button main" onClick={() => setAdding(true)}>
          Add a person
        </button>
      </div>
      <PeopleTabs />
      <Fault fault={error} />
      {data || error ? null : <Waiting what="the people" />}
      {data ? (
        <div className="panel overflow-x-auto" tabIndex={0} role="region" aria-label="People with accounts">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Holds</th>
                <th scope="col">Proven by</th>
                <th scope="col">Last used their roles</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {data.map((person) => (
                <tr key={person.id}>
                  <th scope="row">
                    <Link to="/people" search={{ id: person.id }} state={PANEL} className="link">
                      {person.displayName}
                    </Link>
                    {person.displayName === person.name ? null : (
                      <span className="block font-normal text-muted">{person.name}</span>
                    )}
                  </th>
                  <td>{person.grants.map(grantWords).join('; ') || 'nothing'}</td>
                  <td>{strength(person)}</td>
                  <td>{lastUsed(person)}</td>
                  <td>
                    {person.disabledAt ? (
                      <Status tone={person.stillIn.length > 0 ? 'warn' : 'bad'}>
                        {person.stillIn.length > 0 ? 'shut out here alone' : 'shut out'}
                      </Status>
                    ) : (
                      <Status tone="good">active</Status>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      <Dialog title="Add a person" open={adding} onClose={() => setAdding(false)}>
        <AddPerson />
      </Dialog>
      <Dialog
        title={chosen?.name ?? ''}
        open={chosen !== undefined}
        onClose={() => close(() => navigate({ search: {}, replace: true }))}
      >
        {chosen ? <PersonPanel person={chosen} /> : null}
      </Dialog>
    </>
  );
}

function lastUsed({ grants }: Person): string {
  const latest = grants
    .map(({ lastUsedAt }) => lastUsedAt ?? '')
    .sort()
    .at(-1);
  return latest ? ago(latest) : 'never';
}

/** A link that is shown once. */
function LinkShown({ name, link }: { name: string; link: string }): ReactElement {
  return (
    <div className="grid gap-2" role="status">
      <p>
        Give this link to {name} only: with it they choose a password. It is shown <strong>once</strong> and
        works once, within a day.
      </p>
      <Copyable text={link} label="The set-up link" />
    </div>
  );
}

function AddPerson(): ReactElement {
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: (input: object) => api.post<{ person: Person; link: string }>('/people', input),
    onSuccess: () => client.invalidateQueries({ queryKey: ['people'] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const email = String(form.get('email')).trim();
    const system = String(form.get('system'));
    add.mutate({
      ...namesOf(form),
      ...(email === '' ? {} : { email }),
      grants: [{ role: form.get('role'), ...(system === '*' ? {} : { system }) }],
    });
  };
  if (add.data) return <LinkShown name={add.data.person.name} link={add.data.link} />;
  return (
    <form onSubmit={submit} className="grid gap-3">
      <NameFields own={false} />
      <label className="field">
        <span>E-mail, for people to know who it is</span>
        <input className="input" name="email" type="email" maxLength={254} autoComplete="off" />
      </label>
      <RoleFields />
      <Fault fault={add.error} />
      <div>
        <button type="submit" className="button main" disabled={add.isPending}>
          Add and show the link
        </button>
      </div>
    </form>
  );
}

function PersonPanel({ person }: { person: Person }): ReactElement {
  const client = useQueryClient();
  const session = useQuery(queries.session);
  const changed = (): Promise<void> => client.invalidateQueries({ queryKey: ['people'] });
  const remove = useMutation({
    mutationFn: (path: string) => api.remove(`/people/${person.id}/${path}`),
    onSuccess: changed,
  });
  const act = useMutation({
    mutationFn: (word: string) => api.post(`/people/${person.id}/${word}`, {}),
    onSuccess: changed,
  });
  const link = useMutation({ mutationFn: () => api.post<{ link: string }>(`/people/${person.id}/link`, {}) });
  const own = session.data?.id === person.id;
  return (
    <div className="grid gap-4">
      <dl className="grid grid-cols-[max-content_1fr] gap-x-6 gap-y-1">
        <dt className="text-muted">E-mail</dt>
        <dd>{person.email ?? 'none'}</dd>
        <dt className="text-muted">Added</dt>
        <dd>{moment(person.createdAt)}</dd>
        <dt className="text-muted">Proven by</dt>
        <dd>{strength(person)}</dd>
        <dt className="text-muted">What they did</dt>
        <dd>
          <Link to="/people/access-log" search={{ actor: `person:${person.id}` }} className="link">
            Access log
          </Link>
        </dd>
      </dl>
      {person.stillIn.map(({ id, name }) => (
        <p key={id}>
          <Link to="/people" search={{ id }} className="link">
            {name}
          </Link>
          , an account of the same person, is not shut out.
        </p>
      ))}
      <section aria-labelledby="grants-title" className="grid gap-2">
        <h3 id="grants-title">Roles</h3>
        <ul className="grid gap-2">
          {person.grants.map((grant) => (
            <li key={grant.id} className="flex flex-wrap items-baseline justify-between gap-3">
              <span>
                {grantWords(grant)}
                <span className="text-muted text-sm">
                  {' '}
                  – {grant.lastUsedAt ? `used ${ago(grant.lastUsedAt)}` : 'never used'}
                </span>
              </span>
              {own ? null : (
                <button
                  type="button"
                  className="button"
                  aria-label={`Take away ${grant.role}`}
                  disabled={remove.isPending}
                  onClick={() => remove.mutate(`grants/${grant.id}`)}
                >
                  Take away
                </button>
              )}
            </li>
          ))}
        </ul>
        {own ? (
          <p className="text-muted text-sm">People do not change their own roles.</p>
        ) : (
          <GrantForm person={person.id} />
        )}
      </section>
      <Fault fault={remove.error ?? act.error ?? link.error} />
      {link.data ? <LinkShown name={person.name} link={link.data.link} /> : null}
      {own ? null : (
        <div className="flex flex-wrap gap-2">
          <button
            type="button"
            className="button"
            disabled={act.isPending}
            onClick={() => act.mutate(person.disabledAt ? 'enable' : 'disable')}
          >
            {person.disabledAt ? 'Let in again' : 'Shut out'}
          </button>
          <button type="button" className="button" onClick={() => remove.mutate('sessions')}>
            End their sessions
          </button>
          {person.origin === 'local' ? (
            <button type="button" className="button" onClick={() => link.mutate()}>
              New set-up link
            </button>
          ) : null}
        </div>
      )}
    </div>
  );
}
