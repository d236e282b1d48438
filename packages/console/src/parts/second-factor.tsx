import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import type { PasskeyRequest, Pending } from '../accounts.ts';
import { signWithPasskey } from '../passkey.ts';
import { Fault } from './notice.tsx';

/** Asks for one of the factors that somebody holds, strongest first. */
export function SecondFactor<T>({
  methods,
  request,
  prove,
  onProven,
}: {
  methods: Pending['methods'];
  /** Asks for a challenge to a passkey. */
  request: () => Promise<PasskeyRequest>;
  prove: (proof: object) => Promise<T>;
  onProven: (result: T) => void | Promise<void>;
}): ReactElement {
  const typed = methods.filter((one) => one !== 'passkey');
  const [recovery, setRecovery] = useState(!methods.includes('totp'));
  const passkey = useMutation({
    mutationFn: async () => prove(await signWithPasskey(await request())),
    onSuccess: onProven,
  });
  const code = useMutation({ mutationFn: prove, onSuccess: onProven });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const value = String(new FormData(event.currentTarget).get('code')).trim();
    code.mutate(recovery ? { recoveryCode: value } : { code: value });
  };
  return (
    <div className="grid gap-3">
      {methods.includes('passkey') ? (
        <button
          type="button"
          className="button main"
          disabled={passkey.isPending}
          onClick={() => passkey.mutate()}
        >
          Use a passkey
        </button>
      ) : null}
      <Fault fault={passkey.error} />
      {typed.length > 0 ? (
        <form onSubmit={submit} className="grid gap-3">
          <label className="field">
            <span>{recovery ? 'Recovery code' : 'Code of your authenticator app'}</span>
            <input
              className="input"
              name="code"
              required
              maxLength={64}
              inputMode={recovery ? 'text' : 'numeric'}
              autoComplete="one-time-code"
            />
          </label>
          <Fault fault={code.error} />
          <div className="flex flex-wrap gap-3">
            <button type="submit" className="button" disabled={code.isPending}>
              Continue
            </button>
            {typed.length > 1 ? (
              <button type="button" className="button" onClick={() => setRecovery(!recovery)}>
                {recovery ? 'Use the authenticator app' : 'Use a recovery code'}
              </button>
            ) : null}
          </div>
        </form>
      ) : null}
    </div>
  );
}
