import type { Detection } from '@sallyport/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { api, type Checked } from '../api.ts';
import { Fault } from './notice.tsx';
import { Status } from './status.tsx';

const CHANNELS = [
  ['user', 'a person says it'],
  ['document', 'the system reads it'],
  ['output', 'the system answers it'],
] as const;
const TONES = { allow: 'good', flag: 'warn', deny: 'bad' } as const;

/** The text with what was found in it marked. */
function Marked({ text, detections }: { text: string; detections: readonly Detection[] }): ReactElement {
  const cuts = [
    ...new Set([0, text.length, ...detections.flatMap(({ location }) => [location.start, location.end])]),
  ].sort((a, b) => a - b);
  return (
    <p className="rounded-md bg-ground p-2 whitespace-pre-wrap break-words" data-testid="marked">
      {cuts.slice(0, -1).map((from, n) => {
        const to = cuts[n + 1]!;
        const over = detections.filter(({ location }) => location.start <= from && location.end >= to);
        const piece = text.slice(from, to);
        return over.length === 0 ? (
          <span key={from}>{piece}</span>
        ) : (
          <mark
            key={from}
            className="rounded-sm border-b-2 border-bad bg-transparent text-ink"
            title={over.map(({ detector, technique }) => `${detector}/${technique}`).join(', ')}
          >
            {piece}
          </mark>
        );
      })}
    </p>
  );
}

/** A box to try the guard in: what is found in a text, and how its disguises read. Nothing is kept. */
export function TryGuard({
  channel,
  onChannel,
}: {
  channel: string;
  onChannel: (channel: string) => void;
}): ReactElement {
  const title = useId();
  const [asked, setAsked] = useState('');
  const attempt = useMutation({ mutationFn: (input: object) => api.post<Checked>('/guard/check', input) });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = String(form.get('text'));
    setAsked(text);
    attempt.mutate({ text, channel, names: form.get('names') === 'on' });
  };
  const { data } = attempt;
  return (
    <section className="panel grid gap-3" aria-labelledby={title}>
      <h2 id={title}>Try a text</h2>
      <form onSubmit={submit} className="grid gap-3">
        <label className="field">
          <span>Text; nothing of it is kept</span>
          <textarea className="input" name="text" required rows={3} maxLength={20_000} />
        </label>
        <div className="flex flex-wrap items-center gap-4">
          <label className="flex items-center gap-2 text-sm">
            Who says it
            <select className="input" value={channel} onChange={(event) => onChannel(event.target.value)}>
              {CHANNELS.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <label className="flex items-center gap-2 text-sm">
            <input type="checkbox" name="names" />
            names, too
          </label>
          <button type="submit" className="button main" disabled={attempt.isPending}>
            Inspect
          </button>
        </div>
      </form>
      <Fault fault={attempt.error} />
      {data ? (
        <div className="grid gap-3" role="status">
          <p>
            <Status tone={TONES[data.verdict]}>{data.verdict}</Status> by default; injection{' '}
            {data.injection.toFixed(3)}
          </p>
          <Marked text={asked} detections={data.detections} />
          {data.detections.length > 0 ? (
            <table>
              <thead>
                <tr>
                  <th scope="col">What</th>
                  <th scope="col">Severity</th>
                  <th scope="col">Sure</th>
                  <th scope="col">Where</th>
                  <th scope="col">Through</th>
                </tr>
              </thead>
              <tbody>
                {data.detections.map(
                  ({ detector, technique, severity, confidence, location, view, shadow }) => (
                    <tr key={`${detector} ${technique} ${location.start} ${location.end}`}>
                      <th scope="row">
                        {detector}/{technique}
                        {shadow ? ' (on trial)' : ''}
                      </th>
                      <td>{severity}</td>
                      <td className="tabular-nums">{confidence}</td>
                      <td className="tabular-nums">
                        {location.start}–{location.end}
                      </td>
                      <td>{view ?? 'as written'}</td>
                    </tr>
                  ),
                )}
              </tbody>
            </table>
          ) : (
            <p className="text-muted">Nothing was found.</p>
          )}
          {data.views.length > 1 ? (
            <div className="grid gap-1">
              <h3>How it reads</h3>
              {data.views.map(({ chain, text }) => (
                <p key={chain} className="text-sm break-words">
                  <strong>{chain === '' ? 'normalised' : chain}</strong>: {text}
                </p>
              ))}
            </div>
          ) : null}
        </div>
      ) : null}
    </section>
  );
}
