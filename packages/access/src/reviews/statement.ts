import { hash } from 'node:crypto';
import { CodedError, seenDigest } from '@sallyport/core';
import type { ReviewDecision, ReviewItemRow, ReviewKind } from '@sallyport/store';

/** What somebody says of one item. */
export interface Decided {
  readonly item: string;
  readonly decision: ReviewDecision;
  readonly reason?: string | undefined;
}

const CHOICES: Readonly<Record<ReviewKind, readonly ReviewDecision[]>> = {
  grants: ['keep', 'remove'],
  sample: ['expected', 'unexpected'],
  'break-glass': ['expected', 'unexpected'],
};

/** Requires that decisions fit a review. @throws CodedError `request-invalid`, `conflict`, `not-permitted` */
export function requireFitting(
  kind: ReviewKind,
  items: readonly ReviewItemRow[],
  decisions: readonly Decided[],
  reviewer: string,
): void {
  if (decisions.length === 0) throw new CodedError('request-invalid', 'decide on one item at least');
  if (new Set(decisions.map(({ item }) => item)).size !== decisions.length)
    throw new CodedError('request-invalid', 'an item is decided on twice');
  for (const { item, decision, reason } of decisions) {
    const known = items.find(({ id }) => id === item);
    if (!known) throw new CodedError('not-found', `the review has no item \`${item.slice(0, 64)}\``);
    if (known.decision !== null)
      throw new CodedError('conflict', 'an item was already decided; load it again');
    if (!CHOICES[kind].includes(decision))
      throw new CodedError('request-invalid', `such items are ${CHOICES[kind].join(' or ')}`);
    // Against what the evidence suggests, and whenever something is wrong, words are owed.
    const owed =
      decision === 'unexpected' || (known.suggestion !== null && known.suggestion.decision !== decision);
    if (owed && !reason?.trim())
      throw new CodedError(
        'request-invalid',
        'say why, where you find something wrong or keep what should go',
      );
    if (known.holder === reviewer)
      throw new CodedError(
        'not-permitted',
        'people do not decide on roles they hold or on what they did themselves',
      );
  }
}

/** Digest of items as a reviewer is shown them: whose they are, the evidence, and what it suggests. */
export const itemsDigest = (items: readonly ReviewItemRow[]): string =>
  seenDigest(
    items
      .map(({ id, subject, holder, evidence, suggestion }) => ({ id, subject, holder, evidence, suggestion }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  );

/** What a reviewer signs, word for word. */
export function statementText(
  review: string,
  reviewer: string,
  nonce: string,
  seen: string,
  decisions: readonly Decided[],
): string {
  return [
    'Sallyport review statement, version 1',
    `review ${review}`,
    `by ${reviewer}`,
    `nonce ${nonce}`,
    `seen sha256:${seen}`,
    ...decisions.map(
      ({ item, decision, reason }) =>
        `${item} ${decision}${reason?.trim() ? ` ${JSON.stringify(reason.trim())}` : ''}`,
    ),
    '',
  ].join('\n');
}

/** The challenge that a passkey signs for a statement: its SHA-256. */
export const statementChallenge = (statement: string): Buffer => hash('sha256', statement, 'buffer');
