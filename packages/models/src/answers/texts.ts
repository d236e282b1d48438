import {
  CodedError,
  LIMITS,
  NAME_MARK,
  type PathPart,
  Pointers,
  type Steps,
  type StringVisitor,
  stringVisits,
} from '@sallyport/core';
import type { TextPart } from '../dialect.ts';
import { magicOfBase64 } from '../requests/media.ts';
import { oddBytes, tokenPlace } from './logprobs.ts';
import { type ShownTable, shownAs } from './shown.ts';
import { isChosen, isMember, isProtocolWord, type Structure, structureAt, structureOf } from './structure.ts';
import { Tokens } from './tokens.ts';

const DATA_URL =
  /^data:(image|audio|video|application\/pdf)(?:\/[a-z0-9.+-]{1,40})?;base64,([A-Za-z0-9+/]*={0,2})$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Keys under which dialects put media as base64. */
const MEDIA_KEYS = new Set([
  'url',
  'image_url',
  'file_data',
  'data',
  'images',
  'image',
  'result',
  'b64_json',
  'partial_image_b64',
]);
const MEDIA_CHARACTERS_MIN = 30;
/** Characters up to which what a tool is given is text, whatever it begins like. */
const WRITTEN_CHARACTERS_MAX = 4_096;

/**
 * Whether a string in a place for media is some: its bytes begin so. What only says that it is media is `told`, and not believed.
 * @returns null where it is neither
 */
function mediaOf(key: string | number | undefined, text: string): 'media' | 'told' | null {
  if (text.length < MEDIA_CHARACTERS_MIN || typeof key !== 'string' || !MEDIA_KEYS.has(key)) return null;
  const url = DATA_URL.exec(text);
  const encoded = url ? url[2]! : text;
  if (!url && !BASE64.test(text)) return null;
  const begins = magicOfBase64(encoded);
  const told = url?.[1] === 'application/pdf' ? 'document' : url?.[1];
  if (begins !== null && begins !== 'file') return told === undefined || told === begins ? 'media' : 'told';
  return url ? 'told' : null;
}

/** Key of a string: its own, or that of the list it stands in. */
const keyOf = (path: readonly (string | number)[]): string | number | undefined =>
  typeof path.at(-1) === 'number' ? path.at(-2) : path.at(-1);

/** What a dialect says of one string of an answer: its channel in a stream, the call of a tool that it belongs to. */
export interface Told {
  readonly stream: string | null;
  /** Whether the protocol has text of a model's there. */
  readonly known?: boolean;
  /** Places that the event names, as in {@link TextPart}. */
  readonly at?: readonly number[];
  readonly call?: string | undefined;
  /** Where it is JSON though its name does not say so. */
  readonly json?: boolean;
  /** Where the request is repeated. */
  readonly echo?: boolean;
}

/** Says, for one string of an answer, what kind of text it is; null leaves it out. */
export type Classify = (path: readonly (string | number)[], parent: object) => Told | null;

const JSON_KEYS = new Set(['arguments', 'partial_json']);

/**
 * Every string of an answer, classified: texts, which are values and names that are no field's, and what stands in a place
 * for an id or a word, each once. Tokens of log probabilities are texts put together. What a dialect does not know is text.
 * In steps.
 * @param shown places of text that people read
 * @throws CodedError `body-invalid` past {@link LIMITS.jsonStringsMax} texts, tokens put together, and
 * {@link LIMITS.pointersCharactersMax}
 */
export function* collectTexts(body: unknown, shown: ShownTable, classify: Classify): Steps<TextPart[]> {
  const parts: TextPart[] = [];
  const pointers = new Pointers();
  const tokens = new Tokens(classify, pointers);
  const known = new Set<string>();
  const base = { channel: 'output', system: false } as const;
  const note = (structure: Structure, text: string, path: readonly PathPart[], suffix = ''): void => {
    const name = `${structure} ${text}`;
    // A signature may come in pieces, of which two may be alike.
    if (structure !== 'sealed' && known.has(name)) return;
    known.add(name);
    const pointer = pointers.of(path) + suffix;
    parts.push({ ...base, pointer, text, kind: 'text', stream: null, structure });
  };
  const visit: StringVisitor = (text, path, parent) => {
    if (text.length === 0) return;
    if (parts.length > LIMITS.jsonStringsMax)
      throw new CodedError('body-invalid', `it holds over ${LIMITS.jsonStringsMax} texts`);
    const chosen = isChosen(path);
    const token = chosen ? null : tokenPlace(path);
    if (token) return tokens.push(text, path, parent, token);
    const structure = chosen ? null : structureOf(path, text);
    if (structure === 'word' && isProtocolWord(text)) return;
    if (structure) return note(structure, text, path);
    const key = keyOf(path);
    const media = mediaOf(key, text);
    if (media === 'media' && !chosen) return;
    // What a model chose may begin like a picture and go on as it likes.
    if (media !== null && !(chosen && text.length <= WRITTEN_CHARACTERS_MAX))
      return note('sealed', text, path);
    const told = classify(path, parent);
    if (!told) return;
    const { stream, known: plain, call, json, echo, at } = told;
    const of = shownAs(shown, body, path);
    const read = of !== null;
    const insteadOf = chosen ? null : structureAt(path);
    if (stream !== null) pointers.kept(stream);
    parts.push({
      ...base,
      pointer: pointers.of(path),
      text,
      kind: json || JSON_KEYS.has(key as string) ? 'json' : 'text',
      stream,
      ...((plain || read) && { known: true }),
      ...(of && stream === null && { of }),
      ...(call !== undefined && { call }),
      ...(echo && { echo }),
      ...(at && { at }),
      ...(insteadOf && { insteadOf }),
      shown: call === undefined && !echo && read,
    });
  };
  yield* stringVisits(
    body,
    visit,
    (text, path, parent) => {
      if (tokens.name(text, path, parent)) return;
      const told = classify(path, parent);
      if (!told) return;
      const echo = told.echo ? { echo: true } : {};
      parts.push({
        ...base,
        pointer: pointers.of(path) + NAME_MARK,
        text,
        kind: 'text',
        stream: null,
        insteadOf: 'name',
        ...echo,
      });
    },
    (name, path, parent) => {
      if (tokens.name(name, path, parent)) return;
      if (!isMember(name)) note('name', name, path, NAME_MARK);
    },
    // Whoever parsed the answer bounded it.
    Number.POSITIVE_INFINITY,
  );
  for (const path of yield* oddBytes(body))
    parts.push({
      ...base,
      pointer: pointers.of(path),
      text: '',
      kind: 'text',
      stream: null,
      structure: 'bytes',
    });
  parts.push(...tokens.parts(parts));
  return parts;
}
