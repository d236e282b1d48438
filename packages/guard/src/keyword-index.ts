import { LiteralSet } from './aho-corasick.ts';

/** Which rules a text wakes, by keywords of theirs that stand in it. One pass and linear time. */
export class KeywordIndex {
  readonly #literals: LiteralSet;
  /** For each literal, its length and the rules it wakes. */
  readonly #wakes: readonly { readonly length: number; readonly rules: readonly number[] }[];

  /** @param keywords for each rule, in lower case; position in the list is the number of the rule */
  constructor(keywords: readonly (readonly string[])[]) {
    const rulesOf = new Map<string, number[]>();
    keywords.forEach((own, rule) => {
      for (const keyword of new Set(own)) {
        const rules = rulesOf.get(keyword);
        if (rules) rules.push(rule);
        else rulesOf.set(keyword, [rule]);
      }
    });
    this.#literals = new LiteralSet([...rulesOf.keys()]);
    this.#wakes = [...rulesOf].map(([keyword, rules]) => ({ length: keyword.length, rules }));
  }

  /** Numbers of the rules that a text wakes, each once. */
  awake(text: string): Set<number> {
    const awake = new Set<number>();
    this.each(text, (rule) => {
      awake.add(rule);
      return true;
    });
    return awake;
  }

  /** Every keyword of every rule, in order of where they end. @param visit stops it by `false` */
  each(text: string, visit: (rule: number, start: number, end: number) => boolean | undefined): void {
    const hits = this.#literals.positions(text);
    for (let i = 0; i < hits.length; i += 2) {
      const { length, rules } = this.#wakes[hits[i]!]!;
      const end = hits[i + 1]!;
      for (const rule of rules) if (visit(rule, end - length, end) === false) return;
    }
  }
}
