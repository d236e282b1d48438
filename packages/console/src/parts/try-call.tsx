import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, type ReactElement, useId } from 'react';
import { api, type Tried } from '../api.ts';
import { millis } from '../words.ts';
import { Fault } from './notice.tsx';
import { outcomeTone, Status } from './status.tsx';

/** One test call through both gates, explained stage by stage. */
export function TryCall({ system }: { system: string }): ReactElement {
  const title = useId();
  const attempt = useMutation({
    mutationFn: (input: object) => api.post<Tried>(`/systems/${encodeURIComponent(system)}/try`, input),
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const model = String(form.get('model')).trim();
    attempt.mutate({ text: form.get('text'), ...(model === '' ? {} : { model }) });
  };
  const { data } = attempt;
  return (
    <section className="panel grid gap-3" aria-labelledby={title}>
      <h2 id={title}>Try a call</h2>
      <form onSubmit={submit} className="grid gap-3">
        <label className="field">
          <span>What a caller would say</span>
          <textarea className="input" name="text" required rows={2} maxLength={100_000} />
        </label>
        <label className="field max-w-80">
          <span>Model, where it matters</span>
          <input className="input" name="model" maxLength={256} autoComplete="off" />
        </label>
        <div>
          <button type="submit" className="button main" disabled={attempt.isPending}>
            Call and explain
          </button>
        </div>
      </form>
      <Fault fault={attempt.error} />
      {data ? (
        <div className="grid gap-2" role="status">
          <p>
            <Status tone={outcomeTone(data.outcome, 'allow')}>{data.outcome}</Status>, status {data.status}
            {data.code ? `, ${data.code}` : ''};{' '}
            <Link to="/traffic" search={{ id: data.exchange, synthetic: 'all' }} className="link">
              in the record
            </Link>
          </p>
          <table>
            <thead>
              <tr>
                <th scope="col">Stage</th>
                <th scope="col">Time</th>
                <th scope="col">Verdict</th>
              </tr>
            </thead>
            <tbody>
              {data.stages.map(({ stage, ms, verdict }) => (
                <tr key={stage}>
                  <th scope="row">{stage}</th>
                  <td className="whitespace-nowrap tabular-nums">{millis(ms)}</td>
                  <td>{verdict}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <pre
            className="max-h-60 overflow-auto rounded-md bg-ground p-2 whitespace-pre-wrap break-all"
            tabIndex={0}
            role="region"
            aria-label="The answer"
          >
            {data.answer}
          </pre>
        </div>
      ) : null}
    </section>
  );
}
