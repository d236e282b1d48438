import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { AccessEntry, Person } from '../accounts.ts';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { PeopleTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { moment } from '../words.ts';

const route = getRouteApi('/app/people/access-log');
const KINDS = {
  all: 'everything',
  decisions: 'decisions',
  refused: 'what was refused',
  'sign-ins': 'sign-ins and sessions',
  changes: 'changes of accounts, roles and keys',
} as const;

/** Who was let in, given what, allowed and refused what: each an entry of the record. */
export function AccessLogPage(): ReactElement {
  const { kind = 'all', actor } = route.useSearch();
  const navigate = useNavigate({ from: '/people/access-log' });
  const { data, error } = useQuery(queries.accessLog(kind, actor));
  const people = useQuery(queries.people);
  const set = (change: object): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <>
      <h1>Access log</h1>
      <PeopleTabs />
      <form className="flex flex-wrap gap-4" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
        <label className="flex items-center gap-2 text-sm">
          Show
          <select
            className="input"
            value={kind}
            onChange={(event) => set({ kind: event.target.value === 'all' ? undefined : event.target.value })}
          >
            {Object.entries(KINDS).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label className="flex items-center gap-2 text-sm">
          Who
          <select
            className="input"
            value={actor ?? ''}
            onChange={(event) => set({ actor: event.target.value || undefined })}
          >
            <option value="">everybody</option>
            {(people.data ?? []).map(({ id, name }) => (
              <option key={id} value={`person:${id}`}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </form>
      <Fault fault={error} />
      {data || error ? null : <Waiting what="the access log" />}
      {data ? (
        <div
          className="panel overflow-x-auto"
          tabIndex={0}
          role="region"
          aria-label="Entries of the access log"
        >
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">On</th>
                <th scope="col">Decided by</th>
              </tr>
            </thead>
            <tbody>
              {data.map((entry) => (
                <tr key={entry.id}>
                  <td className="whitespace-nowrap">{moment(entry.at)}</td>
                  <td>{named(entry.actor, people.data)}</td>
                  <td>{what(entry)}</td>
                  <td>{named(entry.subject, people.data)}</td>
                  <td>{list(entry.data['policyIds'])}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {data.length === 0 ? <p className="text-muted">Nothing of this kind is in the record.</p> : null}
        </div>
      ) : null}
    </>
  );
}

const list = (value: unknown): string =>
  Array.isArray(value) ? value.join(', ') || 'no policy permits it' : '';

/** People by name. */
function named(actor: string, people: readonly Person[] | undefined): string {
  const id = /^person:(.+)$/.exec(actor)?.[1];
  return (id && people?.find((person) => person.id === id)?.name) || actor;
}

function what({ type, data }: AccessEntry): ReactElement {
  if (type === 'access-decided') {
    const times = Number(data['count']);
    return (
      <>
        <Status tone={data['allowed'] === true ? 'good' : 'bad'}>
          {data['allowed'] === true ? 'allowed' : 'refused'}
        </Status>{' '}
        {String(data['action'])}
        {times > 1 ? `, ${times} times` : ''}
      </>
    );
  }
  if (type === 'sign-in-failed')
    return (
      <>
        <Status tone="warn">failed</Status> {String(data['what'] ?? 'sign-in')} from {String(data['address'])}
      </>
    );
  const more = ['methods', 'role', 'system', 'name', 'kind', 'why', 'address']
    .filter((name) => data[name] !== undefined && data[name] !== null && data[name] !== '')
    .map((name) => (Array.isArray(data[name]) ? (data[name] as string[]).join(' + ') : String(data[name])));
  return <>{[type.replaceAll('-', ' '), ...more].join(', ')}</>;
}
