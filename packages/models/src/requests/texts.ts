import {
  atOnce,
  CodedError,
  looksRandom,
  NAME_MARK,
  Pointers,
  type Steps,
  tableOf,
  toPointer,
  writtenWords,
} from '@sallyport/core';
import type { Attachment, Media, RequestPart } from '../dialect.ts';
import { cargoOf, roomOfBody } from './cargo.ts';
import { CharacterCodes } from './character-codes.ts';
import { longNumbers } from './long-numbers.ts';
import { isSealed } from './media.ts';
import type { Place, PlaceNode } from './places.ts';
import { type Visitor, walkRequest, type Zone } from './walk.ts';

type Path = readonly (string | number)[];

/** What a request says, in texts and otherwise. */
export interface RequestTexts {
  readonly parts: RequestPart[];
  readonly attachments: Attachment[];
  readonly tokenIds: number;
  readonly besides: number;
}

/** Says, for one string of a body, who says it and what it belongs together with. */
export type Classify = (path: Path, parent: object) => Pick<RequestPart, 'channel' | 'system' | 'group'>;

/** Names that programs give to fields; any other name is judged by itself. */
const FIELD_NAME = /^[A-Za-z_$][A-Za-z_$.-]{0,47}\d{0,4}$/;
/** What SDKs and providers make as ids and names. */
const ID_FORM = /^[\w.:/@+=#-]{1,256}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ID_WORD = /[A-Z]?[a-z]{3,}|[A-Z]{4,}/g;
/** Words in an id from which it may say something. */
const ID_WORDS_MAX = 2;
/** Letters that follow each other as in words, however they are written, from which it may. */
const ID_SAID_MIN = 24;
const SCHEMA_TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);
const SCHEMA_FORMATS = new Set([
  ...['date', 'date-time', 'time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid', 'regex'],
  ...['int32', 'int64', 'float', 'double', 'byte', 'binary', 'password', 'uri-reference', 'json-pointer'],
]);
/** Members that name a file wherever they stand. */
const REMOTE: Readonly<Record<string, Media>> = tableOf({
  image_url: 'image',
  video_url: 'video',
  audio_url: 'audio',
  file_url: 'document',
  file_id: 'file',
  document_url: 'document',
});
const SECURITY = /ssn|social.?security/i;
const JSON_KEYS = new Set(['arguments', 'partial_json']);
/** Attachments of each kind that are told: many of one kind hide none of another. */
const ATTACHMENTS_MAX = 256;

/**
 * Whether an id can hardly say anything: a mark of its kind and letters drawn by lot, or a few words.
 * @param isShown whether a model may be shown it, as it is not the name of itself
 */
function isBareId(text: string, isShown: boolean): boolean {
  if (UUID.test(text)) return true;
  const words = text.match(ID_WORD) ?? [];
  if (words.length <= ID_WORDS_MAX) return !isShown || atOnce(writtenWords(text)).length < ID_SAID_MIN;
  const drawn = text.slice(text.search(/[\d_-]/) + 1);
  return drawn.length >= 12 && looksRandom(drawn);
}

const isSchemaWord = (text: string, path: Path): boolean => {
  const key = path.at(-1);
  const own = typeof key === 'number' ? path.at(-2) : key;
  return own === 'type' ? SCHEMA_TYPES.has(text) : own === 'format' && SCHEMA_FORMATS.has(text);
};

/** Kinds of places where a text is what someone says. */
const PROSE: ReadonlySet<Place['kind']> = new Set(['tokens', 'schema', 'free', 'stop']);
/** Characters of what ends an answer. */
const STOP_CHARACTERS_MAX = 64;
/** Characters that a picture, sound or document counts as: what a small one is to models in tokens. */
const MEDIA_CHARACTERS = 1_024;
/** Characters that a number or a switch counts as: one token at least. */
const PLAIN_CHARACTERS = 4;
/** The same as said by a user: no operator and no answer has reason to write orders into ids, names, bytes or numbers. */
const asUser = <W extends Pick<RequestPart, 'channel'>>(who: W): W =>
  who.channel === 'document' ? who : { ...who, channel: 'user' };

