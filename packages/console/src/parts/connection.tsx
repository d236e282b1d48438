import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { queries } from '../queries.ts';
import { Fault } from './notice.tsx';
import { Status } from './status.tsx';

/** Reaches a system as its calls do, and lets what follows from it be read again; pages that tell of it show the result. */
export async function testConnection(client: QueryClient, system: string): Promise<void> {
  await client.fetchQuery({ ...queries.connection(system), staleTime: 0 }).catch(() => {});
  await client.invalidateQueries({ queryKey: queries.firstHour.queryKey });
}

/** Whether calls to a system reach it, when it was tested last; tests it again when asked. */
export function Connection({ system }: { system: string }): ReactElement {
  const client = useQueryClient();
  const { data, error, isFetching } = useQuery(queries.connection(system));
  return (
    <div className="grid gap-1">
      <Fault fault={error} />
      {data ? (
        <ul role="status">
          {data.map(({ url, ok, detail, remedy }) => (
            <li key={url}>
              <Status tone={ok ? 'good' : 'bad'}>{ok ? 'reached' : 'calls would fail'}</Status>{' '}
              <span className="break-all">{url}</span> {detail}
              {remedy === null ? null : <p className="text-muted">{remedy}</p>}
            </li>
          ))}
        </ul>
      ) : null}
      <div>
        <button
          type="button"
          className="button"
          onClick={() => void testConnection(client, system)}
          disabled={isFetching}
        >
          {isFetching ? 'Testing …' : data ? 'Test again' : 'Test the connection'}
        </button>
      </div>
    </div>
  );
}
