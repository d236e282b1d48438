/**
 * What showing a text does with a URL in it: `load` fetches it as soon as the text is shown, `follow` waits for a click,
 * `submit` sends a form there, `base` moves every relative URL, `plain` is a URL in running text. `define` names it for links
 * or pictures that stand elsewhere.
 */
export type LinkUse = 'load' | 'follow' | 'submit' | 'base' | 'plain' | 'define';

/** A URL in a text and what its place means. Offsets count UTF-16 units. */
export interface LinkPlace {
  /** As a renderer reads it: entities and escapes undone, not yet resolved. */
  readonly url: string;
  readonly use: LinkUse;
  /** Which syntax put it there. */
  readonly syntax: 'markdown' | 'html' | 'text';
  readonly start: number;
  readonly end: number;
  /** Whether it stands in a code span or a fenced block, which Markdown shows as it is. */
  readonly code: boolean;
}

/** Markup that runs code when shown: a script or an event handler. */
export interface ActiveMarkup {
  readonly start: number;
  readonly end: number;
  readonly code: boolean;
}

/** A stretch of a text that Markdown shows as code. */
export interface CodeSpan {
  readonly start: number;
  readonly end: number;
}

/** Whether an offset lies in one of the stretches, which are in order. */
export function inCode(spans: readonly CodeSpan[], offset: number): boolean {
  let low = 0;
  let high = spans.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const span = spans[middle]!;
    if (offset < span.start) high = middle - 1;
    else if (offset >= span.end) low = middle + 1;
    else return true;
  }
  return false;
}
