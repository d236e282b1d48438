import { PERSON_NAME_MAX } from '@sallyport/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api } from '../api.ts';
import { type AiUse, type Scans, USE_DECISIONS } from '../inventory-types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { SystemTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { ago, count, millis, moment, plural } from '../words.ts';

const DECISION_TONES = { sanctioned: 'good', stop: 'bad', ignored: 'idle' } as const;
const VERDICT_TONES: Readonly<Record<string, 'good' | 'warn' | 'bad' | 'old'>> = {
  clean: 'good',
  review: 'old',
  unrecognised: 'old',
  incomplete: 'warn',
  suspicious: 'bad',
  malicious: 'bad',
};
const ROWS_MAX = 300;

/** Uses of AI that nobody told of, and the scans that found them. */
export function AiUsePage(): ReactElement {
  const { data: found, error } = useQuery(queries.aiUses);
  const data = found?.uses;
  const scans = useQuery(queries.scans);
  const [deciding, setDeciding] = useState<AiUse | null>(null);
  const waiting = (data ?? []).filter(({ decision }) => decision === null).length;
  return (
    <>
      <h1>AI use</h1>
      <SystemTabs />
      <p className="text-sm text-muted">
        What scans of watched sources and of logs of proxies and resolvers found. A person decides about each:
        sanctioned, to be stopped, or of no concern. Only an approver who neither answers for it nor uses it
        may let it go on.
      </p>
      <Fault fault={error} />
      {data || error ? null : <Waiting what="what was found" />}
      {data ? (
        <p>
          {plural(data.length, 'use')} found, {waiting} undecided.
          {found!.leftOut > 0 ? ` ${found!.leftOut} more are not listed.` : ''}
        </p>
      ) : null}
      {data && data.length > 0 ? (
        <div className="panel overflow-x-auto" tabIndex={0} role="region" aria-label="Uses of AI">
          <table>
            <thead>
              <tr>
                <th scope="col">Service</th>
                <th scope="col">Seen as</th>
                <th scope="col">Where</th>
                <th scope="col">Times</th>
                <th scope="col">Last</th>
                <th scope="col">Registered</th>
                <th scope="col">Decision</th>
              </tr>
            </thead>
            <tbody>
              {data.slice(0, ROWS_MAX).map((use) => (
                <tr key={use.fingerprint}>
                  <th scope="row">{use.serviceName}</th>
                  <td className="break-all">
                    {use.kind} {use.what}
                  </td>
                  <td className="break-all">
                    {use.place}
                    {use.line === null ? '' : `:${use.line}`}
                  </td>
                  <td>{count(use.count)}</td>
                  <td className="whitespace-nowrap">{ago(use.lastAt)}</td>
                  <td>
                    <Status tone={use.registered ? 'good' : 'warn'}>{use.registered ? 'yes' : 'no'}</Status>
                  </td>
                  <td>
                    {use.decision ? (
                      <Status tone={DECISION_TONES[use.decision]}>{use.decision}</Status>
                    ) : null}{' '}
                    <button
                      type="button"
                      className="button"
                      aria-label={`Decide about ${use.what} in ${use.place}`}
                      onClick={() => setDeciding(use)}
                    >
                      {use.decision ? 'Decide again' : 'Decide'}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {scans.data ? <ScanTable scans={scans.data} /> : null}
      <Dialog title="Decide about it" open={deciding !== null} onClose={() => setDeciding(null)}>
        {deciding ? (
          <Decide use={deciding} services={found?.services ?? {}} onDone={() => setDeciding(null)} />
        ) : null}
      </Dialog>
    </>
  );
}

function ScanTable({ scans }: { scans: Scans }): ReactElement {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: (watch: string) => api.post('/scans', { watch }),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <section className="panel" aria-labelledby="scans-title">
      <h2 id="scans-title">Scans</h2>
      {scans.watched.length === 0 ? (
        <p className="text-muted">
          Nothing is watched: name folders under <code>inventory.watch</code> in sallyport.yaml.
        </p>
      ) : (
        <ul className="my-2 grid gap-1">
          {scans.watched.map(({ name, folder }) => (
            <li key={name} className="flex flex-wrap items-center gap-3">
              <span className="break-all">
                {name}: {folder}
              </span>
              <button
                type="button"
                className="button"
                aria-label={`Scan now: ${name}`}
                disabled={run.isPending}
                onClick={() => run.mutate(name)}
              >
                {run.isPending && run.variables === name ? 'Scanning …' : 'Scan now'}
              </button>
            </li>
          ))}
        </ul>
      )}
      <Fault fault={run.error} />
      {scans.scans.length > 0 ? (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Latest scans">
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What</th>
                <th scope="col">For</th>
                <th scope="col">Files</th>
                <th scope="col">Detections</th>
                <th scope="col">Took</th>
                <th scope="col">Verdict</th>
              </tr>
            </thead>
            <tbody>
              {scans.scans.slice(0, 30).map((one) => (
                <tr key={`${one.at} ${one.kind} ${one.target}`}>
                  <td className="whitespace-nowrap">{moment(one.at)}</td>
                  <td className="break-all">{one.target}</td>
                  <td>{one.kind}</td>
                  <td>{count(one.files)}</td>
                  <td>{count(one.detections)}</td>
                  <td>{millis(one.durationMs)}</td>
                  <td>
                    <Status tone={VERDICT_TONES[one.verdict] ?? 'warn'}>{one.verdict}</Status>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}

function Decide({
  use,
  services,
  onDone,
}: {
  use: AiUse;
  services: Readonly<Record<string, string>>;
  onDone: () => void;
}): ReactElement {
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: ({ decision, ...rest }: { decision: string; reason: string }) =>
      api.post(`/ai-uses/${decision === 'stop' ? 'decide' : 'sanction'}`, { decision, ...rest }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['ai-uses'] });
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const days = String(form.get('days') ?? '');
    const owner = String(form.get('owner') ?? '');
    decide.mutate({
      ...(form.get('covers') === 'service'
        ? { service: use.service, digest: services[use.service] }
        : { fingerprint: use.fingerprint, digest: use.digest }),
      decision: String(form.get('decision')),
      reason: String(form.get('reason')),
      ...(days === '' ? {} : { days: Number(days) }),
      ...(owner === '' ? {} : { owner }),
    });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <p>
        {use.serviceName}: {use.kind} {use.what} in <span className="break-all">{use.place}</span>
      </p>
      <label className="field">
        <span>Decision</span>
        <select className="input" name="decision">
          {USE_DECISIONS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>It covers</span>
        <select className="input" name="covers">
          <option value="use">this use</option>
          <option value="service">every use of {use.serviceName}</option>
        </select>
      </label>
      <label className="field">
        <span>Why</span>
        <input className="input" name="reason" required minLength={3} maxLength={512} />
      </label>
      <label className="field">
        <span>Who answers for it: name of a person; needed to sanction it</span>
        <input className="input" name="owner" maxLength={PERSON_NAME_MAX} />
      </label>
      <label className="field">
        <span>Days that it holds; without end when empty</span>
        <input className="input" name="days" type="number" min={1} max={366} />
      </label>
      <Fault fault={decide.error} />
      <div>
        <button type="submit" className="button main" disabled={decide.isPending}>
          Decide
        </button>
      </div>
    </form>
  );
}
