import { hash } from 'node:crypto';
import type { SallyportEvent } from '@sallyport/core';
import { ID, type Moment, type Row } from './rights-rows.ts';

/** Tables that say who may do what, who keeps what, and what waits for approval. All others are left out of the comparison. */
const TABLES = [
  ...['people', 'grants', 'programs', 'api_keys', 'systems', 'groups', 'group_members', 'provisioned'],
  ...['integrations', 'data_sources', 'holds', 'factors', 'reviews', 'review_items', 'secret_origins'],
] as const;

/** Columns whose value decides no right: secrets, words for people, and what a calls' limit is. Times count as there or not. */
const LEFT: ReadonlySet<string> = new Set([
  ...['hash', 'prefix', 'secret', 'handle', 'counter', 'password', 'limits', 'note', 'licence', 'reason'],
  ...['purpose', 'email', 'display_name', 'seen', 'why', 'evidence', 'seed', 'suggestion'],
  // Written now and then, some time after the use.
  'last_used_at',
]);
/** Settings of a system that no policy can name: the schema of policies has no such attribute. */
const SETTINGS_LEFT = ['mode', 'limits', 'canaries'];
/** Members of events that decide nothing. */
const DATA_LEFT: ReadonlySet<string> = new Set(['expiresAt', 'digest', 'version', 'dueAt', 'prefix']);
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
/** How often names are worked out from the names of what stands beside them: more than the longest chain of rows. */
const ROUNDS = 4;

/** A text and the ids in it. */
interface Words {
  readonly between: readonly string[];
  readonly ids: readonly string[];
}

const wordsOf = (text: string): Words => ({ between: text.split(ID), ids: text.match(ID) ?? [] });

function config(value: unknown): unknown {
  const settings = JSON.parse(String(value)) as Record<string, unknown>;
  for (const name of SETTINGS_LEFT) delete settings[name];
  return settings;
}

const rowWords = new WeakMap<Row, Words>();
function wordsOfRow(table: string, row: Row): Words {
  const known = rowWords.get(row);
  if (known) return known;
  const pairs = Object.entries(row.values)
    .filter(([name]) => !LEFT.has(name))
    .map(([name, value]) => [
      name,
      name === 'config' ? config(value) : typeof value === 'string' && TIME.test(value) ? 'time' : value,
    ]);
  const words = wordsOf(JSON.stringify([table, pairs]));
  rowWords.set(row, words);
  return words;
}

const eventTexts = new WeakMap<SallyportEvent, string>();
function eventText(event: SallyportEvent): string {
  const known = eventTexts.get(event);
  if (known !== undefined) return known;
  const { type, actor, data } = event;
  const text = JSON.stringify([type, actor, data], (name, value) =>
    DATA_LEFT.has(name) || (typeof value === 'string' && TIME.test(value)) ? undefined : value,
  );
  eventTexts.set(event, text);
  return text;
}

/** What was said of each subject, in order; the same said twice in a row is said once. */
function wordsOfEvents(events: readonly SallyportEvent[]): Words[] {
  const about = new Map<string, string[]>();
  for (const event of events) {
    const said = about.get(event.subject) ?? [];
    const text = eventText(event);
    if (said.at(-1) !== text) said.push(text);
    about.set(event.subject, said);
  }
  return [...about].map(([subject, said]) => wordsOf(JSON.stringify([subject, said])));
}

/** Gives each id a name by what is said around it, so that states that differ in ids alone are one. */
function namesOf(all: readonly Words[]): Map<string, string> {
  let names = new Map<string, string>();
  for (let round = 0; round < ROUNDS; round++) {
    const around = new Map<string, string[]>();
    for (const words of all)
      for (const own of new Set(words.ids)) {
        const said = around.get(own) ?? [];
        said.push(joined(words, (id) => (id === own ? '*' : (names.get(id) ?? ''))));
        around.set(own, said);
      }
    names = new Map(
      [...around].map(([id, said]) => [
        id,
        hash('md5', JSON.stringify(said.sort()), 'base64url').slice(0, 12),
      ]),
    );
  }
  return names;
}

const joined = ({ between, ids }: Words, name: (id: string) => string): string =>
  between.map((text, at) => text + (at < ids.length ? name(ids[at]!) : '')).join('');

/**
 * What of a state decides rights, as one text: two states with the same text are alike. It leaves out times, secrets, ids
 * and what no rule of rights reads.
 * @param who identities of the coalition, as `KIND ID` @param said what the log says of people and things
 */
export function alike(moment: Moment, who: readonly string[], said: readonly SallyportEvent[]): string {
  const all = [
    ...TABLES.flatMap((table) => (moment.get(table) ?? []).map((row) => wordsOfRow(table, row))),
    ...wordsOfEvents(said),
    ...who.map(wordsOf),
  ];
  const names = namesOf(all);
  const texts = all.map((words) => joined(words, (id) => names.get(id) ?? ''));
  return hash('sha256', JSON.stringify(texts.sort()), 'base64url');
}
