import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { Curve } from '../parts/curve.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { TryGuard } from '../parts/try-guard.tsx';
import { queries } from '../queries.ts';
import { ago, count, moment, plural } from '../words.ts';

const route = getRouteApi('/app/guard');

/** What is looked for in every text, how well, and a box to try it. */
export function GuardPage(): ReactElement {
  const { channel = 'user' } = route.useSearch();
  const navigate = useNavigate({ from: '/guard' });
  const { data, error } = useQuery(queries.guard);
  return (
    <>
      <h1>Guard</h1>
      <TryGuard
        channel={channel}
        onChannel={(chosen) => void navigate({ search: { channel: chosen }, replace: true })}
      />
      <Fault fault={error} />
      {data ? null : <Waiting what="the guard" />}
      {data ? (
        <>
          <section className="panel grid gap-2" aria-labelledby="detectors">
            <h2 id="detectors">Detectors</h2>
            <table>
              <thead>
                <tr>
                  <th scope="col">Detector</th>
                  <th scope="col">Kinds</th>
                  <th scope="col">How</th>
                  <th scope="col">Seen</th>
                </tr>
              </thead>
              <tbody>
                {data.detectors.map(({ name, kinds, how }) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td className="tabular-nums">{count(kinds)}</td>
                    <td>{how}</td>
                    <td>
                      <Link to="/traffic" search={{ detector: name }} className="link">
                        calls with {name}
                      </Link>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p className="text-sm text-muted">
              {data.models.map(({ name, version }) => `Model of ${name} ${version}`).join(', ')}. A text is
              flagged from probability {data.thresholds.flagAt}, a user’s short one or one in another language
              than English from {data.thresholds.denyAt}. English is denied from {data.thresholds.denyAt}; in
              other languages rules deny, or what was hidden.
            </p>
          </section>
          <section className="panel grid gap-2" aria-labelledby="quality">
            <h2 id="quality">How well it sees injections</h2>
            <p className="text-sm text-muted">
              The curve is of the model alone, on evaluation sets that it was neither trained nor tuned on, as
              measured when it was made. The drill tries model and rules together every night, on texts made
              for it, which are easier.
            </p>
            <p className="text-sm" role="note" aria-label="The last drill">
              {data.drill ? (
                <>
                  <Status tone={data.drill.passed ? 'good' : 'bad'}>
                    {data.drill.passed ? 'passed' : 'failed'}
                  </Status>{' '}
                  {moment(data.drill.at)}: {data.drill.detail}.
                </>
              ) : (
                'The drill has not ended yet.'
              )}
            </p>
            {data.curve.length > 0 ? (
              <Curve
                points={data.curve}
                marks={{ flagged: data.thresholds.flagAt, denied: data.thresholds.denyAt }}
              />
            ) : (
              <p>There is no measurement beside this model.</p>
            )}
          </section>
          <section className="panel grid gap-2" aria-labelledby="rules">
            <h2 id="rules">Rules of yours</h2>
            {data.rules.rules.length === 0 ? (
              <p className="text-muted">
                None. Name a folder with <code>rules:</code> in <code>sallyport.yaml</code>; put a rule on
                trial first (<code>mode: shadow</code>).
              </p>
            ) : (
              <table>
                <thead>
                  <tr>
                    <th scope="col">Rule</th>
                    <th scope="col">Looks at</th>
                    <th scope="col">Mode</th>
                    <th scope="col">Severity</th>
                    <th scope="col">On trial it saw</th>
                  </tr>
                </thead>
                <tbody>
                  {data.rules.rules.map(({ id, about, mode, severity, channels }) => {
                    const trial = data.trials.find(({ technique }) => technique === id);
                    return (
                      <tr key={id}>
                        <th scope="row">
                          {id}
                          {about ? <span className="block font-normal text-muted">{about}</span> : null}
                        </th>
                        <td>{channels.join(', ')}</td>
                        <td>{mode === 'shadow' ? 'on trial' : 'enforced'}</td>
                        <td>{severity}</td>
                        <td>
                          {trial
                            ? `${plural(trial.calls, 'call')}, ${count(trial.calls - trial.denied)} of which nothing else denied; latest ${ago(trial.latest)}`
                            : 'nothing'}
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            )}
            <p className="text-sm text-muted">Version {data.rules.version}</p>
          </section>
        </>
      ) : null}
    </>
  );
}
