import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { api, type System } from '../api.ts';
import { Dialog } from './dialog.tsx';
import { Fault } from './notice.tsx';

/** Lets the gates of a system block, or only observe, after asking. */
export function ModeSwitch({ system }: { system: System }): ReactElement {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const to = system.mode === 'enforce' ? 'observe' : 'enforce';
  const change = useMutation({
    mutationFn: () => api.post<System>(`/systems/${system.name}/mode`, { mode: to }),
    onSuccess: async () => {
      await client.invalidateQueries();
      setAsking(false);
    },
  });
  return (
    <>
      <button
        type="button"
        className={`button ${to === 'enforce' ? 'main' : ''}`}
        onClick={() => setAsking(true)}
        disabled={system.origin === 'file'}
      >
        {to === 'enforce' ? 'Enforce …' : 'Back to observing …'}
      </button>
      {system.origin === 'file' ? <small className="text-muted"> set in sallyport.yaml</small> : null}
      <Dialog
        title={
          to === 'enforce' ? `Let the gates of ${system.name} block?` : `Stop blocking on ${system.name}?`
        }
        open={asking}
        onClose={() => setAsking(false)}
      >
        <p className="mb-3">
          {to === 'enforce'
            ? 'From now on calls that break policy are denied, and personal data and secrets are replaced before they leave.'
            : 'From now on nothing is blocked or replaced. What would have been is still recorded.'}
        </p>
        <Fault fault={change.error} />
        <button
          type="button"
          className="button main mt-2"
          onClick={() => change.mutate()}
          disabled={change.isPending}
        >
          {to === 'enforce' ? 'Enforce' : 'Observe only'}
        </button>
      </Dialog>
    </>
  );
}
