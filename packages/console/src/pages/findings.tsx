import type { Severity } from '@sallyport/core';
import { PERSON_NAME_MAX } from '@sallyport/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api } from '../api.ts';
import type { FindingView } from '../inventory-types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status, type Tone } from '../parts/status.tsx';
import { queries } from '../queries.ts';
import { ago, day, moment, plural } from '../words.ts';

const route = getRouteApi('/app/findings');
const TONES: Readonly<Record<Severity, Tone>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'warn',
  low: 'idle',
  info: 'idle',
};
const ROWS_MAX = 300;
/** Columns that a narrow screen shows under the name instead. */
const WIDE = 'max-sm:hidden';

/** What must be dealt with, the most pressing first. */
export function FindingsPage(): ReactElement {
  const { id, show } = route.useSearch();
  const { data: found, error } = useQuery(queries.findings);
  const data = found?.findings;
  const all = (data ?? []).filter(({ status }) => show === 'all' || status === 'open');
  const open = (data ?? []).filter(({ status }) => status === 'open');
  const chosen = (data ?? []).find(({ fingerprint }) => fingerprint === id);
  return (
    <>
      <h1>Findings</h1>
      <p className="text-sm text-muted">
        One kind of attack or fault in one place is one finding, whatever sees it. What a scan found is closed
        only by a scan that looks again and no longer sees it, and by no person; what was seen in calls stays.
        Priority counts how bad it is, how likely it is to be used, and what it reaches.
      </p>
      <Fault fault={error} />
      {data || error ? null : <Waiting what="the findings" />}
      {data ? (
        <p>
          {plural(open.length, 'open finding')}
          {found!.leftOut > 0 ? ` and ${found!.leftOut} less pressing ones, which are not listed` : ''},{' '}
          {open.filter(({ overdue }) => overdue).length} overdue,{' '}
          {open.filter(({ owner }) => owner === null).length} without an owner.{' '}
          <Link to="/findings" search={{ show: show === 'all' ? undefined : 'all' }} className="link">
            {show === 'all' ? 'Show open ones only' : 'Show closed ones too'}
          </Link>
        </p>
      ) : null}
      {data ? <FindingTable all={all.slice(0, ROWS_MAX)} /> : null}
      {all.length > ROWS_MAX ? <p>{all.length - ROWS_MAX} more are not shown here.</p> : null}
      {chosen ? <FindingPanel finding={chosen} /> : null}
    </>
  );
}

const stateOf = ({ status, overdue, accepted }: FindingView): ReactElement =>
  status === 'resolved' ? (
    <Status tone="good">closed</Status>
  ) : accepted && Date.parse(accepted.until) > Date.now() ? (
    <Status tone="old">accepted</Status>
  ) : overdue ? (
    <Status tone="bad">overdue</Status>
  ) : (
    <Status tone="warn">open</Status>
  );

