import type { Grammar } from '../grammar.ts';
import { ASIAN } from './asia.ts';
import { ENGLISH } from './english.ts';
import { ENGLISH_TASKS } from './english-tasks.ts';
import { EASTERN } from './europe-east.ts';
import { WESTERN } from './europe-west.ts';
import { MORE } from './more-phrases.ts';
import { type Phrases, toGrammar } from './phrases.ts';

const OTHERS: readonly Phrases[] = [...WESTERN, ...EASTERN, ...ASIAN].map((first) => {
  const more = MORE[first.tag] ?? {};
  const both = (part: Exclude<keyof Phrases, 'tag'>): readonly string[] => [
    ...first[part],
    ...(more[part] ?? []),
  ];
  return {
    tag: first.tag,
    override: both('override'),
    instructions: both('instructions'),
    reveal: both('reveal'),
    secrets: both('secrets'),
    role: both('role'),
    order: both('order'),
    authority: both('authority'),
    things: both('things'),
    everyday: both('everyday'),
  };
});

/** Languages that attacks are known in, as BCP 47 tags. */
export const LANGUAGES: readonly string[] = ['en', ...OTHERS.map(({ tag }) => tag)];

/** The phrases of a language but English, for which only a grammar exists. */
export function phrasesOf(tag: string): Phrases | null {
  return OTHERS.find((phrases) => phrases.tag === tag) ?? null;
}

/** The grammar of a language: `{attack}` and `{everyday}` are its beginnings. @throws RangeError when it is unknown */
export function grammarOf(tag: string): Grammar {
  if (tag === 'en') return { ...ENGLISH_TASKS, ...ENGLISH };
  const phrases = phrasesOf(tag);
  if (!phrases) throw new RangeError(`there is no grammar for \`${tag}\``);
  return toGrammar(phrases);
}
