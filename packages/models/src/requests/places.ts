import type { Media } from '../dialect.ts';

/** What may stand in a place of a request, besides text. What a place does not allow is text, wherever it stands. */
export type Place =
  /** One of a few words of the protocol; they carry nothing. */
  | { readonly kind: 'words'; readonly words: ReadonlySet<string> }
  /** A value of a form so narrow that it carries nothing: a duration, a date, a media type. */
  | { readonly kind: 'form'; readonly form: RegExp }
  /** A name or id. It is judged, and never edited: an edit would break the call. */
  | { readonly kind: 'id' }
  /** Signed or encrypted state of the provider: base64 that only the provider reads. */
  | { readonly kind: 'sealed' }
  /** What the provider acts on, such as an address or a credential for a tool. It is judged, and never edited. */
  | { readonly kind: 'acted' }
  /** Bytes as base64 or as a data URL, or the address of a file. */
  | { readonly kind: 'media'; readonly media: Media }
  /** The id of a file that the provider keeps. */
  | { readonly kind: 'file' }
  /** A number of the protocol, or a list of them. */
  | { readonly kind: 'numbers' }
  /** A few characters at which an answer ends: the system compares them, and no model reads them. */
  | { readonly kind: 'stop' }
  /** Text, or ids of tokens instead of text. */
  | { readonly kind: 'tokens' }
  /** A JSON schema. */
  | { readonly kind: 'schema' }
  /** Data of the caller's own making. */
  | { readonly kind: 'free' };

/** A place and those within it. */
export interface PlaceNode {
  readonly members: ReadonlyMap<string, PlaceNode>;
  /** Elements of a list. */
  readonly item: PlaceNode | null;
  /** Members of any name. */
  readonly any: PlaceNode | null;
  readonly place: Place | null;
}

/**
 * Places by path: `*` for the elements of a list, `+` for members of any name. A field without a place of its own is text.
 * A node has its places there, and is shared by all paths that name it.
 */
export type PlaceTable = Readonly<Record<string, Place | PlaceNode | null>>;

/** One of these words. */
export const words = (...all: string[]): Place => ({ kind: 'words', words: new Set(all) });
/** A value of this form. */
export const form = (pattern: RegExp): Place => ({ kind: 'form', form: pattern });
/** Bytes of this kind, or the address of such. */
export const media = (kind: Media): Place => ({ kind: 'media', media: kind });
/** A name or id. */
export const ID: Place = { kind: 'id' };
/** Sealed state of the provider. */
export const SEALED: Place = { kind: 'sealed' };
/** What the provider acts on. */
export const ACTED: Place = { kind: 'acted' };
/** The id of a file. */
export const FILE: Place = { kind: 'file' };
/** Numbers of the protocol. */
export const NUMBERS: Place = { kind: 'numbers' };
/** Where an answer ends. */
export const STOP: Place = { kind: 'stop' };
/** Text, or ids of tokens. */
export const TOKENS: Place = { kind: 'tokens' };
/** A JSON schema. */
export const SCHEMA: Place = { kind: 'schema' };
/** Data of the caller's own making. */
export const FREE: Place = { kind: 'free' };
/** A field that is known and holds text. */
export const TEXT = null;

/** Places under a prefix. */
export function under(prefix: string, table: PlaceTable): PlaceTable {
  return Object.fromEntries(Object.entries(table).map(([path, place]) => [`${prefix}/${path}`, place]));
}

/** Several fields of one kind. */
export function fields(place: Place | null, ...names: string[]): PlaceTable {
  return Object.fromEntries(names.map((name) => [name, place]));
}

interface Growing {
  members: Map<string, Growing>;
  item: Growing | null;
  any: Growing | null;
  place: Place | null;
}

/** Nodes that have two paths to them: one path must not write what the other reads. */
const shared = new WeakSet<PlaceNode>();

function share(at: Growing, { members, item, any, place }: PlaceNode): void {
  for (const one of [...members.values(), item, any]) if (one) shared.add(one);
  at.members = new Map([...at.members, ...members] as [string, Growing][]);
  at.item ??= item as Growing | null;
  at.any ??= any as Growing | null;
  at.place ??= place;
}

const empty = (): Growing => ({ members: new Map(), item: null, any: null, place: null });

/** A table made ready for walks. */
export function placeTree(table: PlaceTable): PlaceNode {
  const root = empty();
  for (const [path, place] of Object.entries(table)) {
    let at = root;
    for (const part of path.split('/')) {
      let next = part === '*' ? at.item : part === '+' ? at.any : at.members.get(part);
      if (!next) {
        next = empty();
        if (part === '*') at.item = next;
        else if (part === '+') at.any = next;
        else at.members.set(part, next);
      }
      if (shared.has(next)) throw new Error(`\`${path}\` is within a node that others share`);
      at = next;
    }
    if (place !== null && 'members' in place) share(at, place);
    else at.place = place;
  }
  return root;
}
