import { CodedError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** A part of a path: the name of a member, or a place in a list. */
export type PathPart = string | number;

/**
 * Goes through a parsed JSON document, value by value, in order. It keeps its place on a stack of its own, so that work may
 * stop at any value and go on later without a generator for each level.
 */
export class JsonCursor {
  /** Leads to {@link value}; the same list at every place. */
  readonly path: PathPart[] = [];
  /** The list or object that {@link value} stands in. */
  parent: object;
  value: unknown;
  /** Characters of the names that lead to {@link value}: pointers are made of them, one for each text. */
  #named = 0;
  readonly #parents: object[] = [];
  /** Names of the members of each open object; null for a list. */
  readonly #names: (readonly string[] | null)[] = [];
  readonly #next: number[] = [];

  /** @param root a list or an object; it begins before the first value within */
  constructor(root: object) {
    this.parent = root;
    this.#open(root);
  }

  /** How many lists and objects {@link value} stands in; 1 for those of the root. */
  get depth(): number {
    return this.#parents.length;
  }

  /**
   * Goes to the next value: the first within what was entered, else the one that follows.
   * @returns false at the end
   * @throws CodedError `body-invalid` past {@link LIMITS.jsonPathCharactersMax}
   */
  next(): boolean {
    const { path } = this;
    for (;;) {
      const top = this.#parents.length - 1;
      if (top < 0) return false;
      // What was visited last stands in the same list or object.
      if (path.length > top) {
        const last = path.pop();
        if (typeof last === 'string') this.#named -= last.length;
      }
      const parent = this.#parents[top]!;
      const names = this.#names[top]!;
      const at = this.#next[top]!++;
      if (names === null) {
        const list = parent as readonly unknown[];
        if (at < list.length) {
          path.push(at);
          this.parent = parent;
          this.value = list[at];
          return true;
        }
      } else if (at < names.length) {
        const name = names[at]!;
        path.push(name);
        this.#named += name.length;
        if (this.#named > LIMITS.jsonPathCharactersMax)
          throw new CodedError(
            'body-invalid',
            `names of members within each other have over ${LIMITS.jsonPathCharactersMax} characters`,
          );
        this.parent = parent;
        this.value = (parent as Record<string, unknown>)[name];
        return true;
      }
      this.#parents.pop();
      this.#names.pop();
      this.#next.pop();
    }
  }

  /** Enters the list or object that {@link value} is: its first value comes next. */
  enter(): void {
    this.#open(this.value as object);
  }

  #open(value: object): void {
    this.#parents.push(value);
    this.#names.push(Array.isArray(value) ? null : Object.keys(value));
    this.#next.push(0);
  }
}
