import { tableOf } from '@sallyport/core';
/** Letters and figures, in the order of {@link MORSE}. */
export const LETTERS_AND_FIGURES = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** The telegraph's sign for each of {@link LETTERS_AND_FIGURES}. Source: ITU-R M.1677-1. */
export const MORSE: readonly string[] =
  '.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.'.split(
    ' ',
  );
/** Raised dots, from A to Z. */
export const BRAILLE = '⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵';

/** Figures and signs that are written for letters, and hardly stand for anything else within words. */
export const LEET: Readonly<Record<string, string>> = tableOf({
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'i',
});

const shift = (code: number, by: number): number => {
  if (code >= 97 && code <= 122) return ((code - 97 + by) % 26) + 97;
  return code >= 65 && code <= 90 ? ((code - 65 + by) % 26) + 65 : code;
};

/** A text with its letters moved along the alphabet, round from Z to A. */
export function shifted(text: string, by: number): string {
  let out = '';
  for (let i = 0; i < text.length; i++) out += String.fromCharCode(shift(text.charCodeAt(i), by));
  return out;
}

/** A text with its letters mirrored in the alphabet: A for Z. */
export const atbash = (text: string): string =>
  text.replaceAll(/[a-z]/gi, (c) => String.fromCharCode((c < 'a' ? 155 : 219) - c.charCodeAt(0)));

/** A text with every visible sign of ASCII moved by half of them. */
export const rot47 = (text: string): string =>
  text.replaceAll(/[!-~]/g, (c) => String.fromCharCode(((c.charCodeAt(0) - 33 + 47) % 94) + 33));
