import { isNode, parseAllDocuments, visit } from 'yaml';

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

const meant = (tag: string): string => {
  try {
    return decodeURIComponent(tag);
  } catch {
    return tag;
  }
};

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
    const tags: { tag: string; offset: number }[] = [];
    visit(one, {
      Node: (_, node) => {
        if (isNode(node) && node.tag !== undefined)
          tags.push({ tag: meant(node.tag), offset: node.range?.[0] ?? 0 });
      },
    });
    return { value: one.toJS({ maxAliasCount: aliasesMax }) as unknown, fault: one.errors[0] ?? null, tags };
  });
}
