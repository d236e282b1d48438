import type { Severity, TextChannel } from '@sallyport/core';
import { DENY_AT, FLAG_AT } from './model/injection-model.ts';
import { isEveryday, namesItsText } from './rules/everyday.ts';
import type { View } from './views/canonicalise.ts';

/** Steps that bring out what no one can read as it is written; others only rewrite a text that anyone can. */
const BROUGHT_OUT =
  /(?:base\d{2}|hex|binary|octal|decimal|tags|hidden|rot|revers|morse|braille|radio|turned)/;

/** Characters in all in which findings are looked for, and times that they are at least. */
const SOUGHT_MAX = 1 << 28;
const SOUGHT_MIN = 64;

/** Words of a text that the model's score alone never denies, and of a short one; characters of so many words. */
const FEW_WORDS = 4;
const SHORT_WORDS = 8;
const SHORT_CHARACTERS = 120;
/** A word; of writing without spaces, two characters are one. */
const UNSPACED = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Khmer', 'Lao', 'Myanmar'];
const WORD = new RegExp(
  String.raw`[${UNSPACED.map((script) => String.raw`\p{Script=${script}}`).join('')}]{1,2}|[\p{L}\p{M}\p{N}'’]+`,
  'gu',
);

/** Words of a text, or more than {@link SHORT_WORDS}. */
const shortWords = (text: string): number =>
  text.length <= SHORT_CHARACTERS ? (text.match(WORD)?.length ?? 0) : SHORT_WORDS + 1;

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** Characters around a finding in which it is said to be spoken of. */
const SAID_REACH = 64;
/** In marks, and before or behind them a word for what is spoken of: an attack, a text that a filter knows. */
const SPEAKS = 'attacks?|injections?|jailbreaks?|phrases?|strings?|patterns?|regexp?|filters?|llms?';
const SAID_BEFORE = new RegExp(`\\b(?:${SPEAKS})\\b[^.!?\\n"]{0,32}["'“‘\`]$`);
const SAID_BEHIND = new RegExp(
  `^["'”’\`][\\s,]{1,2}(?!(?:and|then|now|so|please|go|or)\\b)(?:\\w{1,12} ){0,4}(?:${SPEAKS})\\b`,
);
/** A question about the words in the marks. */
const ASKED_BEFORE = new RegExp(
  `\\b(?:${[
    "what (?:does|do|is|would)|what's|why (?:does|do|is|would|should)|how (?:does|do|would)",
    'explain (?:what|why|how)',
  ].join('|')})(?: (?:the|a|it when|someone) )?[^.!?\\n"]{0,24} ?["'“‘\`]$`,
);
const ASKED_BEHIND = /^["'”’`] (?:means?|does|do|works?|is|are|stands? for|achieves?|trick)\b/;
const MARKED_BEFORE = /["'“‘`]$/;
const MARKED_BEHIND = /^["'”’`]/;

/** Whether a finding is all that stands between marks, and is spoken of there. */
function isMentioned(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(0, start - SAID_REACH), start);
  const behind = text.slice(end, end + SAID_REACH);
  if (!MARKED_BEFORE.test(before) || !MARKED_BEHIND.test(behind)) return false;
  return (
    SAID_BEFORE.test(before) ||
    SAID_BEHIND.test(behind) ||
    (ASKED_BEFORE.test(before) && ASKED_BEHIND.test(behind))
  );
}

/**
 * What the one who says a text may say. An operator gives orders: only what its text hides is judged as one. An earlier
 * answer may speak of orders: that is noted, and only what it hides is as grave as in a user's text.
 */
export class Standing {
  readonly channel: TextChannel;
  /** As whose text rules and the model read it. */
  readonly reader: 'user' | 'document';
  readonly #plain: string;
  #written: string | null = null;
  /** Characters in which findings were looked for. */
  #sought = 0;
  #explained: View | null = null;
  /** Where a view says what people say on ordinary days. */
  readonly #everyday = new Map<View, [number, number][]>();

  /** @param plain the text as written, normalised */
  constructor(channel: TextChannel, plain: string) {
    this.channel = channel;
    this.reader = channel === 'document' || channel === 'output' ? 'document' : 'user';
    this.#plain = plain;
  }

  /** Whether injections are looked for in a view. */
  isJudged({ chain }: View): boolean {
    return this.channel !== 'operator' || chain !== '';
  }

  /** Whether the model is asked about a view: of an operator's text only about what was encoded or invisible. */
  asksModel(view: View): boolean {
    return this.isJudged(view) && (this.channel !== 'operator' || this.bringsOut(view));
  }

  /**
   * The probability from which on the model flags a view. A few plain words say too little for a suspicion. Of other languages than
   * English it has seen little prose: there it flags what it would deny in English, and in what a system reads only where that
   * stands out, for half of all ordinary documents in such languages read like an attack as a whole.
   * @param foreign whether the part that reads most like an attack is in another language
   */
  flagAt(view: View, start: number, end: number, foreign: boolean): number {
    if (this.bringsOut(view)) return FLAG_AT;
    if (this.reader === 'user') return foreign || shortWords(view.text) <= SHORT_WORDS ? DENY_AT : FLAG_AT;
    if (!foreign) return FLAG_AT;
    return 2 * (end - start) < view.text.length ? DENY_AT : Number.POSITIVE_INFINITY;
  }

  /** Whether the model's score alone may deny a view: only what tells that it is English, and not for a few plain words. */
  deniesAlone(view: View, english: boolean): boolean {
    if (this.explains(view)) return false;
    return this.bringsOut(view) || (english && shortWords(view.text) > FEW_WORDS);
  }

  /** Whether a view shows what no one could read as it is written. */
  bringsOut({ chain }: View): boolean {
    return BROUGHT_OUT.test(chain);
  }

  /** Whether a finding in a view counts: what an operator writes in the open does not, in whichever view it shows. */
  counts({ text, chain }: View, start: number, end: number): boolean {
    if (this.channel !== 'operator' || chain === '') return true;
    return !this.#inTheOpen(text.slice(start, end));
  }

  /** Notes that a rule explains so many characters of a view, in one run, as a request of ordinary days. */
  loosely(view: View, characters: number): void {
    if (2 * characters >= view.text.length) this.#explained = view;
  }

  /** Whether what a rule found is what people say on ordinary days; noted, so that the model does not judge it. */
  isEveryday(rule: string, view: View, start: number, end: number): boolean {
    if (this.bringsOut(view)) return false;
    const repeats = rule === 'repeat-above-loosely' && this.reader === 'user' && namesItsText(view.text, end);
    if (!repeats && !isEveryday(rule, view.text, start, end, this.reader)) return false;
    const spans = this.#everyday.get(view);
    if (spans) spans.push([start, end]);
    else this.#everyday.set(view, [[start, end]]);
    return !repeats;
  }

  /** What is left of a view's text without that. @param text of the same length */
  rest(view: View, text: string): string {
    let rest = '';
    let at = 0;
    for (const [start, end] of (this.#everyday.get(view) ?? []).sort(([a], [b]) => a - b)) {
      if (start < at) continue;
      rest += text.slice(at, start) + ' '.repeat(end - start);
      at = end;
    }
    return rest + text.slice(at);
  }

  /** Whether an alarm of the model is explained: most of the text is one such request. */
  explains(view: View): boolean {
    return this.#explained === view;
  }

  /** How grave a finding in a view is. */
  severity({ chain, text }: View, own: Severity, start: number, end: number): Severity {
    if (own !== 'critical' && own !== 'high') return own;
    if (this.channel === 'user') return chain === '' && isMentioned(text, start, end) ? 'medium' : own;
    if (this.channel !== 'assistant') return own;
    return chain === '' || this.#inTheOpen(text.slice(start, end)) ? 'medium' : own;
  }

  #inTheOpen(found: string): boolean {
    this.#written ??= oneLine(this.#plain);
    // What is not looked for counts as hidden.
    this.#sought += this.#written.length;
    if (this.#sought > SOUGHT_MAX && this.#sought > SOUGHT_MIN * this.#written.length) return false;
    return this.#written.includes(oneLine(found).trim());
  }
}
