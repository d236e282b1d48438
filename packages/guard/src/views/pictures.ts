import type { Rewriting } from './rewriting.ts';

/** Pictures and signs, with a space on either side. */
const PICTURES = / ?(?:\p{Extended_Pictographic}|\p{So}){1,8} ?/gu;
const LETTER = /\p{L}/u;
/** Pictures between letters from which they are taken to be meant so. */
const PICTURES_MIN = 4;

/**
 * Pictures between letters, undone: where they part words they are spaces, where they part letters they are nothing.
 */
export function withoutPictures(rewriting: Rewriting): void {
  const { text } = rewriting;
  let between = 0;
  let letters = 0;
  let end = -2;
  for (const { 0: found, index } of text.matchAll(PICTURES)) {
    const next = index + found.length;
    if (LETTER.test(text[index - 1] ?? '') && LETTER.test(text[next] ?? '')) between++;
    if (index === end + 1) letters++;
    end = next;
  }
  if (between < PICTURES_MIN) return;
  const within = 2 * letters >= between;
  rewriting.undo('pictures', text.matchAll(PICTURES), (builder, found, at) => {
    if (!within || found.includes(' ')) builder.code(32, at, at + found.length);
    return true;
  });
}
