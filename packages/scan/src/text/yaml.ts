import {
  Alias,
  type Document,
  isAlias,
  isCollection,
  isPair,
  parseAllDocuments,
  type Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/** Characters at which something of a document may begin: each may take a thousand bytes of memory. */
const PARTS_MAX = 500_000;
const OPENING = new Set([...'\n,[{:'].map((one) => one.charCodeAt(0)));

/** A document of more parts than are read. */
export class TooManyParts extends Error {}

/** What is read of one document. */
export interface YamlDocument {
  /** What it repeats is expanded. */
  readonly value: unknown;
  /** The first fault in it; null where there is none. */
  readonly fault: Error | null;
  /** Tags in it as they are meant, with abbreviations and `%68` undone, and where they stand. */
  readonly tags: readonly { readonly tag: string; readonly offset: number }[];
}

/** The characters at which lines end, beside LF: for all readers, and for those of YAML 1.1 (PyYAML, libyaml). */
const BREAKS = [/\r(?!\n)/g, /\r(?!\n)|[\x85\u2028\u2029]/g];

/** A text as its readers split it into lines, each way once, what stands where unchanged: the parser here ends lines at LF alone. */
export const yamlReadings = (text: string): string[] => [
  ...new Set([text, ...BREAKS.map((breaks) => text.replace(breaks, '\n'))]),
];

/** A tag with what `%68` stands for. */
export const meant = (tag: string): string => {
  try {
    return decodeURIComponent(tag);
  } catch {
    return tag;
  }
};

/** Keys that are lists or tables, within each other: each is written out as a text, with all within it. */
const KEYS_WITHIN_MAX = 8;
/** Such keys by anchors: for each key all anchors are looked at. */
const KEYS_BY_ANCHORS_MAX = 50_000_000;

type Repeated = Scalar | YAMLMap | YAMLSeq;

/** Remembers what an alias repeats: by itself it looks through the whole document for it, each time. */
function resolveOnce(alias: Alias, repeated: Repeated | undefined): void {
  alias.resolve = (document, context) => {
    if (!context) return repeated;
    context.aliasResolveCache = repeated ? [repeated] : [];
    return Alias.prototype.resolve.call(alias, document, context);
  };
}

/** The tags of a document; makes it ready for being read in linear time. @throws TooManyParts for keys that take longer */
function tagsOf(document: Document.Parsed): YamlDocument['tags'] {
  const tags: { tag: string; offset: number }[] = [];
  const anchors = new Map<string, Repeated>();
  let keys = 0;
  let named = 0;
  /** How many keys a list or table lies in. */
  const within = new Map<unknown, number>();
  visit(document, {
    Node: (place, node, path) => {
      if (isAlias(node)) resolveOnce(node, anchors.get(node.source));
      else if (node.anchor !== undefined) {
        anchors.set(node.anchor, node);
        named++;
      }
      if (node.tag !== undefined) tags.push({ tag: meant(node.tag), offset: node.range?.[0] ?? 0 });
      if (!isCollection(node)) return;
      const depth = (within.get(path.at(isPair(path.at(-1)) ? -2 : -1)) ?? 0) + (place === 'key' ? 1 : 0);
      if (place === 'key') keys++;
      if (depth > KEYS_WITHIN_MAX || keys * named > KEYS_BY_ANCHORS_MAX)
        throw new TooManyParts('it has more keys that are lists or tables than are read');
      within.set(node, depth);
    },
  });
  return tags;
}

/**
 * Reads the documents of a text.
 * @param aliasesMax what they may repeat
 * @throws TooManyParts, Error for what repeats itself more often
 */
export function parseYaml(text: string, aliasesMax: number): YamlDocument[] {
  let parts = 0;
  for (let at = 0; at < text.length; at++) if (OPENING.has(text.charCodeAt(at))) parts++;
  if (parts > PARTS_MAX) throw new TooManyParts('it has more parts than are read');
  const documents = parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: false });
  if (!Array.isArray(documents)) return [];
  return documents.map((one) => {
    const tags = tagsOf(one);
    return { value: one.toJS({ maxAliasCount: aliasesMax }) as unknown, fault: one.errors[0] ?? null, tags };
  });
}
