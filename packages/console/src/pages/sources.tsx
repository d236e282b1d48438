import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api } from '../api.ts';
import type { DataSource } from '../inventory-types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { SystemTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { moment } from '../words.ts';

const TONES = { proposed: 'warn', approved: 'good', ended: 'idle' } as const;

/** Where data may come from. */
export function SourcesPage(): ReactElement {
  const { data, error } = useQuery(queries.sources);
  const [proposing, setProposing] = useState(false);
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1>Data sources</h1>
        <button type="button" className="button main" onClick={() => setProposing(true)}>
          Propose a source
        </button>
      </div>
      <SystemTabs />
      <p className="text-sm text-muted">
        Data sets are taken in from approved sources, which a person other than the one who proposed them
        approves. Everything else is refused, and the record says so.
      </p>
      <Fault fault={error} />
      {data || error ? null : <Waiting what="the sources" />}
      {data ? <SourceTable sources={data} /> : null}
      <Dialog title="Propose a source" open={proposing} onClose={() => setProposing(false)}>
        <Propose onDone={() => setProposing(false)} />
      </Dialog>
    </>
  );
}

function SourceTable({ sources }: { sources: readonly DataSource[] }): ReactElement {
  const client = useQueryClient();
  const act = useMutation({
    // What is approved is what this page shows.
    mutationFn: ({ one, word }: { one: DataSource; word: 'approve' | 'end' }) =>
      api.post(`/sources/${one.id}/${word}`, word === 'approve' ? { digest: one.digest } : {}),
    onSettled: () => client.invalidateQueries({ queryKey: ['sources'] }),
  });
  if (sources.length === 0) return <p className="panel text-muted">No source is proposed or approved yet.</p>;
  return (
    <>
      <Fault fault={act.error} />
      <div className="panel overflow-x-auto" tabIndex={0} role="region" aria-label="Sources of data">
        <table>
          <thead>
            <tr>
              <th scope="col">Source</th>
              <th scope="col">Licence</th>
              <th scope="col">Proposed by</th>
              <th scope="col">Until</th>
              <th scope="col">State</th>
              <th scope="col">Action</th>
            </tr>
          </thead>
          <tbody>
            {sources.map((one) => (
              <tr key={one.id}>
                <th scope="row" className="break-all">
                  {one.pattern}
                  <p className="text-sm font-normal text-muted">{one.note}</p>
                </th>
                <td>{one.licence}</td>
                <td className="break-all">{one.proposedBy}</td>
                <td className="whitespace-nowrap">{moment(one.expiresAt)}</td>
                <td>
                  <Status tone={TONES[one.status]}>{one.status}</Status>
                </td>
                <td className="whitespace-nowrap">
                  {one.status === 'ended' ? null : (
                    <button
                      type="button"
                      className="button"
                      aria-label={`${one.status === 'proposed' ? 'Approve' : 'End'} ${one.pattern}`}
                      disabled={act.isPending}
                      onClick={() => act.mutate({ one, word: one.status === 'proposed' ? 'approve' : 'end' })}
                    >
                      {one.status === 'proposed' ? 'Approve' : 'End'}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Propose({ onDone }: { onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const propose = useMutation({
    mutationFn: (body: object) => api.post('/sources', body),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['sources'] });
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? '');
    propose.mutate({
      pattern: text('pattern'),
      licence: text('licence'),
      note: text('note'),
      days: Number(text('days')),
    });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <label className="field">
        <span>Address or path; everything below it counts</span>
        <input
          className="input"
          name="pattern"
          required
          minLength={3}
          maxLength={256}
          placeholder="https://data.example/claims"
        />
      </label>
      <label className="field">
        <span>Licence</span>
        <input className="input" name="licence" maxLength={128} />
      </label>
      <label className="field">
        <span>Why it is trusted</span>
        <input className="input" name="note" maxLength={512} />
      </label>
      <label className="field">
        <span>Days</span>
        <input className="input" name="days" type="number" min={1} max={1098} defaultValue={365} required />
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
