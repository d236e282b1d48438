import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import type { PasskeyRequest, Review, ReviewItem } from '../accounts.ts';
import { api } from '../api.ts';
import { queries } from '../queries.ts';
import { ago, moment } from '../words.ts';
import { Dialog } from './dialog.tsx';
import { Fault, Waiting } from './notice.tsx';
import { SecondFactor } from './second-factor.tsx';
import { Status } from './status.tsx';

const CHOICES = {
  grants: ['keep', 'remove'],
  sample: ['expected', 'unexpected'],
  'break-glass': ['expected', 'unexpected'],
} as const;

interface Statement {
  readonly ticket: string;
  readonly statement: string;
  readonly options: PasskeyRequest['options'] | null;
}
interface Draft {
  readonly decision?: string;
  readonly reason?: string;
}

/** One review: what is known of each item, what somebody decides, and their signature under it. */
export function ReviewPanel({ id }: { id: string }): ReactElement {
  const { data, error } = useQuery(queries.review(id));
  const [drafts, setDrafts] = useState<Readonly<Record<string, Draft>>>({});
  const [statement, setStatement] = useState<Statement | null>(null);
  const client = useQueryClient();
  const decisions = Object.entries(drafts).flatMap(([item, { decision, reason }]) =>
    decision ? [{ item, decision, ...(reason ? { reason } : {}) }] : [],
  );
  const word = useMutation({
    mutationFn: () => api.post<Statement>(`/reviews/${id}/statement`, { decisions, digest: data?.digest }),
    onSuccess: setStatement,
  });
  const signed = async (): Promise<void> => {
    setStatement(null);
    setDrafts({});
    await client.invalidateQueries();
  };
  if (!data) return error ? <Fault fault={error} /> : <Waiting what="the review" />;
  const { review, items } = data;
  const draft = (item: string, change: Draft): void =>
    setDrafts((before) => ({ ...before, [item]: { ...before[item], ...change } }));
  return (
    <section className="panel grid gap-3 overflow-x-auto" aria-label="Items of the review">
      <table>
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Known</th>
            <th scope="col">Suggested</th>
            <th scope="col">Decision</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <ItemRow
              key={item.id}
              review={review}
              item={item}
              draft={drafts[item.id] ?? {}}
              onDraft={draft}
            />
          ))}
        </tbody>
      </table>
      {review.seed ? (
        <p className="text-sm text-muted">
          Chosen by the size and root of the record: <code className="break-all">{review.seed}</code>
        </p>
      ) : null}
      <Fault fault={word.error} />
      {review.closedAt ? null : (
        <div>
          <button
            type="button"
            className="button main"
            disabled={decisions.length === 0 || word.isPending}
            onClick={() => word.mutate()}
          >
            Sign {decisions.length === 1 ? 'one decision' : `${decisions.length} decisions`}
          </button>
        </div>
      )}
      <Dialog title="Sign what you decided" open={statement !== null} onClose={() => setStatement(null)}>
        {statement ? <Sign statement={statement} onSigned={signed} /> : null}
      </Dialog>
    </section>
  );
}

function ItemRow({
  review,
  item,
  draft,
  onDraft,
}: {
  review: Review;
  item: ReviewItem;
  draft: Draft;
  onDraft: (item: string, change: Draft) => void;
}): ReactElement {
  const { evidence } = item;
  const name = String(evidence['name'] ?? item.holder);
  const what = evidence['role']
    ? `${evidence['role']} on ${evidence['system'] === '*' ? 'every system' : evidence['system']}`
    : String(evidence['type']);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{what}</td>
      <td className="text-sm">{known(evidence)}</td>
      <td>
        {item.suggestion ? (
          <Status tone="warn">
            {item.suggestion.decision}: {item.suggestion.why}
          </Status>
        ) : null}
      </td>
      <td>
        {item.decision || review.closedAt ? (
          <>
            {item.decision ?? 'none'}
            {item.reason ? `: ${item.reason}` : ''}
          </>
        ) : (
          <div className="grid gap-2">
            <select
              className="input"
              aria-label={`Decision on ${what} of ${name}`}
              value={draft.decision ?? ''}
              onChange={(event) => onDraft(item.id, { decision: event.target.value })}
            >
              <option value="">not yet</option>
              {CHOICES[review.kind].map((choice) => (
                <option key={choice}>{choice}</option>
              ))}
            </select>
            {draft.decision ? (
              <input
                className="input"
                aria-label={`Reason for ${what} of ${name}`}
                placeholder="reason"
                maxLength={1024}
                value={draft.reason ?? ''}
                onChange={(event) => onDraft(item.id, { reason: event.target.value })}
              />
            ) : null}
          </div>
        )}
      </td>
    </tr>
  );
}

/** What is known of an item, in words. */
function known(evidence: ReviewItem['evidence']): string {
  if (evidence['role'])
    return [
      `given ${moment(String(evidence['givenAt']))} by ${evidence['givenBy']}`,
      evidence['lastUsedAt'] ? `used ${ago(String(evidence['lastUsedAt']))}` : 'never used',
    ].join(', ');
  const { type: _, at, actor: __, subject, ...rest } = evidence;
  const facts = Object.entries(rest)
    .filter(([, value]) => typeof value !== 'object')
    .map(([key, value]) => `${key} ${value}`);
  return [moment(String(at)), `on ${subject}`, ...facts].join(', ');
}

function Sign({
  statement,
  onSigned,
}: {
  statement: Statement;
  onSigned: () => Promise<void>;
}): ReactElement {
  const { data, error } = useQuery(queries.account);
  const { ticket, options } = statement;
  if (!data) return error ? <Fault fault={error} /> : <Waiting what="your factors" />;
  return (
    <div className="grid gap-3">
      <pre className="max-h-64 overflow-auto whitespace-pre-wrap break-all text-sm" tabIndex={0}>
        {statement.statement}
      </pre>
      <SecondFactor
        methods={[
          ...(options ? (['passkey'] as const) : []),
          ...(data.factors.some(({ kind }) => kind === 'totp') ? (['totp'] as const) : []),
        ]}
        request={async () => ({ ticket, options: options! })}
        prove={(proof) => {
          const { ticket: _, ...own } = proof as { ticket?: string };
          return api.post('/reviews/signatures', { ticket, proof: own });
        }}
        onProven={onSigned}
      />
    </div>
  );
}
