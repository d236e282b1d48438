import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactElement, useEffect } from 'react';
import { queries } from '../queries.ts';
import { ago, count, judged } from '../words.ts';
import { Fault, Waiting } from './notice.tsx';

/** The "would have blocked" report of a system. Opening it is recorded: somebody looked before enforcing. */
export function BlockedReport({ system }: { system: string }): ReactElement {
  const client = useQueryClient();
  const { data, error } = useQuery(queries.report(system));
  const read = data !== undefined;
  // Reading it is a step of the first hour.
  useEffect(() => {
    if (read) void client.invalidateQueries({ queryKey: ['traffic', 'first-hour'] });
  }, [client, read]);
  if (error) return <Fault fault={error} />;
  if (!data) return <Waiting what="the report" />;
  return (
    <div className="grid gap-3">
      <p>
        <strong>{system}</strong>: {judged(data)}
      </p>
      {data.kinds.length === 0 ? null : (
        <div
          className="overflow-x-auto"
          tabIndex={0}
          role="region"
          aria-label="What enforcing would have acted on"
        >
          <table>
            <thead>
              <tr>
                <th scope="col">Seen</th>
                <th scope="col">Severity</th>
                <th scope="col">Calls</th>
                <th scope="col">Latest</th>
                <th scope="col">Examples</th>
              </tr>
            </thead>
            <tbody>
              {data.kinds.map((kind) => (
                <tr key={`${kind.detector}/${kind.technique}`}>
                  <th scope="row" className="font-mono">
                    {kind.detector}/{kind.technique}
                  </th>
                  <td>{kind.severity}</td>
                  <td>{count(kind.exchanges)}</td>
                  <td className="whitespace-nowrap">{ago(kind.latest)}</td>
                  <td>
                    {kind.examples.map((id, i) => (
                      <Link
                        key={id}
                        to="/traffic"
                        search={{ system, id }}
                        className="link mr-2"
                        aria-label={`Example ${i + 1} of ${kind.technique}`}
                      >
                        {i + 1}
                      </Link>
                    ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
