import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api, type System } from '../api.ts';
import { queries } from '../queries.ts';
import { testConnection } from './connection.tsx';
import { CredentialCommand, CredentialField } from './credential-field.tsx';
import { ModelsField, modelsIn } from './models-field.tsx';
import { Fault } from './notice.tsx';

const DIALECTS = [
  ['openai', 'OpenAI (and what speaks like it)'],
  ['anthropic', 'Anthropic'],
  ['ollama', 'Ollama'],
  ['oip', 'Open Inference Protocol v2 (classifiers)'],
] as const;

/** Connects an AI system: it is observed at first, nothing is blocked. */
export function SystemForm({ onDone }: { onDone: (system: System) => void }): ReactElement {
  const client = useQueryClient();
  const [allowPrivate, setAllowPrivate] = useState(false);
  const add = useMutation({
    mutationFn: (system: object) => api.post<System>('/systems', system),
    onSuccess: async (system) => {
      void testConnection(client, system.name);
      // The page that comes next shows it.
      await client.invalidateQueries({ queryKey: queries.systems.queryKey });
      onDone(system);
      void client.invalidateQueries();
    },
  });
  const [draft, setDraft] = useState<readonly string[]>([]);
  const [reference, setReference] = useState('');
  /** The command that would do what the form says. */
  const noted = (event: FormEvent<HTMLFormElement>): void => {
    const form = new FormData(event.currentTarget);
    const said = (name: string, otherwise: string): string =>
      String(form.get(name) ?? '').trim() || otherwise;
    setReference(said('apiKeyRef', ''));
    setDraft([
      ...['upstream', 'add', said('name', 'NAME'), '--dialect', said('dialect', 'openai')],
      ...['--url', said('url', 'URL'), ...modelsIn(form).flatMap((model) => ['--model', model])],
      ...(form.has('allowPrivate') ? ['--allow-private'] : []),
    ]);
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const ref = String(form.get('apiKeyRef') ?? '').trim();
    add.mutate({
      name: String(form.get('name')).trim(),
      dialect: form.get('dialect'),
      urls: [String(form.get('url')).trim()],
      allowPrivate,
      mode: 'observe',
      models: modelsIn(form),
      ...(ref === '' ? {} : { apiKeyRef: ref }),
    });
  };
  return (
    <form onSubmit={submit} onInput={noted} className="grid gap-3">
      <label className="field">
        <span>Name</span>
        <input
          className="input"
          name="name"
          required
          pattern="[a-z0-9][a-z0-9\-]{0,62}"
          placeholder="assistant"
          autoComplete="off"
          aria-describedby="system-name-hint"
        />
        <small id="system-name-hint" className="text-muted">
          Lower-case letters, digits and hyphens. Programs may use it as the model name.
        </small>
      </label>
      <label className="field">
        <span>API it speaks</span>
        <select className="input" name="dialect">
          {DIALECTS.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Address</span>
        <input
          className="input"
          name="url"
          type="url"
          required
          placeholder="https://api.example.com/v1"
          autoComplete="off"
        />
      </label>
      <ModelsField />
      <CredentialField placeholder="env:ASSISTANT_API_KEY" />
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          name="allowPrivate"
          checked={allowPrivate}
          onChange={(event) => setAllowPrivate(event.target.checked)}
        />
        It lives at a loopback or private address (allowPrivate)
      </label>
      <CredentialCommand reference={reference} before={draft} />
      <Fault fault={add.error} />
      <div>
        <button type="submit" className="button main" disabled={add.isPending}>
          Connect and observe
        </button>
      </div>
    </form>
  );
}
