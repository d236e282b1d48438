/** What a comment calls its encoding; at most one of each is read. */
const COOKIE = /coding[:=][ \t]*([-\w.]+)/;
const LINES = 2;

/** Encodings whose second bytes may be plain letters, by the names that Python knows, as `TextDecoder` calls them. */
const TWO_BYTES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    big5: 'big5 big5_tw csbig5 x_mac_trad_chinese big5hkscs big5_hkscs hkscs cp950 950 ms950',
    gbk: 'gbk 936 cp936 ms936',
    gb18030: 'gb18030 gb18030_2000',
    shift_jis:
      'shift_jis csshiftjis shiftjis sjis s_jis x_mac_japanese cp932 932 ms932 mskanji ms_kanji windows_31j',
    'euc-kr': 'cp949 949 ms949 uhc',
  }).flatMap(([label, names]) => names.split(' ').map((name) => [name, label] as const)),
);
/** Encodings in which plain letters are no letters, or others are. */
const OTHER_LETTERS: readonly RegExp[] = [
  /^(?:utf_?7|u7|unicode_1_1_utf_7|(?:raw_)?unicode_escape|unicode(?:big|little)unmarked)$/,
  /^(?:utf_?(?:16|32)(?:_?[bl]e)?|u16|u32|punycode|idna|undefined|hz(?:gb|_gb(?:_2312)?)?|(?:cs)?iso_?2022\w*)$/,
  /^(?:(?:cp|ibm|csibm)?(?:037|039|273|424|500|864|875|1026|1140)|ebcdic\w*)$/,
  /^(?:johab|(?:cp|ms)1361|s(?:hift)?_?jis(?:x0213|_?2004)|s_jis(?:x0213|_2004))$/,
];

/**
 * The encoding that a comment at the top of a source names (PEP 263), as Python spells it: the first line, or the second behind one
 * without code. Null where it names none.
 */
export function namedEncoding(text: string): string | null {
  let at = 0;
  for (let line = 0; line < LINES; line++) {
    const rest = text.slice(at).search(/[\r\n]/);
    const own = rest < 0 ? text.slice(at) : text.slice(at, at + rest);
    if (/^[ \t\f]*#/.test(own)) {
      const name = COOKIE.exec(own)?.[1];
      if (name !== undefined) return name.toLowerCase().replace(/[^a-z\d.]+/g, '_');
    } else if (!/^[ \t\f]*$/.test(own)) return null;
    if (rest < 0) return null;
    at += rest + (text.startsWith('\r\n', at + rest) ? 2 : 1);
  }
  return null;
}

/** A source as Python reads it; `hidden` in an encoding in which letters stand for others, `broken` where it is not sound in its own. */
export interface PythonText {
  readonly text: string;
  readonly fault: 'hidden' | 'broken' | null;
}

const isMarked = (bytes: Uint8Array): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** Reads a source in the encoding that it names. @param plain its text as UTF-8 or by its first bytes */
export function pythonText(bytes: Uint8Array, plain: string): PythonText {
  const encoding = isMarked(bytes) ? null : namedEncoding(plain);
  if (encoding === null) return { text: plain, fault: null };
  if (OTHER_LETTERS.some((one) => one.test(encoding))) return { text: plain, fault: 'hidden' };
  const label = TWO_BYTES.get(encoding);
  if (label === undefined) return { text: plain, fault: null };
  try {
    return { text: new TextDecoder(label, { fatal: true }).decode(bytes), fault: null };
  } catch {
    return { text: plain, fault: 'broken' };
  }
}
