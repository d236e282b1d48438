import type { InspectionRequest } from '@sallyport/core';
import { REMOTE, resolveLink } from './link-target.ts';

/** Pictures whose address stands elsewhere: `![text][label]`, `![label]`; and what only looks like one that has its own. */
const PICTURE = new RegExp(
  [
    '!\\[(?!(?:[^[\\]]|\\[[^[\\]]{0,80}\\]){0,120}\\]\\([ \\t]{0,9}\\n?[ \\t]{0,9}',
    '(?:<[^<>\\n]{0,2000}>|[^\\s()<>]{1,2000})(?:[ \\t\\n]{1,9}["\'][^"\']{0,400}["\'])?[ \\t]{0,9}\\))',
  ].join(''),
  'g',
);
/** What a definition names, wherever it begins. */
const DEFINED = /\]:\s{0,32}<?([^\s<>]{1,2000})/g;
const OPENED = /\]:[ \t]{0,32}$/;
const NEXT = /^[ \t>]{0,32}<?([^\s<>]{1,2000})/;
/** Addresses of definitions that are remembered: behind these, each is taken for that of a picture. */
export const DEFINED_MAX = 256;

/** What is known of the pictures by reference before a piece of an answer, and of the definitions that they may mean. */
export type References = NonNullable<InspectionRequest['lead']>['references'];

/** At the beginning of an answer. */
export const NO_REFERENCES: References = { pictures: false, defined: [], opened: false };
/** Where it is not known what came. */
export const ANY_REFERENCES: References = { pictures: true, defined: [], opened: false };

/** Where pictures by reference stand. */
export function* picturesByReference(text: string): Generator<number> {
  for (const { index } of text.matchAll(PICTURE)) yield index;
}

const leadsAway = (url: string): boolean => {
  const target = resolveLink(url);
  return target !== null && REMOTE.has(target.scheme);
};

/** The address that a text begins with, where it goes on with a definition. */
export const openedAddress = (text: string, { opened }: References): string | undefined =>
  opened ? NEXT.exec(text)?.[1] : undefined;

/** What is known after more text outside of code: a line, or several. */
export function referencesAfter(line: string, before: References): References {
  const urls = [...line.matchAll(DEFINED)].map(([, url]) => url!);
  const next = openedAddress(line, before);
  if (next !== undefined) urls.push(next);
  const found = urls.filter((url) => leadsAway(url) && !before.defined.includes(url));
  return {
    pictures: before.pictures || !picturesByReference(line).next().done,
    defined: found.length === 0 ? before.defined : [...before.defined, ...found].slice(0, DEFINED_MAX),
    opened: OPENED.test(line),
  };
}

/** What is known of two texts that may be shown as one. */
export function bothReferences(one: References, other: References): References {
  if (other === NO_REFERENCES) return one;
  const defined = [...new Set([...one.defined, ...other.defined])].slice(0, DEFINED_MAX);
  return { pictures: one.pictures || other.pictures, defined, opened: one.opened || other.opened };
}

/** Whether a definition may be one of a picture. @param here whether the text itself has a picture by reference */
export const mayShow = ({ pictures, defined }: References, here: boolean): boolean =>
  here || pictures || defined.length >= DEFINED_MAX;
