import type { CodeSpan } from './link-place.ts';
import { NO_REFERENCES, type References, referencesAfter } from './references.ts';

/** Where a reader of fenced code blocks stands between two lines. */
export interface FenceState {
  /**
   * The open fence: its character, how many of them opened it, and whether pages draw what is in it instead of showing it;
   * null outside of code.
   */
  readonly open: { readonly mark: string; readonly length: number; readonly drawn: boolean } | null;
  /** Whether the line before was blank, so that no paragraph, quotation or HTML goes on. */
  readonly blank: boolean;
  /** Whether nothing came yet: front matter begins here and nowhere else. */
  readonly first: boolean;
  /** False once something began in which a fence is none: raw HTML, mathematics, front matter. */
  readonly trusted: boolean;
  /** Pictures by reference and definitions, outside of code. */
  readonly references: References;
}

/** What is known of the text before a piece of an answer. */
export interface FenceLead extends FenceState {
  /** Whether the piece begins within a line, which the state has seen whole. */
  readonly midLine: boolean;
}

/** At the beginning of an answer. */
export const FENCE_START: FenceState = {
  open: null,
  blank: true,
  first: true,
  trusted: true,
  references: NO_REFERENCES,
};

/** Lines that begin what does not end with a blank line (CommonMark 0.31, section 4.6, kinds 1 to 5; and extensions). */
const RAW = /^ {0,3}(?:<(?:script|pre|style|textarea|!|\?)|\$\$|%%)/i;
const FRONT_MATTER = /^(?:-{3}|\+{3}|;{3})/;
const RAW_CHARACTERS = 64;
/** Longest info string of a line that opens a fence. */
const INFO_MAX = 256;
/** Languages that pages draw: what such a block loads is loaded. Others, HTML among them, are shown as they are written. */
const DRAWN =
  /^\s{0,32}\{?\.?(?:mermaid|svg|vega(?:-?lite)?|plantuml|puml|graphviz|dot|d2|kroki|echarts|markmap)\b/i;

/** Length of the run of a character at a place. */
function runOf(line: string, mark: string, from: number): number {
  let to = from;
  while (line[to] === mark) to++;
  return to - from;
}

function opens(line: string): FenceState['open'] {
  const mark = line[0];
  if (mark !== '`' && mark !== '~') return null;
  const length = runOf(line, mark, 0);
  if (length < 3 || line.length - length > INFO_MAX || line.includes(mark, length)) return null;
  return { mark, length, drawn: DRAWN.test(line.slice(length)) };
}

function closes(line: string, { mark, length }: NonNullable<FenceState['open']>): boolean {
  const indent = runOf(line, ' ', 0);
  const run = runOf(line, mark, indent);
  return indent <= 3 && run >= length && line.slice(indent + run).trim() === '';
}

/** The state after a line; references are those of before. */
function step(state: FenceState, line: string): FenceState {
  if (state.open) return closes(line, state.open) ? { ...state, open: null, blank: true } : state;
  const open = state.trusted && state.blank ? opens(line) : null;
  const raw = RAW.test(line.slice(0, RAW_CHARACTERS)) || (state.first && FRONT_MATTER.test(line));
  return {
    ...state,
    open,
    blank: line.trim() === '',
    first: false,
    trusted: state.trusted && (open !== null || !raw),
  };
}

/** Lines of a text, each with its place; a line ends with a line feed, a carriage return, or both. */
function* lines(
  text: string,
): Generator<{ readonly from: number; readonly to: number; readonly next: number }> {
  for (let from = 0; from < text.length; ) {
    let to = from;
    while (to < text.length && text[to] !== '\n' && text[to] !== '\r') to++;
    const next = Math.min(text.length, text[to] === '\r' && text[to + 1] === '\n' ? to + 2 : to + 1);
    yield { from, to, next };
    from = next;
  }
}

/** The state after some whole lines. */
export function fenceAfter(text: string, state: FenceState = FENCE_START): FenceState {
  let now = state;
  for (const { from, to } of lines(text)) {
    const line = text.slice(from, to);
    const { open, references } = now;
    now = { ...step(now, line), references: open ? references : referencesAfter(line, references) };
  }
  return now;
}

/** Stretches of a text within fenced code blocks: those that are shown as they are written, and those that are drawn. */
export interface FencedSpans {
  readonly shown: readonly CodeSpan[];
  readonly drawn: readonly CodeSpan[];
}

/**
 * The stretches of a text within fenced code blocks (CommonMark 0.31, section 4.5). A fence counts where every renderer
 * sees one: at the beginning of a line, after a blank line, outside of raw HTML. What is not taken for code is judged in full.
 */
export function fencedSpans(text: string, lead: FenceLead = { ...FENCE_START, midLine: false }): FencedSpans {
  const spans: { shown: CodeSpan[]; drawn: CodeSpan[] } = { shown: [], drawn: [] };
  if (lead.open === null && !text.includes('```') && !text.includes('~~~')) return spans;
  const add = ({ drawn }: NonNullable<FenceState['open']>, end: number): unknown =>
    spans[drawn ? 'drawn' : 'shown'].push({ start, end });
  let state: FenceState = lead;
  let start = lead.open ? 0 : -1;
  let first = lead.midLine;
  for (const { from, to, next } of lines(text)) {
    if (first) {
      first = false;
      continue;
    }
    const after = step(state, text.slice(from, to));
    if (!state.open && after.open) start = from;
    if (state.open && !after.open) add(state.open, next);
    state = after;
  }
  if (state.open) add(state.open, text.length);
  return spans;
}
