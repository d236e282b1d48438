import type { CodeSpan } from './link-place.ts';

/** Longest line beginning that can open or close a fence. */
const FENCE_LINE_MAX = 256;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^\n]*)$/;

/** A fence that is open: its character and how many of them opened it. */
export interface OpenFence {
  readonly mark: string;
  readonly length: number;
}

/** The stretches of a text inside fenced code blocks, and the fence still open at its end. */
export interface Fenced {
  readonly spans: readonly CodeSpan[];
  readonly open: OpenFence | null;
}

/**
 * Follows fenced code blocks line by line (CommonMark 0.31, section 4.5), at the top level only: what a renderer might
 * not take for a fence is not taken for one here.
 * @param open the fence that is open where the text begins
 */
export function readFences(text: string, open: OpenFence | null = null): Fenced {
  if (open === null && !text.includes('```') && !text.includes('~~~')) return { spans: [], open };
  const spans: CodeSpan[] = [];
  let current = open;
  let from = 0;
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = FENCE.exec(text.slice(at, Math.min(end, at + FENCE_LINE_MAX)).replace(/\r$/, ''));
    if (line) {
      const [mark, length, info] = [line[1]![0]!, line[1]!.length, line[2]!];
      if (current === null) {
        if (mark === '~' || !info.includes('`')) {
          current = { mark, length };
          from = at;
        }
      } else if (mark === current.mark && length >= current.length && info.trim() === '') {
        spans.push({ start: from, end });
        current = null;
      }
    }
    at = end + 1;
  }
  if (current !== null) spans.push({ start: from, end: text.length });
  return { spans, open: current };
}
