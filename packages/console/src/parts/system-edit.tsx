import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api, type System } from '../api.ts';
import { queries } from '../queries.ts';
import { testConnection } from './connection.tsx';
import { CredentialCommand, CredentialField } from './credential-field.tsx';
import { ModelsField, modelsIn } from './models-field.tsx';
import { Fault } from './notice.tsx';

const LIMITS = [
  ['requestsPerMinute', 'Requests a minute'],
  ['tokensPerMinute', 'Tokens a minute'],
  ['concurrent', 'Calls at the same time'],
] as const;

/** Changes where a system is, what it is called with and how much it is asked; what is left as it is stays. */
export function SystemEdit({ system, onDone }: { system: System; onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const [reference, setReference] = useState(system.apiKeyRef ?? '');
  const edit = useMutation({
    mutationFn: (change: object) => api.post<System>(`/systems/${system.name}/settings`, change),
    onSuccess: async () => {
      void testConnection(client, system.name);
      await client.invalidateQueries({ queryKey: queries.systems.queryKey });
      onDone();
      void client.invalidateQueries();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const said = (name: string): string => String(form.get(name) ?? '').trim();
    const urls = said('urls').split(/\s+/);
    const ref = said('apiKeyRef') || null;
    const allowPrivate = form.get('allowPrivate') === 'on';
    const limits = Object.fromEntries(
      LIMITS.flatMap(([name]) => (said(name) === '' ? [] : [[name, Number(said(name))]])),
    );
    const models = modelsIn(form);
    const change = {
      ...(models.join() === system.models.join() ? {} : { models }),
      ...(urls.join() === system.urls.join() ? {} : { urls }),
      ...(ref === system.apiKeyRef ? {} : { apiKeyRef: ref }),
      ...(allowPrivate === system.allowPrivate ? {} : { allowPrivate }),
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
    };
    if (Object.keys(change).length === 0) onDone();
    else edit.mutate(change);
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <label className="field">
        <span>Addresses, in order of preference</span>
        <textarea className="input" name="urls" required rows={2} defaultValue={system.urls.join('\n')} />
      </label>
      <ModelsField models={system.models} />
      <CredentialField
        defaultValue={system.apiKeyRef ?? ''}
        onChange={(event) => setReference(event.currentTarget.value.trim())}
      />
      {reference === system.apiKeyRef ? null : (
        <CredentialCommand reference={reference} before={['upstream', 'edit', system.name]} />
      )}
      {LIMITS.map(([name, label]) => (
        <label key={name} className="field">
          <span>{label} (empty: as it is)</span>
          <input className="input" name={name} type="number" min={0} step={1} />
        </label>
      ))}
      <label className="flex items-center gap-2">
        <input type="checkbox" name="allowPrivate" defaultChecked={system.allowPrivate} />
        It lives at a loopback or private address (allowPrivate)
      </label>
      <Fault fault={edit.error} />
      <div>
        <button type="submit" className="button main" disabled={edit.isPending}>
          Save
        </button>
      </div>
    </form>
  );
}
