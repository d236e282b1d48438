import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api, type System } from '../api.ts';
import { CredentialField } from './credential-field.tsx';
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
      await client.invalidateQueries();
      onDone(system);
    },
  });
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
      ...(ref === '' ? {} : { apiKeyRef: ref }),
    });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
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
        <span>How it speaks</span>
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
      <CredentialField placeholder="env:ASSISTANT_API_KEY" />
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          checked={allowPrivate}
          onChange={(event) => setAllowPrivate(event.target.checked)}
        />
        It lives at a loopback or private address
      </label>
      <Fault fault={add.error} />
      <div>
        <button type="submit" className="button main" disabled={add.isPending}>
          Connect and observe
        </button>
      </div>
    </form>
  );
}