function FindingTable({ all }: { all: readonly FindingView[] }): ReactElement {
  const people = useQuery(queries.people);
  const nameOf = (id: string | null): string =>
    id === null ? 'none' : (people.data?.find((one) => one.id === id)?.name ?? id);
  const { show } = route.useSearch();
  if (all.length === 0) return <p className="panel text-muted">There is nothing to deal with.</p>;
  return (
    <div className="panel overflow-x-auto" tabIndex={0} role="region" aria-label="Findings">
      <table>
        <thead>
          <tr>
            <th scope="col">Priority</th>
            <th scope="col">Severity</th>
            <th scope="col">What</th>
            <th scope="col" className={WIDE}>
              On
            </th>
            <th scope="col" className={WIDE}>
              Owner
            </th>
            <th scope="col" className={WIDE}>
              Due
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <tr key={one.fingerprint}>
              <td>
                <span className="flex items-center gap-2">
                  <svg viewBox="0 0 100 8" className="h-2 w-16 max-sm:hidden" aria-hidden="true">
                    <rect width="100" height="8" className="fill-line" />
                    <rect width={one.priority} height="8" className="fill-accent" />
                  </svg>
                  {one.priority}
                </span>
              </td>
              <td>
                <Status tone={TONES[one.severity]}>{one.severity}</Status>
              </td>
              <th scope="row">
                <Link to="/findings" search={{ id: one.fingerprint, show }} className="link">
                  {one.technique}
                </Link>
                <p className="max-w-160 text-sm font-normal text-muted">
                  {one.scanned?.message}
                  <span className="block sm:hidden">
                    {one.subject}, {nameOf(one.owner)}, due {day(one.dueAt)}
                  </span>
                  {one.also.length > 0 ? `seen by ${plural(one.also.length, 'other detector')} too` : null}
                </p>
              </th>
              <td className={`text-sm break-words ${WIDE}`}>
                {one.subject}
                {one.scanned ? <p className="text-muted">{one.scanned.place}</p> : null}
              </td>
              <td className={WIDE}>{nameOf(one.owner)}</td>
              <td className={`whitespace-nowrap ${WIDE}`}>{day(one.dueAt)}</td>
              <td>{stateOf(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FindingPanel({ finding }: { finding: FindingView }): ReactElement {
  const [doing, setDoing] = useState<'owner' | 'accept' | null>(null);
  const { scanned } = finding;
  return (
    <section className="panel grid gap-2" aria-labelledby="finding-title">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 id="finding-title">{finding.technique}</h2>
        <Link to="/findings" search={{}} className="link">
          Close
        </Link>
      </div>
      <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-[10rem_1fr]">
        <dt className="text-muted">On</dt>
        <dd className="break-all">{finding.subject}</dd>
        {scanned ? (
          <>
            <dt className="text-muted">Where</dt>
            <dd className="break-all">
              {scanned.target}: {scanned.place}
            </dd>
            <dt className="text-muted">What it is</dt>
            <dd>{scanned.message}</dd>
            <dt className="text-muted">What to do</dt>
            <dd>{scanned.remedy}</dd>
            <dt className="text-muted">References</dt>
            <dd className="break-all">{scanned.references.join(', ')}</dd>
            {scanned.exploited ? (
              <>
                <dt className="text-muted">Exploited</dt>
                <dd>
                  <Status tone="bad">known to be exploited</Status>
                </dd>
              </>
            ) : null}
            {scanned.disclosedAt === '' ? null : (
              <>
                <dt className="text-muted">Disclosed</dt>
                <dd>{moment(scanned.disclosedAt)}</dd>
              </>
            )}
          </>
        ) : null}
        {finding.also.length > 0 ? (
          <>
            <dt className="text-muted">Seen too by</dt>
            <dd>{finding.also.join(', ')}</dd>
          </>
        ) : null}
        <dt className="text-muted">Seen</dt>
        <dd>
          {plural(finding.count, 'time')}, first {ago(finding.firstAt)}, last {ago(finding.lastAt)}
        </dd>
        <dt className="text-muted">Due</dt>
        <dd>{moment(finding.dueAt)}</dd>
        {finding.accepted ? (
          <>
            <dt className="text-muted">Risk accepted</dt>
            <dd>
              until {moment(finding.accepted.until)} by {finding.accepted.by}: {finding.accepted.reason}
            </dd>
          </>
        ) : null}
        {finding.resolvedAt ? (
          <>
            <dt className="text-muted">Closed</dt>
            <dd>by the scan of {moment(finding.resolvedAt)}, which no longer saw it</dd>
          </>
        ) : null}
      </dl>
      {finding.status === 'open' ? (
        <div className="flex flex-wrap gap-3">
          <button type="button" className="button" onClick={() => setDoing('owner')}>
            Say who answers for it
          </button>
          <button type="button" className="button" onClick={() => setDoing('accept')}>
            Accept the risk for a time
          </button>
        </div>
      ) : null}
      <Dialog
        title={doing === 'accept' ? 'Accept the risk' : 'Who answers for it'}
        open={doing !== null}
        onClose={() => setDoing(null)}
      >
        <Decide finding={finding} what={doing ?? 'owner'} onDone={() => setDoing(null)} />
      </Dialog>
    </section>
  );
}

function Decide({
  finding,
  what,
  onDone,
}: {
  finding: FindingView;
  what: 'owner' | 'accept';
  onDone: () => void;
}): ReactElement {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: (body: object) => api.post(`/findings/${finding.fingerprint}/${what}`, body),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['findings'] });
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    act.mutate(
      what === 'owner'
        ? { owner: String(form.get('owner')) }
        : { days: Number(form.get('days')), reason: String(form.get('reason')), digest: finding.digest },
    );
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      {what === 'owner' ? (
        <label className="field">
          <span>Name of a person</span>
          <input className="input" name="owner" required maxLength={PERSON_NAME_MAX} />
        </label>
      ) : (
        <>
          <label className="field">
            <span>Days</span>
            <input className="input" name="days" type="number" min={1} max={366} defaultValue={30} required />
          </label>
          <label className="field">
            <span>Why it may stay open until then</span>
            <input className="input" name="reason" required minLength={3} maxLength={512} />
          </label>
        </>
      )}
      <Fault fault={act.error} />
      <div>
        <button type="submit" className="button main" disabled={act.isPending}>
          {what === 'owner' ? 'Save' : 'Accept it'}
        </button>
      </div>
    </form>
  );
}
