import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import type { Integration } from '../accounts.ts';
import { api } from '../api.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { PeopleTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { moment } from '../words.ts';

const KINDS = ['vendor-model', 'mcp-server', 'plugin', 'webhook', 'identity-provider', 'telemetry'] as const;
const TONES = { proposed: 'warn', approved: 'good', suspended: 'bad', ended: 'idle' } as const;

/** Third parties: what each is approved for, by whom and until when. */
export function IntegrationsPage(): ReactElement {
  const { data, error } = useQuery(queries.integrations);
  const [proposing, setProposing] = useState(false);
  const without = (data?.elsewhere ?? []).filter(({ manifest }) => manifest === null);
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1>Integrations</h1>
        <button type="button" className="button main" onClick={() => setProposing(true)}>
          Propose a manifest
        </button>
      </div>
      <PeopleTabs />
      <p className="text-sm text-muted">
        Nothing goes to a third party outside its manifest. One whose certificate or tools are not what was
        approved is suspended by itself, until a person with the role approver approves what is there now.
      </p>
      <Fault fault={error} />
      {data || error ? null : <Waiting what="the third parties" />}
      {data ? <IntegrationTable all={data.integrations} /> : null}
      {without.length > 0 ? (
        <section className="panel" aria-labelledby="without-title">
          <h2 id="without-title">Talked to without a manifest</h2>
          <ul className="mt-2 grid gap-1">
            {without.map(({ by, origin }) => (
              <li key={`${by} ${origin}`}>
                <Status tone="warn">{origin}</Status> by {by}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <Dialog title="Propose a manifest" open={proposing} onClose={() => setProposing(false)}>
        <Propose onDone={() => setProposing(false)} />
      </Dialog>
    </>
  );
}

function IntegrationTable({ all }: { all: readonly Integration[] }): ReactElement {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: ({ one, word }: { one: Integration; word: 'approve' | 'suspend' }) =>
      // What is approved is what this page shows.
      api.post(`/integrations/${one.name}/${word}`, word === 'approve' ? { digest: one.digest } : {}),
    onSettled: () => client.invalidateQueries({ queryKey: ['integrations'] }),
  });
  return (
    <>
      <Fault fault={act.error} />
      <div className="panel overflow-x-auto" tabIndex={0} role="region" aria-label="Third parties">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">May be</th>
              <th scope="col">Seen</th>
              <th scope="col">Measured</th>
              <th scope="col">Until</th>
              <th scope="col">State</th>
              <th scope="col">Action</th>
            </tr>
          </thead>
          <tbody>
            {all.map((one) => (
              <tr key={one.id}>
                <th scope="row">
                  {one.name}
                  <p className="text-sm font-normal text-muted">{one.manifest.purpose}</p>
                </th>
                <td className="text-sm">{scopeOf(one)}</td>
                <td className="text-sm">{seenOf(one)}</td>
                <td>
                  <Measured name={one.name} />
                </td>
                <td className="whitespace-nowrap">{moment(one.expiresAt)}</td>
                <td>
                  <Status tone={TONES[one.status]}>{one.status}</Status>
                  {one.why ? <p className="text-sm text-muted">{one.why}</p> : null}
                  {one.replaces.length > 0 ? (
                    <p className="text-sm text-muted">
                      Closed until this is approved:{' '}
                      {one.replaces.flatMap(({ origins }) => origins).join(', ')}
                    </p>
                  ) : null}
                </td>
                <td className="whitespace-nowrap">
                  {one.status === 'proposed' || one.status === 'suspended' ? (
                    <button
                      type="button"
                      className="button"
                      aria-label={`Approve ${one.name}`}
                      disabled={act.isPending}
                      onClick={() => act.mutate({ one, word: 'approve' })}
                    >
                      Approve
                    </button>
                  ) : null}
                  {one.status === 'approved' ? (
                    <button
                      type="button"
                      className="button"
                      aria-label={`Suspend ${one.name}`}
                      disabled={act.isPending}
                      onClick={() => act.mutate({ one, word: 'suspend' })}
                    >
                      Suspend
                    </button>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {all.length === 0 ? <p className="text-muted">No third party has a manifest yet.</p> : null}
      </div>
    </>
  );
}

/** What was measured of a third party, with what gave the points. */
function Measured({ name }: { name: string }): ReactElement {
  const client = useQueryClient();
  const { data } = useQuery(queries.assessments);
  const one = data?.find(({ party }) => party === name);
  const measure = useMutation({
    mutationFn: () => api.post(`/assessments/${encodeURIComponent(name)}`, {}),
    onSettled: () => client.invalidateQueries({ queryKey: ['integrations'] }),
  });
  return (
    <>
      {one ? (
        <details>
          <summary>
            <Status tone={one.score >= 60 ? 'good' : 'bad'}>{one.score} of 100</Status>
          </summary>
          <ul className="text-sm">
            {one.facts.map(({ what, good, points }) => (
              <li key={what}>
                <Status tone={good === null ? 'idle' : good ? 'good' : 'bad'}>{points}</Status> {what}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
      <button
        type="button"
        className="button"
        aria-label={`Measure ${name}`}
        disabled={measure.isPending}
        onClick={() => measure.mutate()}
      >
        {measure.isPending ? 'Measuring …' : one ? 'Measure again' : 'Measure'}
      </button>
    </>
  );
}

/** What a third party is approved for, in words. */
function scopeOf({ kind, manifest }: Integration): string {
  const { origins, systems, models, operations, tools, dataClasses } = manifest;
  const list = (name: string, values: readonly string[] | undefined): string[] =>
    values === undefined || values.length === 0 ? [] : [`${name} ${values.join(', ')}`];
  return [
    `${kind.replace('-', ' ')} at ${origins.join(', ')}`,
    ...list('for', systems),
    ...list('models', models),
    ...list('operations', operations),
    ...list('tools', tools),
    ...list('data', dataClasses),
  ].join('; ');
}

/** What was seen of it, in words. */
function seenOf({ seen }: Integration): string {
  const keys = Object.entries(seen.certificates).map(([origin, certificate]) =>
    certificate ? `${origin}: key ${certificate.key.slice(0, 12)}…` : `${origin}: no certificate that holds`,
  );
  const tools = Object.keys(seen.tools);
  return (
    [...keys, ...(tools.length > 0 ? [`tools ${tools.join(', ')}`] : [])].join('; ') || 'nothing to compare'
  );
}

const words = (value: FormDataEntryValue | null): string[] =>
  String(value ?? '')
    .split(/[\s,]+/)
    .filter((one) => one !== '');

function Propose({ onDone }: { onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const propose = useMutation({
    mutationFn: (input: { name: string; kind: string; manifest: object; days: number }) =>
      api.post('/integrations', input),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['integrations'] });
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const models = words(form.get('models'));
    propose.mutate({
      name: String(form.get('name')),
      kind: String(form.get('kind')),
      days: Number(form.get('days')),
      manifest: {
        purpose: String(form.get('purpose')),
        origins: words(form.get('origins')),
        systems: words(form.get('systems')),
        dataClasses: words(form.get('dataClasses')),
        ...(models.length > 0 ? { models } : {}),
        allowPrivate: form.get('allowPrivate') === 'on',
      },
    });
  };
  const field = (label: string, name: string, more: object = {}): ReactElement => (
    <label className="field">
      <span>{label}</span>
      <input className="input" name={name} maxLength={512} {...more} />
    </label>
  );
  return (
    <form onSubmit={submit} className="grid gap-3">
      {field('Name', 'name', { required: true, pattern: '[a-z0-9][a-z0-9\\-]*' })}
      <label className="field">
        <span>Kind</span>
        <select className="input" name="kind">
          {KINDS.map((kind) => (
            <option key={kind}>{kind}</option>
          ))}
        </select>
      </label>
      {field('What it is for', 'purpose', { required: true })}
      {field('Where: scheme, host and port', 'origins', {
        required: true,
        placeholder: 'https://api.example.com',
      })}
      {field('Systems that it serves', 'systems')}
      {field('Models; all when empty', 'models')}
      {field('Classes of data that may go there', 'dataClasses')}
      {field('Days', 'days', { type: 'number', min: 1, max: 366, defaultValue: 365, required: true })}
      <label className="flex items-center gap-2 text-sm">
        <input type="checkbox" name="allowPrivate" />
        It lives in a private network
      </label>
      <Fault fault={propose.error} />
      <div>
        <button type="submit" className="button main" disabled={propose.isPending}>
          Propose it
        </button>
      </div>
    </form>
  );
}
