import { shortened, visible } from '@sallyport/core';

const CELL_CHARACTERS_MAX = 300;
/** What Markdown or HTML takes for more than a character, where it stands in a cell of a table. */
const MARKUP = /[&<>|`*[\]\\~@$"']|:(?=:|\/\/)|(?<=www)\.|\b_|_\b|##/gi;

/** A foreign text in a cell of a table: text, and nothing else, whatever it holds. */
export const markdownCell = (text: string): string =>
  shortened(visible(text), CELL_CHARACTERS_MAX).replace(MARKUP, (part) =>
    [...part].map((character) => `&#${character.codePointAt(0)};`).join(''),
  );
