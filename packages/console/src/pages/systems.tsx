import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactElement, useState } from 'react';
import { api, type Key } from '../api.ts';
import { BlockedReport } from '../parts/blocked-report.tsx';
import { Connection } from '../parts/connection.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { KeyForm, RotateForm } from '../parts/key-form.tsx';
import { ModeSwitch } from '../parts/mode-switch.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { PriceTable } from '../parts/price-table.tsx';
import { Status } from '../parts/status.tsx';
import { SystemEdit } from '../parts/system-edit.tsx';
import { SystemForm } from '../parts/system-form.tsx';
import { SystemTabs } from '../parts/tabs.tsx';
import { TryCall } from '../parts/try-call.tsx';
import { queries } from '../queries.ts';
import { count, moment, passedBefore, plural, seenOf, wouldDeny } from '../words.ts';

/** Every AI system behind the gates. */
export function SystemsPage(): ReactElement {
  const { data, error } = useQuery(queries.systems);
  const observations = useQuery(queries.observations);
  const navigate = useNavigate();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <div className="flex items-center justify-between">
        <h1>Systems</h1>
        <button type="button" className="button main" onClick={() => setAdding(true)}>
          Connect a system
        </button>
      </div>
      <SystemTabs />
      <Fault fault={error ?? observations.error} />
      {data ? null : <Waiting what="the systems" />}
      <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
        {(data ?? []).map((system) => {
          const seen = seenOf(observations.data, system.name);
          const would = wouldDeny(seen);
          return (
            <section key={system.name} className="panel grid gap-2" aria-labelledby={`system-${system.name}`}>
              <div className="flex items-baseline justify-between gap-2">
                <h2 id={`system-${system.name}`}>
                  <Link to="/systems/$name" params={{ name: system.name }} className="link">
                    {system.name}
                  </Link>
                </h2>
                <span className="flex gap-3">
                  {system.backingOff === null ? null : <Status tone="bad">backing off</Status>}
                  <Status tone={system.mode === 'enforce' ? 'good' : 'warn'}>{system.mode}</Status>
                </span>
              </div>
              <p className="text-muted text-sm break-all">
                {system.dialect} at {system.urls.join(', ')}
                {system.demo ? ' – demonstration' : ''}
              </p>
              <p className="text-sm">
                {plural(seen?.exchanges, 'call')}, {count(seen?.denied)} denied
                {seen && would === null
                  ? ', none inspected yet'
                  : system.mode === 'enforce'
                    ? passedBefore(would ?? 0)
                    : `, ${count(would ?? undefined)} more if enforced`}
              </p>
            </section>
          );
        })}
      </div>
      <PriceTable />
      <Dialog title="Connect an AI system" open={adding} onClose={() => setAdding(false)}>
        <SystemForm
          onDone={(system) => void navigate({ to: '/systems/$name', params: { name: system.name } })}
        />
      </Dialog>
    </>
  );
}

const route = getRouteApi('/app/systems/$name');

