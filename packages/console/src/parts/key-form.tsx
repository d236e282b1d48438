import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { moment } from '../words.ts';
import { Copyable } from './copy.tsx';
import { Fault } from './notice.tsx';

interface Issued {
  readonly id: string;
  readonly key: string;
  readonly expiresAt: string;
}

/** A key, the only time it is shown. */
function Shown({ issued, children }: { issued: Issued; children?: ReactNode }): ReactElement {
  return (
    <div className="grid gap-2" role="status">
      <p>
        This is the key. It is shown <strong>once</strong>: only its hash is kept. It expires{' '}
        {moment(issued.expiresAt)}. {children}
      </p>
      <Copyable text={issued.key} label="The new key" />
    </div>
  );
}

/** Makes the successor of a key; both are good for a while. */
export function RotateForm({ id, name }: { id: string; name: string }): ReactElement {
  const client = useQueryClient();
  const [issued, setIssued] = useState<(Issued & { overlapUntil: string }) | null>(null);
  const rotate = useMutation({
    mutationFn: (input: object) => api.post<Issued & { overlapUntil: string }>(`/keys/${id}/rotate`, input),
    onSuccess: async (key) => {
      setIssued(key);
      await client.invalidateQueries({ queryKey: ['keys'] });
    },
  });
  if (issued)
    return (
      <Shown issued={issued}>
        The key before it is good until {moment(issued.overlapUntil)}: put the new one in its place before
        then.
      </Shown>
    );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    rotate.mutate({ overlap: new FormData(event.currentTarget).get('overlap') });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <p>The new key may do what {name} may. Both are good for a while, so that no call fails.</p>
      <label className="field">
        <span>Both are good for</span>
        <select className="input" name="overlap" defaultValue="24h">
          <option value="1h">an hour</option>
          <option value="24h">a day</option>
          <option value="7d">a week</option>
        </select>
      </label>
      <Fault fault={rotate.error} />
      <div>
        <button type="submit" className="button main" disabled={rotate.isPending}>
          Make the successor
        </button>
      </div>
    </form>
  );
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
  if (issued) return <Shown issued={issued} />;
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
