import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api } from '../api.ts';
import { queries } from '../queries.ts';
import type { Backups } from '../vault-types.ts';
import { ago, millis, plural } from '../words.ts';
import { Fault, Waiting } from './notice.tsx';
import { Status } from './status.tsx';

const size = (bytes: number): string =>
  bytes >= 1e9
    ? `${(bytes / 1e9).toFixed(1)} GB`
    : bytes >= 1e6
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${Math.ceil(bytes / 1e3)} kB`;

function Last({ backups: { lastMade, lastDrilled } }: { backups: Backups }): ReactElement {
  return (
    <dl className="grid gap-2 text-sm md:grid-cols-2">
      <div>
        <dt className="font-medium">Last backup</dt>
        <dd>
          {lastMade ? (
            <>
              {ago(lastMade.at)}, {size(lastMade.data.bytes)} in {millis(lastMade.data.tookMs)}{' '}
              <Status tone={lastMade.data.verified ? 'good' : 'bad'}>
                {lastMade.data.verified ? 'read again, whole' : 'not read again'}
              </Status>
            </>
          ) : (
            <Status tone="warn">none yet</Status>
          )}
        </dd>
      </div>
      <div>
        <dt className="font-medium">Last drill</dt>
        <dd>
          {lastDrilled ? (
            <>
              {ago(lastDrilled.at)}, in {millis(lastDrilled.data.tookMs)}{' '}
              <Status tone={lastDrilled.data.passed ? 'good' : 'bad'}>
                {lastDrilled.data.passed ? 'restored' : 'failed'}
              </Status>
              <span className="block text-muted">{lastDrilled.data.detail}</span>
            </>
          ) : (
            <Status tone="warn">none yet: it is not known whether it can be restored</Status>
          )}
        </dd>
      </div>
    </dl>
  );
}

/** Backups: the last, whether it can be restored, and what is kept. */
export function BackupsPanel(): ReactElement {
  const client = useQueryClient();
  const { data, error } = useQuery(queries.backups);
  const act = useMutation({
    mutationFn: (path: string) => api.post(path, {}),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <section className="panel grid gap-3" aria-labelledby="backups">
      <h2 id="backups">Backups</h2>
      <Fault fault={error ?? act.error} />
      {data || error ? null : <Waiting what="backups" />}
      {data ? (
        <>
          {data.folder === null ? (
            <p className="text-sm">
              None are made by themselves: name a folder on another disk as <code>backup.folder</code> in
              sallyport.yaml.
            </p>
          ) : (
            <p className="text-sm">
              Every {plural(data.everyHours ?? undefined, 'hour')} to{' '}
              <code className="break-all">{data.folder}</code>, kept for{' '}
              {plural(data.keepDays ?? undefined, 'day')}; {plural(data.backups.length, 'backup')} there.{' '}
              {data.recipients === 0
                ? 'Only the keys of this installation open them: back those up elsewhere, with sallyport backup --keys.'
                : `${plural(data.recipients, 'other')} can open them.`}
            </p>
          )}
          <Last backups={data} />
          {data.archive ? (
            <p className="text-sm">
              {plural(data.archive.size, 'entry', 'entries')} of the record lie in{' '}
              <code className="break-all">{data.archive.to}</code>{' '}
              {data.archive.fault === null ? (
                <Status tone="good">{data.archive.at ? `as of ${ago(data.archive.at)}` : 'soon'}</Status>
              ) : (
                <Status tone="bad">{data.archive.fault}</Status>
              )}
            </p>
          ) : null}
          {data.folder === null ? null : (
            <div className="flex flex-wrap gap-3">
              <button
                type="button"
                className="button"
                disabled={act.isPending}
                onClick={() => act.mutate('/backups')}
              >
                Make a backup
              </button>
              <button
                type="button"
                className="button"
                disabled={act.isPending || data.backups.length === 0}
                onClick={() => act.mutate('/backups/drill')}
              >
                Restore the last as a drill
              </button>
              {act.isPending ? <span role="status">Under way …</span> : null}
            </div>
          )}
        </>
      ) : null}
    </section>
  );
}
