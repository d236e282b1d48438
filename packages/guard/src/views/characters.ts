import { CONFUSABLES } from './confusables.ts';

/** Zero-width, bidirectional, variation selectors, soft hyphen, fillers, tags: seen by machines, not by people. */
export function isInvisible(c: number): boolean {
  return (
    c === 0xad ||
    c === 0x34f ||
    c === 0x61c ||
    c === 0x115f ||
    c === 0x1160 ||
    c === 0x17b4 ||
    c === 0x17b5 ||
    (c >= 0x180b && c <= 0x180f) ||
    (c >= 0x200b && c <= 0x200f) ||
    (c >= 0x202a && c <= 0x202e) ||
    (c >= 0x2060 && c <= 0x206f) ||
    c === 0x3164 ||
    (c >= 0xfe00 && c <= 0xfe0f) ||
    c === 0xfeff ||
    c === 0xffa0 ||
    (c >= 0xfff0 && c <= 0xfffb) ||
    (c >= 0x13430 && c <= 0x1345f) ||
    (c >= 0x1bca0 && c <= 0x1bca3) ||
    (c >= 0x1d173 && c <= 0x1d17a) ||
    (c >= 0xe0000 && c <= 0xe0fff)
  );
}

/**
 * Whether an invisible character does its work where it stands: joiners within Arabic and Indic scripts and between
 * pictures, and what chooses how a picture is drawn.
 * @param before the code unit before it
 */
export function isNeeded(c: number, before: number): boolean {
  if (c === 0x200c || c === 0x200d || c === 0x34f) return before >= 0x590;
  return (c === 0xfe0e || c === 0xfe0f) && before >= 0x2000;
}

/** Letters that no normalisation form folds: squared, negative circled, regional indicators, turned, small capitals. */
const STYLED = new Map<number, string>();
for (let i = 0; i < 26; i++) {
  const letter = String.fromCharCode(97 + i);
  // Regional indicators come in pairs as flags; read as letters they are what a flag spells.
  for (const base of [0x1f130, 0x1f150, 0x1f170, 0x1f1e6]) STYLED.set(base + i, letter);
}
const TURNED = 'ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz';
[...'abcdefghijklmnopqrstuvwxyz'].forEach((letter, i) => {
  const turned = [...TURNED][i]!;
  if (turned.charCodeAt(0) > 0x7f) STYLED.set(turned.codePointAt(0)!, letter);
});
for (const [turned, letter] of [
  ['⅄', 'y'],
  ['∀', 'a'],
  ['Ǝ', 'e'],
  ['⅃', 'l'],
  ['ı', 'i'],
  ['ƨ', 's'],
  ['ɘ', 'e'],
] as const)
  STYLED.set(turned.codePointAt(0)!, letter);

/** Folded before; bounded, for there are more characters than any text uses. */
const FOLDED = new Map<number, string>();
const FOLDED_MAX = 4_096;

/** What a character is as lower case without style or marks; empty for marks on Latin letters. */
export function foldCharacter(c: number): string {
  const known = FOLDED.get(c);
  if (known !== undefined) return known;
  const character = String.fromCodePoint(c);
  let out = '';
  const styled = STYLED.get(c);
  if (styled) out = styled;
  else {
    const apart = character.normalize('NFKD');
    // Marks go from Latin letters only: й, が and 무 are letters of their own.
    const whole = apart.charCodeAt(0) < 0x80 ? apart : character.normalize('NFKC');
    for (let i = 0; i < whole.length; i++) {
      const mark = whole.charCodeAt(i);
      const combining =
        (mark >= 0x300 && mark <= 0x36f) ||
        (mark >= 0x1ab0 && mark <= 0x1aff) ||
        (mark >= 0x1dc0 && mark <= 0x1dff) ||
        (mark >= 0x20d0 && mark <= 0x20ff) ||
        (mark >= 0xfe20 && mark <= 0xfe2f);
      if (!combining) out += whole[i];
    }
    out = out.toLowerCase();
  }
  if (FOLDED.size < FOLDED_MAX) FOLDED.set(c, out);
  return out;
}

/** The Latin letter that a folded character passes for, or null. */
export const lookalike = (c: number): string | null => CONFUSABLES.get(c) ?? null;