/** Collects what a walk meets. */
class Collector implements Visitor {
  readonly parts: RequestPart[] = [];
  readonly attachments: Attachment[] = [];
  tokenIds = 0;
  besides = 0;
  readonly #attached = new Map<Media, number>();
  readonly #codes = new CharacterCodes();
  readonly #pointers = new Pointers();
  readonly #room = roomOfBody();
  readonly #body: unknown;
  readonly #classify: Classify;

  constructor(body: unknown, classify: Classify) {
    this.#body = body;
    this.#classify = classify;
  }

  *text(text: string, path: Path, parent: object, place: Place | null, zone: Zone): Steps<void> {
    if (!text.isWellFormed())
      throw new CodedError(
        'body-lone-surrogate',
        `the text at \`${toPointer(path)}\` is not well-formed Unicode`,
      );
    if (place?.kind === 'words' && place.words.has(text)) return;
    if (place?.kind === 'form' && place.form.test(text)) return;
    if (zone === 'schema' && isSchemaWord(text, path)) return this.plain(text.length);
    const pointer = this.#pointers.of(path);
    const { group, ...told } = this.#classify(path, parent);
    const prose = place === null || PROSE.has(place.kind);
    const who = prose ? told : asUser(told);
    const kind = JSON_KEYS.has(path.at(-1) as string) ? 'json' : 'text';
    const base = { pointer, text, kind, stream: null, ...who } as const;
    switch (place?.kind) {
      case 'id':
        if (!ID_FORM.test(text)) break;
        // The name of the model is no part of what it is shown.
        if (path.length > 1) this.besides += text.length;
        this.#id(base, path);
        return;
      case 'file':
        this.#attach(pointer, 'file', 0, text.length);
        this.plain(MEDIA_CHARACTERS);
        if (!ID_FORM.test(text)) break;
        this.#id(base, path);
        return;
      case 'sealed':
        this.parts.push({ ...base, place: 'fixed', ...(isSealed(text) && { only: 'secrets' }) });
        return;
      case 'acted':
        this.parts.push({ ...base, place: 'fixed' });
        return;
      case 'media':
        // Anthropic writes plain text where bytes may stand.
        if ((parent as { type?: unknown }).type === 'text' && path.at(-1) === 'data') break;
        yield* this.#media(base, path.at(-2) === 'source' ? this.#around(path, place.media) : place.media);
        return;
      default:
        break;
    }
    const key = path.at(-1);
    const remote = typeof key === 'string' && zone !== 'schema' ? REMOTE[key] : undefined;
    if (remote !== undefined && zone === 'free' && (key !== 'file_id' || ID_FORM.test(text))) {
      // Data of the caller's own making is shown as it is written, whatever it is called.
      if (!(yield* this.#media(base, remote))) return;
      const words = yield* writtenWords(text);
      if (words.length >= ID_SAID_MIN) this.#decoded(base, [words]);
      return;
    }
    const stops = place?.kind === 'stop' && text.length <= STOP_CHARACTERS_MAX ? true : undefined;
    yield* this.#written({ ...base, ...(group !== undefined && { group }), ...(stops && { stops }) });
  }

  name(name: string, path: Path, parent: object): void {
    const { group: _, ...told } = this.#classify(path, parent);
    const who = FIELD_NAME.test(name) ? asUser(told) : told;
    const base = {
      pointer: this.#pointers.of(path) + NAME_MARK,
      text: name,
      kind: 'text',
      stream: null,
      ...who,
    } as const;
    if (FIELD_NAME.test(name)) {
      this.besides += name.length;
      this.parts.push({ ...base, place: 'name' });
    } else this.parts.push(base);
  }

  plain(characters = PLAIN_CHARACTERS): void {
    this.besides += characters;
  }

  tokens(count: number, path: Path): void {
    this.tokenIds += count;
    this.#attach(this.#pointers.of(path), 'token-ids', 0, 0);
  }

  *codes(codes: readonly number[], path: Path, parent: object): Steps<void> {
    const text = yield* this.#codes.list(codes, path);
    if (text !== null) this.#spelt(text, path, parent);
  }

  number(value: number, path: Path, parent: object): void {
    this.plain();
    this.#codes.number(value, path, parent);
  }

  /** Reads what numbers spell over more than one list; called once, behind all. */
  spelt(): void {
    for (const { text, path, parent } of this.#codes.readings()) this.#spelt(text, path, parent);
  }

  #spelt(text: string, path: Path, parent: object): void {
    const { group: _, ...told } = this.#classify(path, parent);
    const pointer = this.#pointers.of(path);
    const who = asUser(told);
    this.parts.push({ pointer, text, kind: 'text', stream: null, ...who, place: 'number' });
  }

  /** A name or id in its form. */
  #id(part: RequestPart, path: Path): void {
    const isBare = isBareId(part.text, path.length > 1);
    this.parts.push({ ...part, place: 'fixed', ...(isBare && { only: 'secrets' }) });
  }

  /** A text of the caller's, which may carry more than it says. */
  *#written(part: RequestPart): Steps<void> {
    const { carried, decoded, opaque } = yield* cargoOf(part.text, null, this.#room);
    for (const { media, start, end } of carried) this.#attach(part.pointer, media, start, end);
    this.#decoded(part, decoded);
    if (!opaque) this.parts.push(part);
    else {
      const { group: _, ...alone } = part;
      this.besides += part.text.length;
      this.parts.push({ ...alone, place: 'fixed', only: 'secrets' });
    }
  }

  /** What stands in a place for bytes or the address of a file. @returns whether it is bytes and no text */
  *#media(part: RequestPart, media: Media): Steps<boolean> {
    const { carried, decoded, opaque } = yield* cargoOf(part.text, media, this.#room);
    this.plain(MEDIA_CHARACTERS);
    if (carried.length === 0) this.#attach(part.pointer, media, 0, part.text.length);
    for (const one of carried) this.#attach(part.pointer, one.media, one.start, one.end);
    this.#decoded(part, decoded);
    this.parts.push({ ...part, place: 'fixed', ...(opaque && { only: 'secrets' }) });
    return opaque;
  }

  /** Kind of the block that a source stands in: Anthropic has images and documents from the same sources. */
  #around(path: Path, otherwise: Media): Media {
    let at = this.#body as Record<string | number, unknown> | undefined;
    for (const part of path.slice(0, -2)) at = at?.[part] as typeof at;
    return at?.['type'] === 'image' ? 'image' : otherwise;
  }

