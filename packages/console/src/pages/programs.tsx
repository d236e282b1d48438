import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import type { Program } from '../accounts.ts';
import { api } from '../api.ts';
import { Copyable } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { grantWords, RoleFields } from '../parts/grant-form.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { PeopleTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { count, moment } from '../words.ts';

/** Service accounts: programs with keys and roles of their own, and who answers for each. */
export function ProgramsPage(): ReactElement {
  const { data, error } = useQuery(queries.programs);
  const people = useQuery(queries.people);
  const keys = useQuery(queries.keys);
  const client = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [keyFor, setKeyFor] = useState<Program | null>(null);
  const act = useMutation({
    mutationFn: ({ id, disabledAt }: Program) =>
      api.post(`/programs/${id}/${disabledAt ? 'enable' : 'disable'}`, {}),
    onSuccess: () => client.invalidateQueries({ queryKey: ['programs'] }),
  });
  const live = (program: Program): number | undefined =>
    keys.data?.filter(
      (key) => key.program === program.id && !key.revokedAt && key.expiresAt > new Date().toISOString(),
    ).length;
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1>Programs</h1>
        <button type="button" className="button main" onClick={() => setAdding(true)}>
          Add a program
        </button>
      </div>
      <PeopleTabs />
      <Fault fault={error ?? act.error} />
      {data || error ? null : <Waiting what="the programs" />}
      {data ? (
        <div className="panel overflow-x-auto" tabIndex={0} role="region" aria-label="Service accounts">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">For</th>
                <th scope="col">Answers for it</th>
                <th scope="col">Holds</th>
                <th scope="col">Live keys</th>
                <th scope="col">State</th>
                <th scope="col">Action</th>
              </tr>
            </thead>
            <tbody>
              {data.map((program) => (
                <tr key={program.id}>
                  <th scope="row">{program.name}</th>
                  <td>{program.purpose}</td>
                  <td>{people.data?.find(({ id }) => id === program.owner)?.name ?? 'none'}</td>
                  <td>{program.grants.map(grantWords).join('; ') || 'nothing'}</td>
                  <td>{count(live(program))}</td>
                  <td>
                    {program.disabledAt ? (
                      <Status tone="bad">shut out</Status>
                    ) : (
                      <Status tone="good">active</Status>
                    )}
                  </td>
                  <td className="whitespace-nowrap">
                    <button
                      type="button"
                      className="button mr-2"
                      aria-label={`New key for ${program.name}`}
                      onClick={() => setKeyFor(program)}
                    >
                      New key
                    </button>
                    <button
                      type="button"
                      className="button"
                      aria-label={`${program.disabledAt ? 'Let in' : 'Shut out'} ${program.name}`}
                      disabled={act.isPending}
                      onClick={() => act.mutate(program)}
                    >
                      {program.disabledAt ? 'Let in' : 'Shut out'}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {data.length === 0 ? <p className="text-muted">There is no service account yet.</p> : null}
        </div>
      ) : null}
      <Dialog title="Add a program" open={adding} onClose={() => setAdding(false)}>
        <AddProgram onDone={() => setAdding(false)} />
      </Dialog>
      <Dialog
        title={`New key for ${keyFor?.name ?? ''}`}
        open={keyFor !== null}
        onClose={() => setKeyFor(null)}
      >
        {keyFor ? <NewKey key={keyFor.id} program={keyFor} /> : null}
      </Dialog>
    </>
  );
}

function AddProgram({ onDone }: { onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: (input: object) => api.post('/programs', input),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['programs'] });
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const system = String(form.get('system'));
    add.mutate({
      name: String(form.get('name')).trim(),
      purpose: String(form.get('purpose')).trim(),
      grants: [{ role: form.get('role'), ...(system === '*' ? {} : { system }) }],
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
          maxLength={63}
          pattern="[a-z0-9][a-z0-9\-]*"
          title="lower-case letters, digits and hyphens"
          placeholder="nightly-report"
          autoComplete="off"
        />
      </label>
      <label className="field">
        <span>What it is for</span>
        <input className="input" name="purpose" required maxLength={256} autoComplete="off" />
      </label>
      <RoleFields />
      <p className="text-muted text-sm">
        You answer for it. Programs administer nothing, whatever role they hold.
      </p>
      <Fault fault={add.error} />
      <div>
        <button type="submit" className="button main" disabled={add.isPending}>
          Add the program
        </button>
      </div>
    </form>
  );
}

function NewKey({ program }: { program: Program }): ReactElement {
  const client = useQueryClient();
  const systems = useQuery(queries.systems);
  const make = useMutation({
    mutationFn: (input: object) =>
      api.post<{ key: string; expiresAt: string }>(`/programs/${program.id}/keys`, input),
    onSuccess: () => client.invalidateQueries({ queryKey: ['keys'] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    make.mutate({ systems: form.getAll('systems'), expires: form.get('expires') });
  };
  if (make.data)
    return (
      <div className="grid gap-2" role="status">
        <p>
          This is the key. It is shown <strong>once</strong>: only its hash is kept. It expires{' '}
          {moment(make.data.expiresAt)}.
        </p>
        <Copyable text={make.data.key} label="The new key" />
      </div>
    );
  return (
    <form onSubmit={submit} className="grid gap-3">
      <fieldset className="grid gap-1">
        <legend className="mb-1">Systems that it may call; with none it opens the control plane alone</legend>
        {(systems.data ?? []).map(({ name }) => (
          <label key={name} className="flex items-center gap-2">
            <input type="checkbox" name="systems" value={name} />
            {name}
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>Expires after</span>
        <select className="input" name="expires" defaultValue="30d">
          <option value="1d">a day</option>
          <option value="30d">30 days</option>
          <option value="90d">90 days</option>
          <option value="365d">a year</option>
        </select>
      </label>
      <Fault fault={make.error} />
      <div>
        <button type="submit" className="button main" disabled={make.isPending}>
          Make the key
        </button>
      </div>
    </form>
  );
}
