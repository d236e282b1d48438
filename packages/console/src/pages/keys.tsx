import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import { api, download } from '../api.ts';
import { BackupsPanel } from '../parts/backups-panel.tsx';
import { ConnectionsPanel } from '../parts/connections-panel.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { EvidenceTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { SUITES, type Vault, type WrappingKey } from '../vault-types.ts';
import { ago, count, plural } from '../words.ts';

const ROTATIONS = {
  kek: 'Change the keys that wrap',
  data: 'Seal with new keys from now on',
  root: 'Change the root key',
  log: 'Change the key that signs the log',
  files: 'Seal stored files again',
} as const;
type Rotation = keyof typeof ROTATIONS;
const KEPT_BY: Readonly<Record<string, string>> = {
  file: 'a file',
  passphrase: 'a passphrase',
  shares: 'shares in several hands',
  pkcs11: 'a PKCS#11 token',
  transit: 'a transit engine',
};

const nameOf = ({ purpose, owner }: Pick<WrappingKey, 'purpose' | 'owner'>): string =>
  owner === '' ? purpose : `${purpose}:${owner}`;

/** The keys that seal what is stored: what lies under what, how old it is, and what can be done about it. */
export function KeysPage(): ReactElement {
  const materials = useMutation({ mutationFn: () => download('/crypto-bom', 'crypto-bom.json') });
  const { data, error } = useQuery(queries.vault);
  const [rotating, setRotating] = useState<Rotation | null>(null);
  const [shredding, setShredding] = useState<string | null>(null);
  return (
    <>
      <h1>Keys</h1>
      <EvidenceTabs />
      <p className="text-sm text-muted">
        Everything that is stored is sealed, under keys that lie under others. None of them can be read here.
      </p>
      <Fault fault={error} />
      {data || error ? null : <Waiting what="the keys" />}
      {data ? (
        <>
          <Root vault={data} />
          <div className="flex flex-wrap items-center gap-3">
            {(Object.keys(ROTATIONS) as Rotation[]).map((what) => (
              <button key={what} type="button" className="button" onClick={() => setRotating(what)}>
                {ROTATIONS[what]}
              </button>
            ))}
            <button type="button" className="link" onClick={() => materials.mutate()}>
              Bill of materials (CycloneDX)
            </button>
          </div>
          <Fault fault={materials.error} />
          {data.progress ? (
            <p role="status">
              Under way: {data.progress.done} of {data.progress.of}{' '}
              {data.progress.what === 'files' ? 'files' : 'keys'}.
            </p>
          ) : null}
          <Wrapping vault={data} onShred={setShredding} />
          <BackupsPanel />
          <ConnectionsPanel />
        </>
      ) : null}
      <Dialog
        title={rotating ? ROTATIONS[rotating] : ''}
        open={rotating !== null}
        onClose={() => setRotating(null)}
      >
        {rotating ? <Rotate what={rotating} onDone={() => setRotating(null)} /> : null}
      </Dialog>
      <Dialog title="Destroy keys" open={shredding !== null} onClose={() => setShredding(null)}>
        {shredding ? <Shred purpose={shredding} onDone={() => setShredding(null)} /> : null}
      </Dialog>
    </>
  );
}

/** What lies under what, as three steps. */
function Root({ vault: { root, keyEncryptionKeys, dataKeys, signingKeys } }: { vault: Vault }): ReactElement {
  const safe = root.place === 'outside' && !root.exposed;
  const steps = [
    {
      title: 'Root',
      lines: [`kept by ${KEPT_BY[root.kind] ?? root.kind}`, root.id],
      state: safe
        ? 'outside the data'
        : root.place === 'missing'
          ? 'its file is gone'
          : root.exposed
            ? 'other users can read it'
            : 'beside the data that it protects',
    },
    {
      title: 'Keys that wrap',
      lines: [
        plural(keyEncryptionKeys.length, 'key'),
        [...new Set(keyEncryptionKeys.map(({ suite }) => suite))].join(', '),
      ],
      state: null,
    },
    {
      title: 'Keys that seal and sign',
      lines: [
        plural(dataKeys.length, 'data key'),
        ...signingKeys.map(({ name, algorithms }) => `${name}: ${algorithms.join(' and ')}`),
      ],
      state: null,
    },
  ];
  return (
    <ol className="grid gap-3 md:grid-cols-3" aria-label="What lies under what">
      {steps.map(({ title, lines, state }) => (
        <li key={title} className="panel">
          <h2>{title}</h2>
          {lines.map((line) => (
            <p key={line} className="break-all text-sm">
              {line}
            </p>
          ))}
          {state === null ? null : <Status tone={safe ? 'good' : 'bad'}>{state}</Status>}
        </li>
      ))}
    </ol>
  );
}

