import type { AssetKind, SallyportEvent } from '@sallyport/core';
import type { Target } from '@sallyport/policy';
import type { Control } from '../control.ts';

const ASSET = /^(system|model|dataset|endpoint):([^@]+)(?:@(.+))?$/;
/** Events that say who made, changed or owned something. */
const MADE = [
  ...['asset-registered', 'asset-changed', 'version-registered', 'upstream-added', 'upstream-changed'],
  ...['integration-proposed', 'key-created', 'key-rotated', 'key-given'],
] as const;
/** Actors who are someone; others speak for this installation. */
const PARTY = /^(?:person|program|local):./;

type Behind = readonly (string | null | undefined)[];
type Knowing = Pick<Control, 'installation'>;

const person = (id: unknown): string | null => (typeof id === 'string' && id !== '' ? `person:${id}` : null);
const parties = (behind: Behind): string[] => [
  ...new Set(behind.filter((one): one is string => typeof one === 'string' && PARTY.test(one))),
];

/** Whom an event names: who did it, who is its author, and who owns from then on. */
const namedBy = ({ actor, data }: SallyportEvent): Behind => {
  const { author, owner, program } = data;
  return [
    actor,
    String(author ?? ''),
    person(owner),
    typeof program === 'string' ? `program:${program}` : null,
  ];
};

/** All that the record says of who made, changed or owned something. What is there now says only who does. */
async function recorded({ installation }: Knowing, subject: string): Promise<SallyportEvent[]> {
  return (await installation.state.said()).about(subject, MADE);
}

/**
 * Actors who are behind something: who ever made, changed or owned an asset or a version of it, a key or a third party, or is
 * the person or program themselves.
 * @param subject such as `model:NAME@LABEL` or `person:ID` @returns none where nobody is known
 */
export async function behindSubject(control: Knowing, subject: string): Promise<string[]> {
  const { inventory, integrations, keys } = control.installation.store;
  const [kind, id = ''] = subject.split(/:(.*)/s);
  const behind: (string | null | undefined)[] = [];
  if (kind === 'person' || kind === 'program' || kind === 'local') behind.push(subject);
  if (kind === 'integration') {
    const party = await integrations.find(id);
    behind.push(party?.proposedBy, person(party?.owner));
  }
  if (kind === 'key') {
    const key = await keys.byId(id);
    behind.push(person(key?.owner), key?.program && `program:${key.program}`);
  }
  behind.push(...(await recorded(control, subject)).flatMap(namedBy));
  const [, assetKind, name, label] = ASSET.exec(subject) ?? [];
  if (name !== undefined) {
    const asset = await inventory.asset(assetKind as AssetKind, name);
    behind.push(asset?.createdBy, person(asset?.owner));
    if (asset && label !== undefined) {
      behind.push((await inventory.version(asset.id, label))?.createdBy);
      behind.push(...(await recorded(control, `${assetKind}:${name}`)).flatMap(namedBy));
    }
  }
  return parties(behind);
}

/** Actors who are behind a version as it is approved: who made it, and who ever owned what it is a version of. */
export async function behindVersion(
  control: Knowing,
  kind: string,
  name: string,
  label: string,
): Promise<string[]> {
  const made = (await recorded(control, `${kind}:${name}@${label}`)).flatMap(namedBy);
  const owned = (await recorded(control, `${kind}:${name}`)).map(({ data }) => person(data['owner']));
  return parties([...made, ...owned]);
}

/** What a person who is none of those behind it decides about. @param behind one at least */
export function proposalBy(id: string, behind: readonly string[]): Extract<Target, { kind: 'proposal' }> {
  const [author = '', ...others] = behind;
  return { kind: 'proposal', id, author, behind: others };
}
