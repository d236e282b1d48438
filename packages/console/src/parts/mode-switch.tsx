import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { api, type System } from '../api.ts';
import { queries } from '../queries.ts';
import { Dialog } from './dialog.tsx';
import { Fault } from './notice.tsx';

/** Lets the gates of a system block, or only observe, after asking. */
export function ModeSwitch({ system }: { system: System }): ReactElement {
  const client = useQueryClient();
  // What is asked is what the button said when it was pressed, whatever the system does meanwhile.
  const [asking, setAsking] = useState<System['mode'] | null>(null);
  const to = system.mode === 'enforce' ? 'observe' : 'enforce';
  const change = useMutation({
    mutationFn: (mode: System['mode']) => api.post<System>(`/systems/${system.name}/mode`, { mode }),
    onSuccess: (changed) => {
      setAsking(null);
      client.setQueryData(queries.systems.queryKey, (all) =>
        all?.map((one) => (one.name === changed.name ? changed : one)),
      );
      void client.invalidateQueries();
    },
  });
  const close = (): void => {
    setAsking(null);
    change.reset();
  };
  return (
    <>
      <button
        type="button"
        className={`button ${to === 'enforce' ? 'main' : ''}`}
        onClick={() => setAsking(to)}
        disabled={system.origin === 'file'}
      >
        {to === 'enforce' ? 'Enforce …' : 'Back to observing …'}
      </button>
      {system.origin === 'file' ? <small className="text-muted"> set in sallyport.yaml</small> : null}
      <Dialog
        title={
          asking === 'enforce' ? `Let the gates of ${system.name} block?` : `Stop blocking on ${system.name}?`
        }
        open={asking !== null}
        onClose={close}
      >
        <p className="mb-3">
          {asking === 'enforce'
            ? 'From now on calls that break policy are denied, and personal data and secrets are replaced before they leave.'
            : 'From now on nothing is blocked or replaced. What would have been is still recorded.'}
        </p>
        <Fault fault={change.error} />
        <button
          type="button"
          className="button main mt-2"
          onClick={() => asking && change.mutate(asking)}
          disabled={change.isPending}
        >
          {asking === 'enforce' ? 'Enforce' : 'Observe only'}
        </button>
      </Dialog>
    </>
  );
}
