import type { Steps } from '@sallyport/core';
import type { Place } from './place.ts';

const STEM = '([A-Za-z][A-Za-z-]{1,24})';
const NUMBER = '(\\d{1,7}|[A-Za-z2-7]{8})';
const OPENS = '(?:\\\\?\\[|%5[Bb])';
const CLOSES = '(?:\\\\?\\]|%5[Dd])';
const BETWEEN = '(?:\\\\?_|%5[Ff]|[ -])';

/** Between brackets, either of which may be escaped or encoded. */
const BRACKETED = new RegExp(`^(${OPENS})${STEM}${BETWEEN}${NUMBER}(${CLOSES})$`);
/** Without its brackets, or with one of them. */
const BARE = new RegExp(`^${STEM}\\\\?_${NUMBER}(?:\\\\?\\]|[_-]{1,3}|\\\\)?$`);
const LEAD = /^\\?\[/;
const ANYWHERE = new RegExp(
  [
    `${OPENS}${STEM}${BETWEEN}${NUMBER}${CLOSES}`,
    '([A-Z][A-Z-]{1,24})\\\\?_(\\d{1,7})',
    `${STEM}\\\\?_([A-Za-z2-7]{8})`,
  ].join('|'),
  'g',
);

/** How a placeholder is written. */
export interface Spelling {
  /** As it was given out. */
  readonly placeholder: string;
  /** Characters of it, brackets included where it has both. */
  readonly from: number;
  readonly to: number;
  /** Where its writing says that it stands; null where it does not. */
  readonly place: Place | null;
}

const given = (stem: string, number: string): string => `[${stem.toUpperCase()}_${number.toLowerCase()}]`;

/**
 * A placeholder as models write it: with its brackets escaped, in small letters, with a space for the underscore, encoded for a
 * URL, without brackets. A word in small letters without brackets, such as `email_1`, may be the name of something.
 */
export function spellingOf(text: string): Spelling | null {
  const [, opens, stemBetween, numberBetween, closes] = BRACKETED.exec(text) ?? [];
  // A backslash before the first bracket alone is no part of it.
  if (opens === '\\[' && closes === ']') return shifted(spellingOf(text.slice(1)));
  if (opens !== undefined && opens.length === closes!.length) {
    const place = text.startsWith('%') ? 'url' : null;
    return { placeholder: given(stemBetween!, numberBetween!), from: 0, to: text.length, place };
  }
  const from = LEAD.exec(text)?.[0].length ?? 0;
  const bare = BARE.exec(text.slice(from));
  if (!bare) return null;
  const [, stem, number] = bare as unknown as [string, string, string];
  const to = from + text.slice(from).lastIndexOf(number) + number.length;
  return { placeholder: given(stem, number), from, to, place: isName(stem, number) ? 'code' : null };
}

const shifted = (spelling: Spelling | null): Spelling | null =>
  spelling && { ...spelling, from: spelling.from + 1, to: spelling.to + 1 };

/** Whether a word without brackets may be the name of something, such as `email_1`. */
const isName = (stem: string, number: string): boolean => /^\d/.test(number) && stem !== stem.toUpperCase();

/** Characters that are read from one step to the next, and how many of those before are read again. */
const STEP = 32 * 1024;
const AGAIN = 64;

/** Everything in a text that may be taken for a placeholder, as it would be given out. In steps: what is cut may count, too. */
export function* spelledIn(text: string): Steps<string[]> {
  const found: string[] = [];
  for (let at = 0; at < text.length; at += STEP) {
    if (at > 0) yield;
    spelled(text.slice(Math.max(0, at - AGAIN), at + STEP), found);
  }
  return found;
}

function spelled(text: string, found: string[]): void {
  for (const [, stem, number, upper, digits, any, letters] of text.matchAll(ANYWHERE)) {
    if (stem !== undefined) found.push(given(stem, number!));
    else if (any !== undefined) found.push(given(any, letters!));
    // What stands behind may be masked.
    else for (let n = 1; n <= digits!.length; n++) found.push(given(upper!, digits!.slice(0, n)));
  }
}
