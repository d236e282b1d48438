import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, type ReactElement, useState } from 'react';
import type { Review } from '../accounts.ts';
import { api } from '../api.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { ReviewPanel } from '../parts/review-panel.tsx';
import { Status } from '../parts/status.tsx';
import { PeopleTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { moment, plural } from '../words.ts';

const route = getRouteApi('/app/people/reviews');
const KINDS = {
  grants: 'who holds what',
  sample: 'a sample of the access log',
  'break-glass': 'emergency access',
} as const;

/** Reviews of access: what people decided and signed, and what waits for them. */
export function ReviewsPage(): ReactElement {
  const { id } = route.useSearch();
  const { data, error } = useQuery(queries.reviews);
  const client = useQueryClient();
  const [emergency, setEmergency] = useState(false);
  const [asking, setAsking] = useState<'grants' | 'sample' | null>(null);
  const open = useMutation({
    mutationFn: (kind: 'grants' | 'sample') => api.post('/reviews', { kind }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['reviews'] });
      setAsking(null);
    },
  });
  const ask = (kind: 'grants' | 'sample'): void => {
    open.reset();
    setAsking(kind);
  };
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1>Reviews</h1>
        <div className="flex flex-wrap gap-3">
          <button
            type="button"
            className="button main"
            disabled={data === undefined}
            onClick={() => ask('grants')}
          >
            Review who holds what …
          </button>
          <button
            type="button"
            className="button"
            disabled={data === undefined}
            onClick={() => ask('sample')}
          >
            Sample the access log …
          </button>
          <button type="button" className="button" onClick={() => setEmergency(true)}>
            Emergency access
          </button>
        </div>
      </div>
      <PeopleTabs />
      <p className="text-sm text-muted">
        A person with the role approver decides, and signs with a passkey. Roles without a decision when a
        review is due lapse, unless no one could have decided. People do not decide on what they hold or did
        themselves.
      </p>
      <Fault fault={error} />
      {data || error ? null : <Waiting what="the reviews" />}
      {data ? <ReviewTable reviews={data.reviews} current={id} /> : null}
      {id ? <ReviewPanel key={id} id={id} /> : null}
      <Dialog
        title={asking === 'sample' ? 'Open a sample of the access log?' : 'Open a review of every role?'}
        open={asking !== null}
        onClose={() => setAsking(null)}
      >
        <WhatOpens kind={asking ?? 'grants'} deciding={data?.deciding ?? null} />
        <Fault fault={open.error} />
        <button
          type="button"
          className="button main mt-2"
          disabled={open.isPending}
          onClick={() => open.mutate(asking ?? 'grants')}
        >
          Open it
        </button>
      </Dialog>
      <Dialog title="Emergency access" open={emergency} onClose={() => setEmergency(false)}>
        <BreakGlass onDone={() => setEmergency(false)} />
      </Dialog>
    </>
  );
}

/** What opening a review leads to, before it is opened. */
function WhatOpens({ kind, deciding }: { kind: 'grants' | 'sample'; deciding: number | null }): ReactElement {
  const who =
    deciding === 0
      ? 'No one here can decide on it: no person who can sign in has the role approver. Give it to someone first.'
      : `${plural(deciding ?? undefined, 'person', 'people')} can decide on it.`;
  return (
    <p className="mb-3">
      {who}{' '}
      {kind === 'sample'
        ? 'Events of the last days are chosen by chance, for a person to judge.'
        : deciding === 0
          ? 'Until then roles stay as they are when it is due.'
          : 'Every role that is held is put before them. One on which no one decided lapses when the review is due: its holder loses it.'}
    </p>
  );
}

function ReviewTable({
  reviews,
  current,
}: {
  reviews: readonly Review[];
  current: string | undefined;
}): ReactElement {
  return (
    <div className="panel overflow-x-auto" tabIndex={0} role="region" aria-label="Reviews">
      <table>
        <thead>
          <tr>
            <th scope="col">Of</th>
            <th scope="col">Opened</th>
            <th scope="col">Due</th>
            <th scope="col">Decided</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {reviews.map((review) => (
            <tr key={review.id} aria-current={review.id === current}>
              <th scope="row">
                <Link to="/people/reviews" search={{ id: review.id }}>
                  {KINDS[review.kind]}
                </Link>
              </th>
              <td className="whitespace-nowrap">{moment(review.openedAt)}</td>
              <td className="whitespace-nowrap">{moment(review.dueAt)}</td>
              <td>
                {review.items - review.undecided} of {plural(review.items, 'item')}
              </td>
              <td>
                {review.closedAt ? (
                  <Status tone="good">closed</Status>
                ) : review.overdue ? (
                  <Status tone="bad">overdue</Status>
                ) : (
                  <Status tone="warn">open</Status>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {reviews.length === 0 ? <p className="text-muted">There was no review yet.</p> : null}
    </div>
  );
}

function BreakGlass({ onDone }: { onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const use = useMutation({
    mutationFn: (input: object) => api.post('/break-glass', input),
    onSuccess: () => {
      void client.invalidateQueries();
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    use.mutate({ reason: form.get('reason'), minutes: Number(form.get('minutes')) });
  };
  return (
    <form onSubmit={submit} className="grid gap-3">
      <p>
        A person with the role responder becomes administrator for minutes. An alarm goes off at once and
        stays until another person has judged it; what you do is in the record.
      </p>
      <label className="field">
        <span>What the emergency is</span>
        <textarea className="input" name="reason" required minLength={10} maxLength={1024} rows={3} />
      </label>
      <label className="field">
        <span>Minutes</span>
        <input className="input" name="minutes" type="number" min={1} max={60} defaultValue={30} required />
      </label>
      <Fault fault={use.error} />
      <div>
        <button type="submit" className="button main" disabled={use.isPending}>
          Take emergency access
        </button>
      </div>
    </form>
  );
}
