import { CodedError } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson, table } from '../output.ts';

interface Review {
  readonly id: string;
  readonly kind: string;
  readonly openedAt: string;
  readonly dueAt: string;
  readonly closedAt: string | null;
  readonly items: number;
  readonly undecided: number;
  readonly overdue: boolean;
}
interface Item {
  readonly holder: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly suggestion: { readonly decision: string; readonly why: string } | null;
  readonly decision: string | null;
  readonly decidedBy: string | null;
}

const state = ({ closedAt, overdue }: Review): string => (closedAt ? 'closed' : overdue ? 'overdue' : 'open');

/** Lists reviews of access. */
export const reviewList: Command = {
  name: 'review list',
  usage: 'review list',
  summary: 'reviews of access: of roles, of samples of the access log, of emergency access',
  async run(options) {
    const { reviews } = await withClient(options, (client) =>
      client.call<{ reviews: Review[] }>('GET', '/api/v1/reviews'),
    );
    if (options.json) printJson({ reviews });
    else
      print(
        ...table(
          ['ID', 'OF', 'STATE', 'UNDECIDED', 'DUE'],
          reviews.map((one) => [one.id, one.kind, state(one), `${one.undecided} of ${one.items}`, one.dueAt]),
        ),
      );
    return 0;
  },
};

const LAPSE =
  'Roles that are not decided by then lapse, where a person other than their holder could have decided.';
const KEPT = 'Until then roles stay as they are when it is due.';

/** Opens a review. */
export const reviewOpen: Command = {
  name: 'review open',
  usage: 'review open grants|sample [--due-days 14]',
  summary: 'open a review of every role that is held, or of events of the access log chosen by chance',
  options: { 'due-days': { type: 'string' } },
  async run(options) {
    const [kind] = options.positionals;
    if (kind !== 'grants' && kind !== 'sample')
      throw new CodedError('usage', 'say what to review: sallyport review open grants, or sample');
    const days = options.text('due-days');
    const opened = await withClient(options, (client) =>
      client.call<Review & { deciding: number }>('POST', '/api/v1/reviews', {
        kind,
        ...(days === undefined ? {} : { dueDays: Number(days) }),
      }),
    );
    if (options.json) printJson(opened);
    else
      print(
        `Review ${opened.id} is open, with ${opened.items} items, until ${opened.dueAt}.`,
        opened.deciding === 0
          ? 'No one can decide on it: no person who can sign in has the role approver. Give it to someone first.'
          : 'A person with the role approver decides and signs in the console, under Reviews.',
        ...(kind === 'grants' ? [opened.deciding === 0 ? KEPT : LAPSE] : []),
      );
    return 0;
  },
};

/** Shows one review with its items. */
export const reviewShow: Command = {
  name: 'review show',
  usage: 'review show ID',
  summary: 'one review: what is known of each item, what that suggests, what was decided',
  async run(options) {
    const [id] = options.positionals;
    if (id === undefined) throw new CodedError('usage', 'name a review: sallyport review list shows them');
    const shown = await withClient(options, (client) =>
      client.call<{ review: Review; items: Item[] }>('GET', `/api/v1/reviews/${encodeURIComponent(id)}`),
    );
    if (options.json) printJson(shown);
    else
      print(
        `${shown.review.kind}, ${state(shown.review)}, due ${shown.review.dueAt}`,
        '',
        ...table(
          ['WHO', 'WHAT', 'LAST USED', 'SUGGESTED', 'DECIDED'],
          shown.items.map(({ holder, evidence, suggestion, decision, decidedBy }) => [
            String(evidence['name'] ?? holder),
            String(evidence['role'] ? `${evidence['role']} on ${evidence['system']}` : evidence['type']),
            String(evidence['lastUsedAt'] ?? evidence['at'] ?? 'never'),
            suggestion ? `${suggestion.decision}: ${suggestion.why}` : '',
            decision ? `${decision} by ${decidedBy}` : '',
          ]),
        ),
      );
    return 0;
  },
};