function Wrapping({ vault, onShred }: { vault: Vault; onShred: (purpose: string) => void }): ReactElement {
  const rows = [...vault.keyEncryptionKeys].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  return (
    <div className="panel overflow-x-auto" tabIndex={0} role="region" aria-label="Keys that wrap">
      <table>
        <thead>
          <tr>
            <th scope="col">Of</th>
            <th scope="col">Suite</th>
            <th scope="col">Version</th>
            <th scope="col">Made</th>
            <th scope="col">Keys under it</th>
            <th scope="col">
              <span className="sr-only">Do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((key) => (
            <tr key={key.id}>
              <th scope="row" className="break-all">
                {nameOf(key)}
              </th>
              <td>{key.suite}</td>
              <td>
                {key.version} {key.retiredAt === null ? null : <Status tone="old">replaced</Status>}
              </td>
              <td className="whitespace-nowrap">{ago(key.createdAt)}</td>
              <td>{count(key.wraps)}</td>
              <td>
                {key.purpose === 'system' && key.retiredAt === null ? (
                  <button
                    type="button"
                    className="button"
                    aria-label={`Destroy the keys of ${key.owner}`}
                    onClick={() => onShred(nameOf(key))}
                  >
                    Destroy
                  </button>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const ABOUT: Readonly<Record<Rotation, string>> = {
  kek: 'Every key is wrapped again under new keys, and the old ones are destroyed. Calls go on.',
  data: 'What is said from now on is sealed under new keys. What was said before opens as it did.',
  log: 'A new key signs the log; the one before signs along until the next change, so that those who verify with it can take the new one from the log.',
  files:
    'Files of models and data that an earlier version sealed are sealed again as files are now (Cobblestone-256). Cut short, it goes on with those that are left.',
  root: 'A new root takes the place of the one before, which opens nothing any more. Calls go on meanwhile.',
};

function Rotate({ what, onDone }: { what: Rotation; onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const [suite, setSuite] = useState('');
  const rotate = useMutation({
    mutationFn: () => api.post('/vault/rotate', { what, ...(suite === '' ? {} : { suite }) }),
    onSettled: () => client.invalidateQueries(),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    rotate.mutate();
  };
  return (
    <form className="grid gap-3" onSubmit={submit}>
      <p>{ABOUT[what]}</p>
      {what === 'kek' ? (
        <label className="grid gap-1 text-sm">
          Suite
          <select className="input" value={suite} onChange={(event) => setSuite(event.target.value)}>
            <option value="">the same</option>
            {SUITES.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      ) : null}
      <Fault fault={rotate.error} />
      <button type="submit" className="button" disabled={rotate.isPending}>
        {rotate.isPending ? 'Under way …' : 'Change'}
      </button>
    </form>
  );
}

function Shred({ purpose, onDone }: { purpose: string; onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const name = purpose.slice(purpose.indexOf(':') + 1);
  const shred = useMutation({
    mutationFn: () => api.post('/vault/shred', { purpose }),
    onSettled: () => client.invalidateQueries(),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (typed === name) shred.mutate();
  };
  return (
    <form className="grid gap-3" onSubmit={submit}>
      <p>
        What was ever said to and by <strong>{name}</strong> can never be read again, in backups of the data
        neither. The record of it stays, and verifies. The system goes on under new keys.
      </p>
      <label className="grid gap-1 text-sm">
        Type the name of the system
        <input
          className="input"
          value={typed}
          autoComplete="off"
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      <Fault fault={shred.error} />
      <button type="submit" className="button" disabled={typed !== name || shred.isPending}>
        Destroy for ever
      </button>
    </form>
  );
}
