import { tableOf } from '@sallyport/core';
import { fromMarkdown } from 'mdast-util-from-markdown';
import type { CodeSpan, LinkPlace } from './link-place.ts';

/**
 * Only inline syntax, definitions, HTML and fences matter for links. Containers are left out: they take time that grows
 * with the square of their depth, and a text in them is read as if it stood alone, which finds more, not less.
 */
const INLINE_ONLY = {
  disable: { null: ['blockQuote', 'list', 'codeIndented', 'headingAtx', 'setextUnderline', 'thematicBreak'] },
};

interface Node {
  readonly type: string;
  readonly url?: string;
  readonly position?: { readonly start: { offset?: number }; readonly end: { offset?: number } };
  readonly children?: readonly Node[];
}

/** What Markdown makes of a text: where its URLs stand and what it shows as code. */
export interface MarkdownPlaces {
  readonly places: readonly LinkPlace[];
  readonly code: readonly CodeSpan[];
}

/** Marks of quotations and lists at the beginning of a line. */
const MARKS = /^(?:[ \t]{0,8}(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])){1,32}/gm;

/** A text whose lines begin with spaces where they began with marks of quotations and lists: links run on over these. */
const withoutContainers = (text: string): string => text.replace(MARKS, (marks) => ' '.repeat(marks.length));

const USES: Readonly<Record<string, LinkPlace['use']>> = tableOf({
  image: 'load',
  definition: 'define',
  link: 'follow',
});

/**
 * Reads a piece of Markdown (CommonMark 0.31). @param text bounded by the caller: see `PIECE` in `find-links.ts`
 * @param offset added to every position
 */
export function markdownPlaces(text: string, offset: number): MarkdownPlaces {
  const places: LinkPlace[] = [];
  const code: CodeSpan[] = [];
  const pending: Node[] = [fromMarkdown(withoutContainers(text), { extensions: [INLINE_ONLY] }) as Node];
  for (let node = pending.pop(); node; node = pending.pop()) {
    const start = offset + (node.position?.start.offset ?? 0);
    const end = offset + (node.position?.end.offset ?? 0);
    const use = USES[node.type];
    if (use && node.url !== undefined)
      places.push({ url: node.url, use, syntax: 'markdown', start, end, code: false });
    else if (node.type === 'code' || node.type === 'inlineCode') code.push({ start, end });
    for (const child of node.children ?? []) pending.push(child);
  }
  return { places, code: code.sort((a, b) => a.start - b.start) };
}
