import type { LinkMatch } from './links/find-links.ts';

const ESC = '\\u001b';
/** Commands to the operating system by number (xterm, `ctlseqs`): titles, the folder, links, marks of shells. */
const MILD_COMMANDS = new Set(['0', '1', '2', '7', '8', '133', '633']);
/** Sequences that end so make the terminal answer, as if its reader had typed that, or print. */
const ANSWERED = /[cintx]$/;
/** How a text is drawn; `8` hides it. */
const COLOURS = /^[\d;:]*m$/;
const HIDES = /^0{0,2};?8m$/;

/** A control sequence by its beginning (ECMA-48, sections 5.4 and 5.6), in seven bits and in eight. */
const SEQUENCE = new RegExp(
  [
    `(?:${ESC}\\]|\\u009d)(?<command>\\d{0,5})`,
    `(?<string>${ESC}[PX^_]|[\\u0090\\u0098\\u009e\\u009f])`,
    `(?:${ESC}\\[|\\u009b)(?<control>[0-?]{0,64}[ -/]{0,8}[@-~])`,
    `(?<reset>${ESC}c)`,
  ].join('|'),
  'g',
);

/**
 * Control sequences of terminals, which run in that of a person who is shown the answer there: a command that writes the
 * clipboard or makes the terminal type is grave, one that moves, hides or erases text is noted, colours are neither.
 */
export function* findTerminalSequences(text: string): Generator<LinkMatch> {
  for (const { 0: found, index, groups } of text.matchAll(SEQUENCE)) {
    const { command, string, control } = groups!;
    if (control !== undefined && COLOURS.test(control) && !HIDES.test(control)) continue;
    const grave =
      string !== undefined ||
      (command !== undefined && !MILD_COMMANDS.has(command)) ||
      (control !== undefined && ANSWERED.test(control));
    yield {
      technique: 'terminal-sequence',
      severity: grave ? 'high' : 'medium',
      confidence: 0.8,
      start: index,
      end: index + found.length,
    };
  }
}
