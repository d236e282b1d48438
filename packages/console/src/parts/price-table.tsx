import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { queries } from '../queries.ts';
import { price } from '../words.ts';
import { Fault, Waiting } from './notice.tsx';

/** What tokens cost, by what they are. */
const COLUMNS = [
  ['inputPerMillion', 'Input'],
  ['outputPerMillion', 'Output'],
  ['cacheReadPerMillion', 'Cache read'],
  ['cacheWritePerMillion', 'Cache write'],
  ['cacheWriteHourPerMillion', 'For an hour'],
  ['reasoningPerMillion', 'Reasoning'],
  ['audioInputPerMillion', 'Audio in'],
  ['audioOutputPerMillion', 'Audio out'],
] as const;

/** The table of prices that calls are counted by. */
export function PriceTable(): ReactElement {
  const { data, error } = useQuery(queries.prices);
  return (
    <section className="panel grid gap-2" aria-labelledby="prices-title">
      <h2 id="prices-title">Prices</h2>
      <Fault fault={error} />
      {data ? null : error ? null : <Waiting what="the prices" />}
      {data?.length === 0 ? (
        <p>
          No price set, so nothing is known of what calls cost. Load a table with{' '}
          <code>sallyport prices import FILE</code>.
        </p>
      ) : null}
      {data && data.length > 0 ? (
        <div className="overflow-x-auto">
          <table>
            <caption className="text-muted text-left text-sm">
              US dollars for a million tokens; where a kind has no price of its own it costs what input or
              output does
            </caption>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">System</th>
                {COLUMNS.map(([key, label]) => (
                  <th key={key} scope="col">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.map((row) => (
                <tr key={`${row.system ?? ''} ${row.model}`}>
                  <th scope="row" className="break-all">
                    {row.model}
                  </th>
                  <td>{row.system ?? 'any'}</td>
                  {COLUMNS.map(([key]) => (
                    <td key={key}>{price(row[key])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}
