import { type DefaultTreeAdapterTypes, parse, type Token } from 'parse5';
import { cssPlaces } from './css-places.ts';
import type { ActiveMarkup, LinkPlace, LinkUse } from './link-place.ts';

/** Documents within `srcdoc` attributes that are read, one inside the other. */
const NESTED_MAX = 2;

/** Attributes that fetch as soon as the element is shown, on any element: browsers differ in which they honour where. */
const LOADS = new Set(
  'src data poster background icon manifest archive codebase classid lowsrc dynsrc profile imagesrcset srcset'.split(
    ' ',
  ),
);
/** Elements whose `href` fetches when shown; on others it is a link. */
const HREF_LOADS = new Set([
  'link',
  'image',
  'use',
  'feimage',
  'script',
  'pattern',
  'lineargradient',
  'mpath',
]);
/** Elements of SVG that give an attribute of their parent other values while they are shown (SVG animations, section 2.13). */
const ANIMATES = new Set(['animate', 'set', 'animatemotion', 'animatetransform', 'animatecolor', 'discard']);
const ANIMATED_VALUES = ['to', 'from', 'by', 'values'];
const FOLLOWS = new Set(['href', 'xlink:href', 'cite', 'longdesc']);
const SUBMITS = new Set(['action', 'formaction', 'ping']);

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** What HTML makes of a text. */
export interface HtmlPlaces {
  readonly places: readonly LinkPlace[];
  readonly active: readonly ActiveMarkup[];
}

/** Addresses in a `srcset` (HTML, section 2.4.2): the first word of each candidate. */
const candidates = (value: string): string[] =>
  value
    .split(',')
    .map((candidate) => candidate.trim().split(/\s/, 1)[0]!)
    .filter((url) => url !== '');

/** Where `<meta http-equiv=refresh>` goes (HTML, section 4.2.5.3). */
function refreshTarget(content: string): string | null {
  const at = content.search(/[;,]/);
  if (at < 0) return null;
  const rest = content.slice(at + 1).trim();
  return /^url\s*=/i.test(rest) ? rest.slice(rest.indexOf('=') + 1).replaceAll(/[\s"']/g, '') : rest;
}

function useOf(element: string, attribute: string): LinkUse | null {
  if (LOADS.has(attribute)) return 'load';
  if (SUBMITS.has(attribute)) return 'submit';
  if (!FOLLOWS.has(attribute)) return null;
  if (element === 'base') return 'base';
  return HREF_LOADS.has(element.toLowerCase()) && attribute.endsWith('href') ? 'load' : 'follow';
}

class Reader {
  readonly places: LinkPlace[] = [];
  readonly active: ActiveMarkup[] = [];

  #place(url: string, use: LinkUse, start: number, end: number): void {
    this.places.push({ url, use, syntax: 'html', start, end, code: false });
  }

  #run(start: number, end: number): void {
    this.active.push({ start, end, code: false });
  }

  /** @param within the span of the attribute that a nested document stands in; null at the top */
  read(text: string, within: { start: number; end: number } | null, depth: number): void {
    const pending: Node[] = [parse(text, { sourceCodeLocationInfo: true })];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if ('attrs' in node) this.#element(node, within, depth);
      if ('content' in node) pending.push(node.content);
      if ('childNodes' in node) for (const child of node.childNodes) pending.push(child);
    }
  }

  #element(element: Element, within: { start: number; end: number } | null, depth: number): void {
    const location = element.sourceCodeLocation;
    // Elements that the text does not name, such as `html`, have no place and no attributes.
    const opening = within ?? (location ? spanOf(location.startTag ?? location) : { start: 0, end: 0 });
    if (element.tagName === 'style' || element.tagName === 'script') this.#raw(element, within, opening);
    for (const { name, value, prefix } of element.attrs) {
      const attribute = prefix ? `${prefix}:${name}` : name;
      const own = location?.attrs?.[attribute];
      const span = within ?? (own ? spanOf(own) : opening);
      this.#attribute(element, attribute, value, span, depth);
    }
    if (ANIMATES.has(element.tagName.toLowerCase())) this.#animated(element, within, opening);
    if (element.tagName !== 'meta') return;
    const attribute = (name: string): string => element.attrs.find((a) => a.name === name)?.value ?? '';
    if (attribute('http-equiv').toLowerCase() !== 'refresh') return;
    const target = refreshTarget(attribute('content'));
    if (target !== null) this.#place(target, 'load', opening.start, opening.end);
  }

  /** What an attribute of the parent becomes: an address that is loaded, as the parent may be shown for it. */
  #animated(
    element: Element,
    within: { start: number; end: number } | null,
    opening: { start: number; end: number },
  ): void {
    const given = new Map(element.attrs.map(({ name, value }) => [name.toLowerCase(), value]));
    const name = (given.get('attributename') ?? '').toLowerCase().trim();
    if (name.startsWith('on')) this.#run(opening.start, opening.end);
    const isAddress = name.endsWith('href') || LOADS.has(name) || FOLLOWS.has(name) || SUBMITS.has(name);
    const { start, end } = within ?? opening;
    for (const key of ANIMATED_VALUES)
      for (const value of (given.get(key) ?? '').split(';')) {
        if (isAddress && value.trim() !== '') this.#place(value.trim(), 'load', start, end);
        else for (const { url } of cssPlaces(value)) this.#place(url, 'load', start, end);
      }
  }

  #attribute(
    element: Element,
    attribute: string,
    value: string,
    span: { start: number; end: number },
    depth: number,
  ): void {
    if (attribute.startsWith('on') && value.trim() !== '') this.#run(span.start, span.end);
    else if (attribute === 'style')
      for (const { url } of cssPlaces(value)) this.#place(url, 'load', span.start, span.end);
    else if (attribute === 'srcdoc') {
      if (depth < NESTED_MAX) this.read(value, span, depth + 1);
      else this.#run(span.start, span.end);
    } else {
      const use = useOf(element.tagName, attribute);
      if (use === null) return;
      for (const url of attribute.endsWith('srcset') ? candidates(value) : [value])
        this.#place(url, use, span.start, span.end);
    }
  }

  /** The text of an element that is no markup. */
  #raw(
    element: Element,
    within: { start: number; end: number } | null,
    opening: { start: number; end: number },
  ): void {
    for (const child of element.childNodes) {
      if (!('value' in child)) continue;
      const from = child.sourceCodeLocation?.startOffset ?? opening.start;
      if (element.tagName === 'script') {
        if (child.value.trim() !== '') this.#run(opening.start, opening.end);
        continue;
      }
      for (const { url, start, end } of cssPlaces(child.value)) {
        const span = within ?? { start: from + start, end: from + end };
        this.#place(url, 'load', span.start, span.end);
      }
    }
  }
}

const spanOf = ({ startOffset, endOffset }: Token.Location): { start: number; end: number } => ({
  start: startOffset,
  end: endOffset,
});

/** Reads a text as a browser would that shows it as HTML (WHATWG HTML, section 13.2). @param offset added to every position */
export function htmlPlaces(text: string, offset: number): HtmlPlaces {
  const reader = new Reader();
  reader.read(text, null, 0);
  const moved = <T extends { readonly start: number; readonly end: number }>(place: T): T => ({
    ...place,
    start: place.start + offset,
    end: place.end + offset,
  });
  return { places: reader.places.map(moved), active: reader.active.map(moved) };
}
