import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import type { Grant } from '../accounts.ts';
import { api } from '../api.ts';
import { queries } from '../queries.ts';
import { moment } from '../words.ts';
import { Fault } from './notice.tsx';

/** A grant in words. */
export const grantWords = ({
  role,
  system,
  expiresAt,
}: Pick<Grant, 'role' | 'system' | 'expiresAt'>): string =>
  `${role} ${system === '*' ? 'on every system' : `on ${system}`}${expiresAt ? ` until ${moment(expiresAt)}` : ''}`;

/** A role, and on what. */
export function RoleFields(): ReactElement {
  const policies = useQuery(queries.policies);
  const systems = useQuery(queries.systems);
  return (
    <>
      <label className="field">
        <span>Role</span>
        <select className="input" name="role" defaultValue="viewer">
          {(policies.data?.roles ?? ['viewer']).map((role) => (
            <option key={role}>{role}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>On</span>
        <select className="input" name="system" defaultValue="*">
          <option value="*">every system</option>
          {(systems.data ?? []).map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
    </>
  );
}

const DAY_MS = 86_400_000;

/** Gives somebody a role. */
export function GrantForm({ person }: { person: string }): ReactElement {
  const client = useQueryClient();
  const give = useMutation({
    mutationFn: (input: object) => api.post(`/people/${person}/grants`, input),
    onSuccess: () => client.invalidateQueries({ queryKey: ['people'] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const system = String(form.get('system'));
    const days = Number(form.get('days'));
    give.mutate({
      role: form.get('role'),
      ...(system === '*' ? {} : { system }),
      ...(days > 0 ? { expiresAt: new Date(Date.now() + days * DAY_MS).toISOString() } : {}),
    });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <RoleFields />
      <label className="field">
        <span>Ends</span>
        <select className="input" name="days" defaultValue="90">
          <option value="1">in a day</option>
          <option value="30">in 30 days</option>
          <option value="90">in 90 days</option>
          <option value="0">never by itself</option>
        </select>
      </label>
      <Fault fault={give.error} />
      <div>
        <button type="submit" className="button" disabled={give.isPending}>
          Give the role
        </button>
      </div>
    </form>
  );
}
