import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api } from '../api.ts';
import type { AssetPage as Shown, Version } from '../inventory-types.ts';
import { CopyButton } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { LineageGraph } from '../parts/lineage-graph.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { SystemTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { count, moment, plural } from '../words.ts';

const route = getRouteApi('/app/systems/inventory/$kind/$name');

/** A model or data set: its versions, what opens their gates, what serves, where it came from. */
export function AssetPage(): ReactElement {
  const { kind, name } = route.useParams();
  const { data, error } = useQuery(queries.asset(kind, name));
  const [latest] = data?.versions ?? [];
  const node = latest ? `${kind}:${name}@${latest.label}` : '';
  const lineage = useQuery({ ...queries.lineage(node), enabled: node !== '' });
  return (
    <>
      <h1>{name}</h1>
      <SystemTabs />
      <Fault fault={error} />
      {data || error ? null : <Waiting what="its versions" />}
      {data ? (
        <p>
          {data.asset.purpose || 'No purpose is told.'}{' '}
          <span className="text-muted">Risk: {data.asset.risk}.</span>{' '}
          {data.asset.supplier ? <span className="text-muted">Made by {data.asset.supplier}. </span> : null}
          {data.asset.source ? (
            <span className="text-muted break-all">From {data.asset.source}. </span>
          ) : null}
          {data.asset.licence ? <span className="text-muted">Licence: {data.asset.licence}.</span> : null}
        </p>
      ) : null}
      {(data?.versions ?? []).map((version) => (
        <VersionPanel key={version.id} kind={kind} name={name} version={version} />
      ))}
      {data && data.versions.length === 0 ? (
        <p className="panel text-muted">
          It has no versions yet: <code>sallyport model register PATH --name {name}</code>
        </p>
      ) : null}
      {data && data.deployments.length > 0 ? <Deployments deployments={data.deployments} /> : null}
      {lineage.data ? (
        <section className="panel" aria-labelledby="lineage-title">
          <h2 id="lineage-title">Lineage of {latest!.label}</h2>
          <LineageGraph lineage={lineage.data} node={node} />
        </section>
      ) : null}
      <p>
        <Link to="/systems/inventory" className="link">
          The whole inventory
        </Link>
      </p>
    </>
  );
}