/** One AI system: its mode, its keys, what enforcing would block. */
export function SystemPage(): ReactElement {
  const { name } = route.useParams();
  const systems = useQuery(queries.systems);
  const [removing, setRemoving] = useState(false);
  const [editing, setEditing] = useState(false);
  const keys = useQuery(queries.keys);
  const named = keys.data?.filter((key) => key.revokedAt === null && key.systems.includes(name));
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => api.remove(`/systems/${name}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: queries.systems.queryKey });
      await navigate({ to: '/systems' });
      void client.invalidateQueries();
    },
  });
  const system = systems.data?.find((one) => one.name === name);
  if (!systems.data) return <Waiting what="the system" />;
  if (!system)
    return (
      <p role="alert">
        There is no system {name}.{' '}
        <Link to="/systems" className="link">
          All systems
        </Link>
      </p>
    );
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1>
          {name}{' '}
          {system.demo ? <span className="text-muted text-base font-normal">demonstration</span> : null}
        </h1>
        <span className="flex flex-wrap items-center gap-3">
          <Status tone={system.mode === 'enforce' ? 'good' : 'warn'}>{system.mode}</Status>
          <ModeSwitch system={system} />
          {system.origin === 'command' ? (
            <>
              <button type="button" className="button" onClick={() => setEditing(true)}>
                Change …
              </button>
              <button type="button" className="button" onClick={() => setRemoving(true)}>
                Remove …
              </button>
            </>
          ) : null}
        </span>
      </div>
      <section className="panel" aria-label="Settings">
        <dl className="grid grid-cols-[max-content_1fr] gap-x-6 gap-y-1">
          <dt className="text-muted">Speaks</dt>
          <dd>{system.dialect}</dd>
          <dt className="text-muted">Addresses</dt>
          <dd className="break-all">{system.urls.join(', ')}</dd>
          {system.dialect === 'oip' ? null : (
            <>
              <dt className="text-muted">Models</dt>
              <dd className="break-all">
                {system.models.length > 0
                  ? system.models.join(', ')
                  : `none named: clients that list models see only ${name}, and must be told theirs`}
              </dd>
            </>
          )}
          <dt className="text-muted">Credential</dt>
          <dd>
            {system.apiKeyRef ?? 'none'}
            {system.credentialLack === null ? null : (
              <p>
                <Status tone="bad">missing</Status> {system.credentialLack}; calls to it are refused
              </p>
            )}
          </dd>
          {system.backingOff === null ? null : (
            <>
              <dt className="text-muted">Calls</dt>
              <dd>
                <Status tone="bad">backing off</Status> {system.backingOff}; until then they are told to come
                back
              </dd>
            </>
          )}
          <dt className="text-muted">Connection</dt>
          <dd>
            <Connection system={name} />
          </dd>
          <dt className="text-muted">Private addresses</dt>
          <dd>{system.allowPrivate ? 'allowed' : 'refused'}</dd>
          <dt className="text-muted">Defined</dt>
          <dd>
            {
              { file: 'in sallyport.yaml', command: 'by command or console', demo: 'as a demonstration' }[
                system.origin
              ]
            }
          </dd>
        </dl>
      </section>
      <section className="panel grid gap-2" aria-labelledby="report-title">
        <h2 id="report-title">
          {system.mode === 'enforce' ? 'What was blocked' : 'What enforcing would have blocked'}
        </h2>
        <BlockedReport system={name} />
        <p>
          <Link to="/traffic" search={{ system: name }} className="link">
            Its traffic
          </Link>
        </p>
      </section>
      {system.dialect === 'oip' ? null : <TryCall system={name} />}
      <Keys system={name} />
      <Dialog title={`Change ${name}`} open={editing} onClose={() => setEditing(false)}>
        <SystemEdit system={system} onDone={() => setEditing(false)} />
      </Dialog>
      <Dialog
        title={`Remove ${name}?`}
        open={removing}
        onClose={() => {
          setRemoving(false);
          remove.reset();
        }}
      >
        <p className="mb-3">Calls to it are denied from now on. What was recorded stays recorded.</p>
        {named ? null : <p className="mb-3">Which keys this ends could not be read.</p>}
        {named === undefined || named.length === 0 ? null : (
          <ul className="mb-3 list-disc pl-5" aria-label="Keys that this changes">
            {named.map((key) => {
              const left = key.systems.filter((one) => one !== name);
              return (
                <li key={key.id}>
                  {key.name} {left.length === 0 ? 'opens nothing else, and ends' : `keeps ${left.join(', ')}`}
                </li>
              );
            })}
          </ul>
        )}
        <Fault fault={remove.error} />
        <button
          type="button"
          className="button main"
          onClick={() => remove.mutate()}
          disabled={remove.isPending}
        >
          Remove {name}
        </button>
      </Dialog>
    </>
  );
}

function Keys({ system }: { system: string }): ReactElement {
  const client = useQueryClient();
  const { data, error } = useQuery(queries.keys);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const [rotating, setRotating] = useState<Key | null>(null);
  const revoke = useMutation({
    mutationFn: (key: Key) => api.post(`/keys/${key.id}/revoke`, {}),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['keys'] });
      setRevoking(null);
    },
  });
  const own = (data ?? []).filter((key) => key.systems.includes(system));
  const state = (key: Key) =>
    key.revokedAt ? (
      <Status tone="bad">revoked</Status>
    ) : key.expiresAt < new Date().toISOString() ? (
      <Status tone="old">expired</Status>
    ) : (
      <Status tone="good">live</Status>
    );
  return (
    <section className="panel grid gap-2" aria-labelledby="keys-title">
      <div className="flex items-center justify-between">
        <h2 id="keys-title">Keys</h2>
        <button type="button" className="button" onClick={() => setMaking(true)}>
          New key
        </button>
      </div>
      <Fault fault={error} />
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Keys of this system">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Begins with</th>
              <th scope="col">Only for</th>
              <th scope="col">State</th>
              <th scope="col">Expires</th>
              <th scope="col">Action</th>
            </tr>
          </thead>
          <tbody>
            {own.map((key) => (
              <tr key={key.id}>
                <th scope="row">{key.name}</th>
                <td>
                  <code>{key.prefix}…</code>
                </td>
                <td>{scopeWords(key)}</td>
                <td>
                  {state(key)}
                  {key.ownerLeft && key.revokedAt === null ? (
                    <small className="block text-muted">
                      its owner left; ends {moment(key.ownerLeft.endsAt)} unless another answers for it
                    </small>
                  ) : null}
                </td>
                <td className="whitespace-nowrap">{moment(key.expiresAt)}</td>
                <td>
                  {key.revokedAt || key.expiresAt < new Date().toISOString() ? null : (
                    <button
                      type="button"
                      className="button mr-2"
                      onClick={() => setRotating(key)}
                      aria-label={`Rotate ${key.name}`}
                    >
                      Rotate …
                    </button>
                  )}
                  {key.revokedAt ? null : (
                    <button
                      type="button"
                      className="button"
                      onClick={() => setRevoking(key)}
                      aria-label={`Revoke ${key.name}`}
                    >
                      Revoke …
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {data && own.length === 0 ? <p className="text-muted">No key opens this system yet.</p> : null}
      <Dialog title={`New key for ${system}`} open={making} onClose={() => setMaking(false)}>
        <KeyForm system={system} />
      </Dialog>
      <Dialog
        title={`Rotate ${rotating?.name ?? ''}`}
        open={rotating !== null}
        onClose={() => setRotating(null)}
      >
        {rotating ? <RotateForm key={rotating.id} id={rotating.id} name={rotating.name} /> : null}
      </Dialog>
      <Dialog
        title={`Revoke ${revoking?.name ?? ''}?`}
        open={revoking !== null}
        onClose={() => {
          setRevoking(null);
          // What was said of this key is not said of the next.
          revoke.reset();
        }}
      >
        <p className="mb-3">
          Every call with it is refused from this moment on every worker. This cannot be undone.
        </p>
        <Fault fault={revoke.error} />
        <button
          type="button"
          className="button main"
          onClick={() => revoking && revoke.mutate(revoking)}
          disabled={revoke.isPending}
        >
          Revoke
        </button>
      </Dialog>
    </section>
  );
}

/** What a key is narrowed to, in words. */
function scopeWords({ scope: { models, operations, addresses, hours } }: Key): string {
  return [
    models?.join(', '),
    operations?.join(', '),
    addresses && `from ${addresses.join(', ')}`,
    hours && `${hours.days.join(', ')} ${hours.from}–${hours.until} ${hours.zone}`,
  ]
    .filter(Boolean)
    .join('; ');
}
