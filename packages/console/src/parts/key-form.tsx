import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api } from '../api.ts';
import { moment } from '../words.ts';
import { Copyable } from './copy.tsx';
import { Fault } from './notice.tsx';

interface Issued {
  readonly id: string;
  readonly key: string;
  readonly expiresAt: string;
}

/** Makes a key for a system and shows it, once. */
export function KeyForm({
  system,
  onIssued,
}: {
  system: string;
  onIssued?: (key: string) => void;
}): ReactElement {
  const client = useQueryClient();
  const [issued, setIssued] = useState<Issued | null>(null);
  const make = useMutation({
    mutationFn: (input: object) => api.post<Issued>('/keys', input),
    onSuccess: async (key) => {
      setIssued(key);
      onIssued?.(key.key);
      await client.invalidateQueries({ queryKey: ['keys'] });
      await client.invalidateQueries({ queryKey: ['traffic', 'first-hour'] });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    make.mutate({ name: String(form.get('name')).trim(), systems: [system], expires: form.get('expires') });
  };
  if (issued) {
    return (
      <div className="grid gap-2" role="status">
        <p>
          This is the key. It is shown <strong>once</strong>: only its hash is kept. It expires{' '}
          {moment(issued.expiresAt)}.
        </p>
        <Copyable text={issued.key} label="The new key" />
      </div>
    );
  }
  return (
    <form onSubmit={submit} className="grid gap-3">
      <label className="field">
        <span>What the key is for</span>
        <input
          className="input"
          name="name"
          required
          maxLength={128}
          placeholder="web shop, production"
          autoComplete="off"
        />
      </label>
      <label className="field">
        <span>Expires after</span>
        <select className="input" name="expires" defaultValue="30d">
          <option value="1d">a day</option>
          <option value="7d">a week</option>
          <option value="30d">30 days</option>
          <option value="90d">90 days</option>
          <option value="365d">a year</option>
        </select>
      </label>
      <Fault fault={make.error} />
      <div>
        <button type="submit" className="button main" disabled={make.isPending}>
          Make key for {system}
        </button>
      </div>
    </form>
  );
}
