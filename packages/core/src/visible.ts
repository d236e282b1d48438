/**
 * What a terminal, a log or a page acts on or does not show: C0 and C1, delete, soft hyphen, marks and overrides of direction, characters
 * without width, fillers, separators of lines, tags, half a character. Of these a name can be made that hides what stands beside it.
 */
const UNSEEN = new RegExp(
  [
    '[\\0-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e',
    '\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb\\u{e0000}-\\u{e0fff}]|\\p{Surrogate}',
  ].join(''),
  'gu',
);

const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) =>
      unit < 0x100 ? `\\x${unit.toString(16).padStart(2, '0')}` : `\\u${unit.toString(16).padStart(4, '0')}`,
    )
    .join('');

/** A foreign text as one line that shows all that is in it: what is not seen stands as `\x1b` or `\u202e`. */
export const visible = (text: string): string => text.replace(UNSEEN, escaped);

/** A text of at most `charactersMax`, shortened in its middle, where it says by how much. */
export function shortened(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const mark = `…(${text.length - charactersMax} more)…`;
  const kept = Math.max(2, charactersMax - mark.length);
  const head = text.slice(0, Math.ceil(kept / 2));
  return `${head.toWellFormed()}${mark}${text.slice(-Math.floor(kept / 2)).toWellFormed()}`;
}

/** Words by which build servers take a line of output for a command, wherever in the line they stand. */
const COMMAND = /##(?=\[|[a-z]{1,32}\[)/gi;

/**
 * A value as JSON that a terminal and a build server may be shown: what is not seen is escaped, and so is what runners of pipelines
 * take for commands. It reads as the same value.
 */
export function visibleJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return text
    .replace(COMMAND, '\\u0023#')
    .replace(UNSEEN, (character) =>
      character === '\n'
        ? character
        : Array.from(
            { length: character.length },
            (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
          ).join(''),
    );
}

/** A foreign text as one line that a terminal may be shown and no runner of pipelines takes for a command. */
export function printableLine(text: string): string {
  const line = visible(text).replace(COMMAND, '\\x23#');
  // However much room stands before it.
  const begins = line.length - line.trimStart().length;
  return line.startsWith('::', begins) ? `${line.slice(0, begins)}\\x3a${line.slice(begins + 1)}` : line;
}
