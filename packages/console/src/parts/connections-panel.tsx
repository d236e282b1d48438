import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { queries } from '../queries.ts';
import { day } from '../words.ts';
import { Fault, Waiting } from './notice.tsx';
import { Status } from './status.tsx';

/** What every listener and every endpoint that is called agrees to. */
export function ConnectionsPanel(): ReactElement {
  const { data, error } = useQuery(queries.tls);
  return (
    <section className="panel grid gap-3" aria-labelledby="connections">
      <h2 id="connections">Connections</h2>
      <Fault fault={error} />
      {data || error ? null : <Waiting what="what listeners and endpoints speak" />}
      {data ? (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="What they speak">
          <table>
            <thead>
              <tr>
                <th scope="col">Of</th>
                <th scope="col">Address</th>
                <th scope="col">Protocol</th>
                <th scope="col">Keys agreed in</th>
                <th scope="col">Certificate ends</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ name, url, protocol, group, expiresAt, problem }) => (
                <tr key={`${name} ${url}`}>
                  <th scope="row">{name}</th>
                  <td className="break-all">{url}</td>
                  <td>{protocol ?? '–'}</td>
                  <td>{group ?? '–'}</td>
                  <td className="whitespace-nowrap">{expiresAt ? day(expiresAt) : '–'}</td>
                  <td>
                    {problem === null ? (
                      <Status tone={protocol === null ? 'idle' : 'good'}>
                        {protocol === null ? 'on this machine only' : 'good'}
                      </Status>
                    ) : (
                      <Status tone="bad">{problem}</Status>
                    )}
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