function VersionPanel({
  kind,
  name,
  version,
}: {
  kind: string;
  name: string;
  version: Version;
}): ReactElement {
  const client = useQueryClient();
  const [promoting, setPromoting] = useState(false);
  const again = (): Promise<void> => client.invalidateQueries({ queryKey: ['inventory'] });
  const path = `/versions/${kind}/${encodeURIComponent(name)}/${encodeURIComponent(version.label)}`;
  // What is approved is what this page shows.
  const approve = useMutation({
    mutationFn: () => api.post(`${path}/approve`, { digest: version.digest, seen: version.seen }),
    onSettled: again,
  });
  const scan = useMutation({ mutationFn: () => api.post(`${path}/scan`, {}), onSettled: again });
  const closed = version.gates.filter(({ open }) => !open).length;
  const title = `version-${version.id}`;
  return (
    <section className="panel grid gap-3" aria-labelledby={title}>
      <div className="flex flex-wrap items-baseline justify-between gap-3">
        <h2 id={title}>{version.label}</h2>
        {version.serving.length > 0 ? (
          <Status tone={closed === 0 ? 'good' : 'bad'}>serves at {version.serving.join(', ')}</Status>
        ) : closed === 0 ? (
          <Status tone="good">may be served</Status>
        ) : (
          <Status tone="warn">{plural(closed, 'gate')} closed</Status>
        )}
      </div>
      <p className="text-sm text-muted break-all">
        sha256:{version.digest} <CopyButton text={version.digest} what="digest" />
        <br />
        {plural(version.files, 'file')}, {count(version.bytes)} bytes, registered by {version.createdBy} on{' '}
        {moment(version.createdAt)}
      </p>
      <ul className="grid gap-1" aria-label={`Gates of ${version.label}`}>
        {version.gates.map(({ name: gate, open, why }) => (
          <li key={gate} className="grid gap-x-3 sm:grid-cols-[10rem_1fr]">
            <Status tone={open ? 'good' : 'bad'}>
              {gate} {open ? '' : '(closed)'}
            </Status>
            <span className="text-sm">{why}</span>
          </li>
        ))}
      </ul>
      <Fault fault={approve.error ?? scan.error} />
      <div className="flex flex-wrap gap-3">
        {version.approvedAt === null ? (
          <button
            type="button"
            className="button main"
            aria-label={`Approve ${version.label}`}
            disabled={approve.isPending}
            onClick={() => approve.mutate()}
          >
            Approve
          </button>
        ) : null}
        <button
          type="button"
          className="button"
          aria-label={`Scan again: ${version.label}`}
          disabled={scan.isPending}
          onClick={() => scan.mutate()}
        >
          {scan.isPending ? 'Scanning …' : 'Scan again'}
        </button>
        {kind === 'model' && closed === 0 ? (
          <button
            type="button"
            className="button"
            aria-label={`Have it serve: ${version.label}`}
            onClick={() => setPromoting(true)}
          >
            Have it serve
          </button>
        ) : null}
      </div>
      <details>
        <summary>{plural(version.attestations.length, 'signed statement')} about it</summary>
        <div
          className="overflow-x-auto"
          tabIndex={0}
          role="region"
          aria-label={`Statements about ${version.label}`}
        >
          <table className="mt-2">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What</th>
                <th scope="col">Says</th>
                <th scope="col">By</th>
                <th scope="col">Signed envelope</th>
              </tr>
            </thead>
            <tbody>
              {version.attestations.map((one) => (
                <tr key={one.id}>
                  <td className="whitespace-nowrap">{moment(one.at)}</td>
                  <td>
                    <Status tone={one.passed ? 'good' : 'bad'}>{one.kind}</Status>
                  </td>
                  <td>{one.summary}</td>
                  <td className="break-all">{one.actor}</td>
                  <td>
                    <CopyButton text={one.envelope} what={`envelope of the ${one.kind}`} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
      <Dialog title={`Have ${version.label} serve`} open={promoting} onClose={() => setPromoting(false)}>
        <Promote name={name} label={version.label} onDone={() => setPromoting(false)} />
      </Dialog>
    </section>
  );
}

function Promote({ name, label, onDone }: { name: string; label: string; onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const systems = useQuery(queries.systems);
  const inventory = useQuery(queries.inventory);
  const places = [
    ...(inventory.data?.assets ?? [])
      .filter(({ kind }) => kind === 'endpoint')
      .map((one) => `endpoint:${one.name}`),
    ...(systems.data ?? []).map((one) => `system:${one.name}`),
  ];
  const promote = useMutation({
    mutationFn: (place: string) =>
      api.post(`/models/${encodeURIComponent(name)}/${encodeURIComponent(label)}/promote`, { place }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['inventory'] });
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    promote.mutate(String(new FormData(event.currentTarget).get('place')));
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <label className="field">
        <span>Where</span>
        <select className="input" name="place" required>
          {places.map((place) => (
            <option key={place}>{place}</option>
          ))}
        </select>
      </label>
      <p className="text-sm text-muted">It takes the place of whatever serves there now.</p>
      <Fault fault={promote.error} />
      <div>
        <button type="submit" className="button main" disabled={promote.isPending || places.length === 0}>
          Have it serve there
        </button>
      </div>
    </form>
  );
}

function Deployments({ deployments }: { deployments: Shown['deployments'] }): ReactElement {
  const client = useQueryClient();
  const back = useMutation({
    mutationFn: (place: string) => api.post('/places/rollback', { place }),
    onSettled: () => client.invalidateQueries({ queryKey: ['inventory'] }),
  });
  return (
    <section className="panel" aria-labelledby="deployments-title">
      <h2 id="deployments-title">What served where</h2>
      <Fault fault={back.error} />
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="What served where, as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">Place</th>
              <th scope="col">Version</th>
              <th scope="col">From</th>
              <th scope="col">Until</th>
              <th scope="col">By</th>
              <th scope="col">Action</th>
            </tr>
          </thead>
          <tbody>
            {deployments.map((one) => (
              <tr key={`${one.place} ${one.at}`}>
                <th scope="row">{one.place}</th>
                <td>{one.version}</td>
                <td className="whitespace-nowrap">{moment(one.at)}</td>
                <td className="whitespace-nowrap">
                  {one.endedAt ? moment(one.endedAt) : <Status tone="good">now</Status>}
                </td>
                <td className="break-all">{one.actor}</td>
                <td>
                  {one.endedAt === null ? (
                    <button
                      type="button"
                      className="button"
                      aria-label={`Go back at ${one.place}`}
                      disabled={back.isPending}
                      onClick={() => back.mutate(one.place)}
                    >
                      Go back
                    </button>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
