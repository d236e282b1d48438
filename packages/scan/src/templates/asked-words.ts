import type { Stretch, Token } from './jinja-lexer.ts';

/** Methods and filters that look for a text in another. */
const LOOKS = /^(?:startswith|endswith|find|rfind|count|index|match|search|regex_search)$/;
/** A word that people write, and not a mark of a dialogue. */
const isWord = (text: string): boolean =>
  text.length <= 64 &&
  /\p{L}{2}/u.test(text) &&
  /^[\p{L}\p{N}\s.,'?!-]+$/u.test(text) &&
  !/^(?:user|assistant|system|tool|developer|content|role|text|image|function|name|type)$/.test(text);

const isSign = (token: Token | undefined, sign: string): boolean =>
  token?.kind === 'sign' && token.value === sign;
const isName = (token: Token | undefined, name: string): boolean =>
  token?.kind === 'name' && token.value === name;

/** Follows what a template asks of what somebody wrote: by `content`, and by names that are set to it. */
export class AskedWords {
  readonly #contents = new Set(['content']);
  /** Names that hold the answer to such a question. */
  readonly #answers = new Set<string>();

  /** Takes note of a statement that sets a name. */
  note(stretch: Stretch): void {
    const [set, name, sign] = stretch.tokens;
    if (!isName(set, 'set') || name?.kind !== 'name' || !isSign(sign, '=')) return;
    if (this.asks(stretch)) this.#answers.add(name.value);
    else if (this.#speaksOf(stretch.tokens)) this.#contents.add(name.value);
  }

  #speaksOf(tokens: readonly Token[]): boolean {
    return tokens.some(
      ({ kind, value }) => (kind === 'name' || kind === 'text') && this.#contents.has(value),
    );
  }

  /** Whether a stretch asks if certain words were written. */
  asks({ tokens }: Stretch): boolean {
    if (tokens.some(({ kind, value }) => kind === 'name' && this.#answers.has(value))) return true;
    if (!this.#speaksOf(tokens)) return false;
    return tokens.some((token, at) => {
      if (token.kind !== 'text' || !isWord(token.value)) return false;
      const [third, second, before] = [tokens[at - 3], tokens[at - 2], tokens[at - 1]];
      const after = tokens[at + 1];
      if (isName(after, 'in') || (isName(after, 'not') && isName(tokens[at + 2], 'in'))) return true;
      if (isSign(before, '(') && second?.kind === 'name' && LOOKS.test(second.value)) return true;
      if (!isSign(before, '==') && !isSign(before, '!=')) return false;
      return this.#speaksOf([third, second].filter((one) => one !== undefined));
    });
  }
}

/** Words in what a template writes by itself. */
export const hasWords = (text: string): boolean =>
  /(?<![\p{L}\p{N}])\p{L}{2,}[ ,]+\p{L}{2,}/u.test(text.replace(/<[^>]{0,60}>|\[[A-Z_/]{2,30}\]/g, ' '));
