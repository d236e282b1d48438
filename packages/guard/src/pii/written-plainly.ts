/** Spaces that do not break, or are wider or narrower than the usual one: word processors, banks and web pages write them. */
const SPACES = '\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000';
/** Hyphens that do not break, and dashes that are written for them. */
const HYPHENS = '\\u2010-\\u2013\\u2043\\ufe58\\ufe63\\uff0d';
/** Zeros of scripts that write numbers with figures of their own: Arabic, Persian, the scripts of India, Thai, Burmese, Khmer. */
const ZEROS = [
  0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0x1040, 0x17e0,
  0xff10,
];
const figures = ZEROS.map((zero) => `${String.fromCharCode(zero)}-${String.fromCharCode(zero + 9)}`).join('');

const OTHERWISE = new RegExp(`[${SPACES}${HYPHENS}${figures}]`);
const EACH = new RegExp(`([${SPACES}])|([${HYPHENS}])|[${figures}]`, 'g');

function figureOf(c: string): string {
  const code = c.charCodeAt(0);
  return `${code - ZEROS.findLast((zero) => zero <= code)!}`;
}

/**
 * A text with spaces, hyphens and figures as numbers have them in ASCII, so that one way of writing is looked for. As long
 * as the text, place by place.
 */
export function writtenPlainly(text: string): string {
  if (!OTHERWISE.test(text)) return text;
  return text.replace(EACH, (c, space?: string, hyphen?: string) =>
    space !== undefined ? ' ' : hyphen !== undefined ? '-' : figureOf(c),
  );
}
