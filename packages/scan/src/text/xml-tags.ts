/** A tag that opens in a text of XML, with its attributes as they are written. */
export interface XmlTag {
  /** Without what stands before a colon. */
  readonly name: string;
  readonly attributes: string;
  /** Of the tag in the text. */
  readonly offset: number;
}

/** What no tags are within, from its beginning to its end. */
const PASSED: readonly (readonly [string, string])[] = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
];
const NAME = /(?:[\w.-]{1,64}:)?([\w.-]{1,128})/y;
/** What ends the attributes of a tag, or a part of them that a quote opens. */
const ENDS = /[>"']/g;
/** What letters are written as. */
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

const unescaped = (text: string): string =>
  text.replace(/&(?:#x([\da-fA-F]{1,6})|#(\d{1,7})|([a-z]{2,4}));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES.get(name as string) ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16);
    return point > 0x10ffff ? whole : String.fromCodePoint(point);
  });

/** Tags that open, one behind another; signs within quotes end none, as some readers take more of them there than others. */
export function* tagsIn(text: string): Generator<XmlTag> {
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    const passed = PASSED.find(([begin]) => text.startsWith(begin, at));
    if (passed) {
      const end = text.indexOf(passed[1], at + passed[0].length);
      if (end < 0) return;
      at = end + passed[1].length;
      continue;
    }
    NAME.lastIndex = at + 1;
    const name = NAME.exec(text)?.[1];
    if (name === undefined) {
      at++;
      continue;
    }
    const begin = NAME.lastIndex;
    const end = endOf(text, begin);
    yield { name, attributes: text.slice(begin, end), offset: at };
    at = end;
  }
}

/** Where the attributes that begin at an offset end. */
function endOf(text: string, begin: number): number {
  ENDS.lastIndex = begin;
  for (let match = ENDS.exec(text); match !== null; match = ENDS.exec(text)) {
    if (match[0] === '>') return match.index;
    const close = text.indexOf(match[0], match.index + 1);
    if (close < 0) break;
    ENDS.lastIndex = close + 1;
  }
  return text.length;
}

const ATTRIBUTE = /([\w:.-]{1,64})\s{0,32}=\s{0,32}(?:"([^"]*)"|'([^']*)')/g;

/** Attributes with what they say, in either kind of quotes. */
export const attributesOf = ({ attributes }: XmlTag): ReadonlyMap<string, string> =>
  new Map(
    [...attributes.matchAll(ATTRIBUTE)].map(([, name, double, single]) => [
      name!,
      unescaped(double ?? single ?? ''),
    ]),
  );
