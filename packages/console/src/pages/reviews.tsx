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
  const open = useMutation({
    mutationFn: (kind: 'grants' | 'sample') => api.post('/reviews', { kind }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['reviews'] }),
  });
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1>Reviews</h1>
        <div className="flex flex-wrap gap-3">
          <button
            type="button"
            className="button main"
            disabled={open.isPending}
            onClick={() => open.mutate('grants')}
          >
            Review who holds what
          </button>
          <button
            type="button"
            className="button"
            disabled={open.isPending}
            onClick={() => open.mutate('sample')}
          >
            Sample the access log
          </button>
          <button type="button" className="button" onClick={() => setEmergency(true)}>
            Emergency access
          </button>
        </div>
      </div>
      <PeopleTabs />
      <p className="text-sm text-muted">
        A person with the role approver decides, and signs with a passkey. Roles without a decision when a
        review is due lapse. People do not decide on what they hold or did themselves.
      </p>
      <Fault fault={error ?? open.error} />
      {data || error ? null : <Waiting what="the reviews" />}
      {data ? <ReviewTable reviews={data} current={id} /> : null}
      {id ? <ReviewPanel key={id} id={id} /> : null}
      <Dialog title="Emergency access" open={emergency} onClose={() => setEmergency(false)}>
        <BreakGlass onDone={() => setEmergency(false)} />
      </Dialog>
    </>
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
    onSuccess: async () => {
      await client.invalidateQueries();
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
