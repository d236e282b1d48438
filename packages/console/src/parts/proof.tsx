import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import type { PasskeyRequest, Pending } from '../accounts.ts';
import { api, goToProvider, onProofNeeded } from '../api.ts';
import { queries } from '../queries.ts';
import { Dialog } from './dialog.tsx';
import { Fault, Waiting } from './notice.tsx';
import { SecondFactor } from './second-factor.tsx';

/** Asks again who you are, before something dangerous; what was asked for goes on by itself then. */
export function ProofDialog(): ReactElement {
  const [open, setOpen] = useState(false);
  const answer = useRef<((proven: boolean) => void) | null>(null);
  const client = useQueryClient();
  const end = (proven: boolean): void => {
    answer.current?.(proven);
    answer.current = null;
    setOpen(false);
  };
  useEffect(() => {
    onProofNeeded(
      () =>
        new Promise((done) => {
          answer.current?.(false);
          answer.current = done;
          setOpen(true);
        }),
    );
    return () => onProofNeeded(null);
  }, []);
  return (
    <Dialog title="Prove that it is you" open={open} onClose={() => end(false)}>
      <p className="mb-3">
        This change is grave, so you are asked who you are: your last proof is older than five minutes, or
        your account has a stronger one.
      </p>
      <Prove
        onProven={async () => {
          await client.invalidateQueries({ queryKey: ['session'] });
          end(true);
        }}
      />
    </Dialog>
  );
}

function Prove({ onProven }: { onProven: () => Promise<void> }): ReactElement {
  const { data, error } = useQuery(queries.account);
  const send = (proof: object): Promise<void> => api.post('/account/proof', { proof });
  const password = useMutation({ mutationFn: send, onSuccess: onProven });
  const provider = useMutation({
    mutationFn: () => goToProvider(`${window.location.pathname}${window.location.search}`, true),
  });
  if (!data) return error ? <Fault fault={error} /> : <Waiting what="your factors" />;
  const methods: Pending['methods'] = [
    ...new Set(data.factors.map(({ kind }) => kind)),
    ...(data.recoveryCodesLeft > 0 ? (['recovery-code'] as const) : []),
  ];
  if (methods.length > 0)
    return (
      <SecondFactor
        methods={methods}
        request={() => api.post<PasskeyRequest>('/account/passkey-request', {})}
        prove={send}
        onProven={onProven}
      />
    );
  // Nothing of theirs is kept here: the provider asks again, and leads back to this page.
  if (data.origin !== 'local')
    return (
      <div className="grid gap-3">
        <p>You come back to this page; what you asked for is then to be asked for again.</p>
        <Fault fault={provider.error} />
        <div>
          <button
            type="button"
            className="button main"
            disabled={provider.isPending}
            onClick={() => provider.mutate()}
          >
            Sign on again
          </button>
        </div>
      </div>
    );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    password.mutate({ password: new FormData(event.currentTarget).get('password') });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <label className="field">
        <span>Password</span>
        <input className="input" name="password" type="password" required autoComplete="current-password" />
      </label>
      <Fault fault={password.error} />
      <div>
        <button type="submit" className="button main" disabled={password.isPending}>
          Continue
        </button>
      </div>
    </form>
  );
}