  #decoded(part: RequestPart, texts: readonly string[]): void {
    const { group: _, ...alone } = part;
    for (const text of texts)
      this.parts.push({
        ...alone,
        channel: 'document',
        kind: 'text',
        text: text.toWellFormed(),
        place: 'decoded',
      });
  }

  #attach(pointer: string, media: Media, start: number, end: number): void {
    const count = this.#attached.get(media) ?? 0;
    if (count < ATTACHMENTS_MAX) this.attachments.push({ pointer, media, start, end });
    this.#attached.set(media, count + 1);
  }
}

/**
 * Everything that a request says: every string is text unless its place in the protocol says what else it is; names
 * that no protocol has and long numbers are read, too. In steps.
 * @param source JSON text of the body
 * @throws CodedError `body-invalid`, `body-duplicate-key`, `body-lone-surrogate`
 */
export function* collectRequest(
  body: unknown,
  source: string,
  tree: PlaceNode,
  classify: Classify,
): Steps<RequestTexts> {
  const collector = new Collector(body, classify);
  yield* walkRequest(body, tree, collector);
  collector.spelt();
  for (const { pointer, key, text } of yield* longNumbers(source, tree))
    collector.parts.push({
      pointer,
      // Nothing but this name makes nine figures a number of somebody.
      text: SECURITY.test(key) ? `${key}: ${text}` : text,
      kind: 'text',
      channel: 'user',
      system: false,
      stream: null,
      place: 'number',
      only: 'values',
    });
  const { parts, attachments, tokenIds, besides } = collector;
  return { parts, attachments, tokenIds, besides };
}
