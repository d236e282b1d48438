import type { Steps } from './steps.ts';

/** Pairs of letters that English, and what is written like it, has most: four of five that stand in words. */
const PAIRS = [
  'th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se le sa si ar ve ra ld ur',
  'no me ro li ri io ic ne ma ll co el ch ta la om us ec ce so ho tr be ly ct il ss ns ut ot di fo wi un ow do pr ac su',
  'sh ee ig wh we ad ai mo po pe ry rs ie nc am ol im em ul id ir op ev iv ke ay tt lo os wa ca ts fr bo pl bu ap sp ys',
  'my mp yo ey ex gn pt ag ab if up go ga gi ck ue ef rm da ge ci fi vi',
].join(' ');
const COMMON = new Uint8Array(32 * 32);
for (const pair of PAIRS.split(' ')) COMMON[(pair.charCodeAt(0) & 31) * 32 + (pair.charCodeAt(1) & 31)] = 1;

/** Pairs that are looked at together, and how many of two such lots must be common: chance makes three or four of sixteen. */
const LOT = 8;
const COMMON_MIN = 9;
/** Characters from one step to the next. */
const STEP = 64 * 1024;

const isLetter = (c: number): boolean => (c | 32) >= 97 && (c | 32) <= 122;

/** A run of letters that are written in turns large and small is one word; else a capital begins one. */
function asWords(text: string): string {
  const spaced = text.replaceAll(/[^A-Za-z]+/g, ' ').trim();
  const parted = spaced.replaceAll(/([a-z])([A-Z])/g, '$1 $2');
  return parted === spaced ? spaced : `${spaced}\n${parted}`;
}

/**
 * Words in a run of characters that is said to be bytes, whatever marks, figures or ends of lines stand between them: stretches
 * in which letters follow each other as chance does not have it. In steps.
 * @returns what they say, one stretch a line, marks and figures as spaces; empty for none
 */
export function* writtenWords(text: string, from = 0): Steps<string> {
  const found: string[] = [];
  /** Where the lot that is read begins, and the two before it. */
  const starts: number[] = [from];
  let pairs = 0;
  let common = 0;
  let before = 0;
  let open = -1;
  let until = from;
  const close = (): void => {
    if (open >= 0) found.push(asWords(text.slice(open, until)));
    open = -1;
  };
  const lot = (end: number): void => {
    const written = before + common >= COMMON_MIN;
    if (written && open < 0) open = starts.at(-3) ?? starts[0]!;
    // One lot more on either side: a word may begin before, and end behind.
    if (open >= 0) until = end;
    if (!written) close();
    before = common;
    starts.push(end);
    if (starts.length > 3) starts.shift();
    pairs = 0;
    common = 0;
  };
  let next = from + STEP;
  let last = 0;
  for (let i = from; i < text.length; i++) {
    if (i > next) {
      yield;
      next = i + STEP;
    }
    const c = text.charCodeAt(i);
    if (isLetter(c) && isLetter(last)) {
      common += COMMON[(last & 31) * 32 + (c & 31)]!;
      if (++pairs === LOT) lot(i + 1);
    }
    last = c;
  }
  lot(text.length);
  close();
  return found.join('\n');
}
