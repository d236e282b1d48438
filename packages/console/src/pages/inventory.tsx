import { PERSON_NAME_MAX } from '@sallyport/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api } from '../api.ts';
import { type InventoryList, RISK_TIERS } from '../inventory-types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { SystemTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';

const RISK_TONES = { minimal: 'idle', limited: 'good', high: 'warn', prohibited: 'bad' } as const;
const KINDS = ['system', 'model', 'dataset', 'endpoint'] as const;

/** Everything that there is: systems, models, data sets, endpoints; who answers for each, and what nobody told of. */
export function InventoryPage(): ReactElement {
  const { data, error } = useQuery(queries.inventory);
  const [adding, setAdding] = useState<string | null>(null);
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1>Inventory</h1>
        <button type="button" className="button main" onClick={() => setAdding('')}>
          Register something
        </button>
      </div>
      <SystemTabs />
      <p className="text-sm text-muted">
        Versions of models and data are registered where their files are, with{' '}
        <code>sallyport model register PATH</code>: they are hashed, stored sealed, and scanned.
      </p>
      <Fault fault={error} />
      {data || error ? null : <Waiting what="the inventory" />}
      {data ? <AssetTable assets={data.assets} /> : null}
      {data && data.unregistered.length > 0 ? (
        <section className="panel" aria-labelledby="unregistered-title">
          <h2 id="unregistered-title">Systems without an owner</h2>
          <ul className="mt-2 grid gap-1">
            {data.unregistered.map((name) => (
              <li key={name} className="flex items-center gap-3">
                <Status tone="warn">{name}</Status>
                <button type="button" className="button" onClick={() => setAdding(name)}>
                  Register {name}
                </button>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <Dialog title="Register something" open={adding !== null} onClose={() => setAdding(null)}>
        <Register system={adding ?? ''} onDone={() => setAdding(null)} />
      </Dialog>
    </>
  );
}

function AssetTable({ assets }: { assets: InventoryList['assets'] }): ReactElement {
  const people = useQuery(queries.people);
  if (assets.length === 0) return <p className="panel text-muted">Nothing is in the inventory yet.</p>;
  return (
    <div className="panel overflow-x-auto" tabIndex={0} role="region" aria-label="The inventory">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Kind</th>
            <th scope="col">Risk</th>
            <th scope="col">Owner</th>
            <th scope="col">Data</th>
            <th scope="col">Versions</th>
            <th scope="col">Serves at</th>
          </tr>
        </thead>
        <tbody>
          {assets.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                {one.kind === 'model' || one.kind === 'dataset' ? (
                  <Link
                    to="/systems/inventory/$kind/$name"
                    params={{ kind: one.kind, name: one.name }}
                    className="link"
                  >
                    {one.name}
                  </Link>
                ) : (
                  one.name
                )}
                <p className="text-sm font-normal text-muted">{one.purpose || 'no purpose is told'}</p>
              </th>
              <td>{one.kind}</td>
              <td>
                <Status tone={RISK_TONES[one.risk]}>{one.risk}</Status>
              </td>
              <td>
                {one.owner === null
                  ? 'none'
                  : (people.data?.find(({ id }) => id === one.owner)?.name ?? one.owner)}
              </td>
              <td>{one.dataClasses.join(', ')}</td>
              <td>{one.versions}</td>
              <td>{one.serving.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Register({ system, onDone }: { system: string; onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (input: object) => api.post('/inventory', input),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['inventory'] });
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? '');
    save.mutate({
      kind: text('kind'),
      name: text('name'),
      facts: {
        owner: text('owner') === '' ? null : text('owner'),
        purpose: text('purpose'),
        risk: text('risk'),
        dataClasses: text('dataClasses')
          .split(/[\s,]+/)
          .filter((one) => one !== ''),
      },
    });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <label className="field">
        <span>Kind</span>
        <select className="input" name="kind" defaultValue={system === '' ? 'endpoint' : 'system'}>
          {KINDS.map((kind) => (
            <option key={kind}>{kind}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Name</span>
        <input className="input" name="name" required maxLength={96} defaultValue={system} />
      </label>
      <label className="field">
        <span>Who answers for it: name of a person</span>
        <input className="input" name="owner" maxLength={PERSON_NAME_MAX} />
      </label>
      <label className="field">
        <span>What it is for</span>
        <input className="input" name="purpose" maxLength={1000} />
      </label>
      <label className="field">
        <span>Risk, in the words of the EU AI Act</span>
        <select className="input" name="risk" defaultValue="limited">
          {RISK_TIERS.map((risk) => (
            <option key={risk}>{risk}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Classes of data</span>
        <input className="input" name="dataClasses" maxLength={512} />
      </label>
      <Fault fault={save.error} />
      <div>
        <button type="submit" className="button main" disabled={save.isPending}>
          Register it
        </button>
      </div>
    </form>
  );
}
