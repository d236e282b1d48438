import { LIMITS, type TextRule } from '@sallyport/core';
import { RE2JS } from 're2js';
import { KeywordIndex } from '../keyword-index.ts';
import { canonicalise } from '../views/canonicalise.ts';

/** Matches of one rule in one text that are kept. */
const MATCHES_MAX = LIMITS.detectionsPerTextMax;

/** What a rule found. */
export interface RuleMatch {
  readonly rule: TextRule;
  readonly start: number;
  readonly end: number;
}

/** A rule that cannot be used, and why. */
export class RuleError extends Error {
  readonly rule: string;
  constructor(rule: string, message: string) {
    super(`rule \`${rule}\`: ${message}`);
    this.rule = rule;
  }
}

/** A text with more is refused: what is not looked at must not pass. */
const tooMany = ({ id }: TextRule): RangeError =>
  new RangeError(`the text has more for the rule \`${id}\` than is counted`);

const isWord = (text: string, at: number): boolean => /[\p{L}\p{N}]/u.test(text[at] ?? '');

/** The rules of an operator, ready to be matched in one pass and linear time. */
export class RuleSet {
  static readonly NONE = new RuleSet([]);
  readonly rules: readonly TextRule[];
  readonly #keywords: KeywordIndex;
  readonly #patterns: readonly (RE2JS | null)[];

  private constructor(rules: readonly TextRule[]) {
    this.rules = rules;
    this.#keywords = new KeywordIndex(rules.map(({ any }) => any.map((word) => word.toLowerCase())));
    this.#patterns = rules.map(({ id, pattern }) => {
      if (pattern === undefined) return null;
      try {
        return RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
      } catch (fault) {
        throw new RuleError(id, `its pattern is not RE2: ${(fault as Error).message}`);
      }
    });
  }

  /** Makes rules ready whose tests held when they were read: where calls wait, they are not run again. */
  static of(rules: readonly TextRule[]): RuleSet {
    return new RuleSet(rules);
  }

  /**
   * Makes rules ready and runs the tests in each of them.
   * @throws RuleError naming the rule and what is wrong with it
   */
  static compile(rules: readonly TextRule[]): RuleSet {
    const ids = new Set<string>();
    for (const { id } of rules) {
      if (ids.has(id)) throw new RuleError(id, 'there are two of that name');
      ids.add(id);
    }
    const set = new RuleSet(rules);
    for (const rule of rules) {
      const finds = (text: string): boolean =>
        canonicalise(text).views.some((view) =>
          set.find(view.text, rule.channels[0]!).some((match) => match.rule === rule),
        );
      for (const text of rule.tests.match)
        if (!finds(text))
          throw new RuleError(rule.id, `does not find its own example ${JSON.stringify(text)}`);
      for (const text of rule.tests.miss)
        if (finds(text)) throw new RuleError(rule.id, `finds ${JSON.stringify(text)}, which it must not`);
    }
    return set;
  }

  /** What the rules find. @throws RangeError for more than is counted. @param text as a view of the canonicaliser has it, in lower case */
  find(text: string, channel: TextRule['channels'][number]): RuleMatch[] {
    if (this.rules.length === 0) return [];
    const found: RuleMatch[] = [];
    const awake = new Set<number>();
    const counts = new Map<number, number>();
    this.#keywords.each(text, (number, start, end) => {
      const rule = this.rules[number]!;
      if (!rule.channels.includes(channel)) return;
      if (this.#patterns[number]) awake.add(number);
      else if (!isWord(text, end) && !isWord(text, start - 1)) {
        const count = counts.get(number) ?? 0;
        counts.set(number, count + 1);
        if (count >= MATCHES_MAX) throw tooMany(rule);
        found.push({ rule, start, end });
      }
    });
    for (const number of awake) {
      const matcher = this.#patterns[number]!.matcher(text);
      const rule = this.rules[number]!;
      for (let count = 0; matcher.find(); ) {
        if (matcher.end() === matcher.start()) continue;
        if (++count > MATCHES_MAX) throw tooMany(rule);
        found.push({ rule, start: matcher.start(), end: matcher.end() });
      }
    }
    return found;
  }
}
