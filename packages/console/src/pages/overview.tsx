import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactElement, useCallback, useState } from 'react';
import { type Alert, api, type Exchange } from '../api.ts';
import { useLive } from '../live.ts';
import { Fault, Waiting } from '../parts/notice.tsx';
import { PostureBars } from '../parts/posture-bars.tsx';
import { outcomeTone, outcomeWord, Status } from '../parts/status.tsx';
import { TrafficChart } from '../parts/traffic-chart.tsx';
import { queries } from '../queries.ts';
import { ago, clock, count, plural, seenOf, wouldDeny, zone } from '../words.ts';

const SPANS = [
  [60, 'Last hour'],
  [360, 'Last 6 hours'],
  [1440, 'Last day'],
  [10_080, 'Last week'],
] as const;
const LATEST = 12;
const route = getRouteApi('/app/');

/** Alerts that go on or wait for someone, with what to do first; nothing while there are none. */
function Alerts(): ReactElement | null {
  const { data, error } = useQuery(queries.alerts);
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: ({ rule, subject }: Alert) => api.post('/alerts/acknowledge', { rule, subject }),
    onSettled: () => client.invalidateQueries({ queryKey: ['alerts'] }),
  });
  if (!data) return <Fault fault={error} />;
  if (data.length === 0) return null;
  const over = data.filter((alert) => alert.over !== null).length;
  return (
    <section className="panel grid gap-2 border-bad!" aria-labelledby="alerts-title">
      <h2 id="alerts-title">
        {plural(data.length - over, 'open alert')}
        {over > 0 ? `, ${over} over and not looked after` : ''}
      </h2>
      <Fault fault={act.error} />
      <ul className="grid gap-2">
        {data.map((alert) => (
          <li key={`${alert.rule} ${alert.subject}`}>
            <Status tone={alert.severity === 'critical' || alert.severity === 'high' ? 'bad' : 'warn'}>
              {alert.severity}
            </Status>{' '}
            {alert.over ? <Status tone="old">over</Status> : null} {alert.subject.replace('system:', '')}:{' '}
            {alert.detail}
            <br />
            <span className="text-sm text-muted">
              since {ago(alert.since)}
              {alert.over ? `, over since ${ago(alert.over)}` : ''}, for {alert.owner}: {alert.action}
            </span>{' '}
            {alert.acknowledged ? (
              <span className="text-sm">{alert.acknowledged.by} looks after it</span>
            ) : (
              <button
                type="button"
                className="button"
                aria-label={`Look after ${alert.rule} of ${alert.subject}`}
                disabled={act.isPending}
                onClick={() => act.mutate(alert)}
              >
                {alert.over ? 'I have seen to it' : 'I look after it'}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is going on: traffic, verdicts, systems, posture. */
export function OverviewPage(): ReactElement {
  const { minutes = 60 } = route.useSearch();
  const navigate = useNavigate({ from: '/' });
  const traffic = useQuery(queries.traffic(minutes));
  const posture = useQuery(queries.posture);
  const systems = useQuery(queries.systems);
  const observations = useQuery(queries.observations);
  const start = useQuery(queries.firstHour);
  const [latest, setLatest] = useState<readonly Exchange[]>([]);
  useLive(
    useCallback((exchanges) => {
      setLatest((before) => {
        const all = new Map(before.map((one) => [one.id, one]));
        for (const one of exchanges) all.set(one.id, one);
        return [...all.values()].sort((a, b) => b.id.localeCompare(a.id)).slice(0, LATEST);
      });
    }, []),
  );
  const left = start.data?.steps.filter((step) => !step.done) ?? [];
  return (
    <>
      <h1>Overview</h1>
      <Alerts />
      {left.length > 0 && !start.data?.completedAt ? (
        <section className="panel flex flex-wrap items-center justify-between gap-3" aria-label="First hour">
          <p>
            <strong>{5 - left.length} of 5</strong> steps of the first hour are done. Next: {left[0]!.detail}.
          </p>
          <Link to="/start" className="button main">
            Go on
          </Link>
        </section>
      ) : null}
      <section className="panel grid gap-3" aria-labelledby="traffic-title">
        <div className="flex items-center justify-between">
          <h2 id="traffic-title">Traffic</h2>
          <label className="flex items-center gap-2 text-sm">
            Span
            <select
              className="input"
              value={minutes}
              onChange={(event) => void navigate({ search: { minutes: Number(event.target.value) } })}
            >
              {SPANS.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        </div>
        <Fault fault={traffic.error} />
        {traffic.data ? <TrafficChart traffic={traffic.data} /> : <Waiting what="the traffic" />}
      </section>
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <section className="panel grid gap-2" aria-labelledby="latest-title">
          <div className="flex items-baseline justify-between">
            <h2 id="latest-title">As it happens</h2>
            <Link to="/traffic" className="link text-sm">
              All traffic
            </Link>
          </div>
          <p className="text-sm text-muted">
            {latest.length === 0 ? 'No call since this page was opened.' : `Times in ${zone()}.`} Our own
            probes are left out, here and in the counts.
          </p>
          <ul className="grid gap-1">
            {latest.map((exchange) => (
              <li key={exchange.id} className="flex gap-3">
                <span className="tabular-nums text-muted">{clock(exchange.at)}</span>
                <Link to="/traffic" search={{ id: exchange.id }} className="link flex-1 truncate">
                  {exchange.system ?? 'no system'} {exchange.operation ?? ''}
                </Link>
                <Status tone={outcomeTone(exchange.outcome, exchange.action)}>
                  {outcomeWord(exchange.outcome, exchange.action)}
                </Status>
              </li>
            ))}
          </ul>
        </section>
        <section className="panel grid min-w-0 gap-2" aria-labelledby="systems-title">
          <h2 id="systems-title">Systems</h2>
          <Fault fault={systems.error ?? observations.error} />
          {systems.data || systems.error ? null : <Waiting what="the systems" />}
          <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Calls to each system">
            <table>
              <thead>
                <tr>
                  <th scope="col">System</th>
                  <th scope="col">Mode</th>
                  <th scope="col">Calls</th>
                  <th scope="col">Denied</th>
                  <th scope="col">Would have denied</th>
                </tr>
              </thead>
              <tbody>
                {(systems.data ?? []).map((system) => {
                  const seen = seenOf(observations.data, system.name);
                  const would = wouldDeny(seen);
                  return (
                    <tr key={system.name}>
                      <th scope="row">
                        <Link to="/systems/$name" params={{ name: system.name }} className="link">
                          {system.name}
                        </Link>
                        {system.demo ? <span className="text-muted font-normal"> demonstration</span> : null}
                      </th>
                      <td>
                        <Status tone={system.mode === 'enforce' ? 'good' : 'warn'}>{system.mode}</Status>
                      </td>
                      <td>{count(seen?.exchanges)}</td>
                      <td>{count(seen?.denied)}</td>
                      <td>
                        {seen && would === null
                          ? '– (none inspected)'
                          : system.mode === 'enforce'
                            ? would
                              ? `${count(would)} while it observed`
                              : '– (it enforces)'
                            : count(would ?? undefined)}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </section>
      </div>
      <section className="panel grid gap-2" aria-labelledby="posture-title">
        <h2 id="posture-title">Posture, from evidence</h2>
        <Fault fault={posture.error} />
        {posture.data ? <PostureBars controls={posture.data.controls} /> : <Waiting what="the posture" />}
      </section>
    </>
  );
}
