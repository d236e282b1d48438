import { parse as parseToml } from 'smol-toml';
import type { Inspection, Place } from '../inspection.ts';
import { inspectTemplate, isChatTemplate, JINJA } from '../templates/inspect-template.ts';
import { type Json, textsIn } from '../text/json.ts';
import { lineFinder } from '../text/lines.ts';
import { printable } from '../text/printable.ts';
import { decodeText, encodingOf } from '../text/text-encoding.ts';
import { attributesOf, tagsIn } from '../text/xml-tags.ts';
import type { Format, Probe } from './format.ts';

/** Bytes of a text that are read. */
export const TEXT_BYTES_MAX = 32 * 1024 * 1024;

/** Whether it begins like text. */
export const isText = ({ head }: Probe): boolean =>
  head.length > 0 && (!head.includes(0) || encodingOf(head) !== 'utf-8');

/** Whether there is anything in it: what is read as a text for its name alone is one, whatever characters it holds. */
export const isThere = ({ head }: Probe): boolean => head.length > 0;

/** Bytes in which words are looked for that tell a format: comments may come before them. */
const LOOK_BYTES_MAX = 1024 * 1024;

/** The text in which words are looked for, where the name of a file says that they may be there. */
export const textFrom = ({ head, inspection }: Probe): string =>
  decodeText(inspection.source.read(0, LOOK_BYTES_MAX), encodingOf(head));

/** A text, up to a limit; what is longer is reported. */
export function readText(inspection: Inspection): string {
  const { source } = inspection;
  if (source.size > TEXT_BYTES_MAX) inspection.report('too-much', 'is a text that is longer than is read');
  return decodeText(source.read(0, TEXT_BYTES_MAX));
}

/** Where a text of XML first declares entities: by itself, in a type of document with parts of its own, or in one that lies elsewhere. */
function entityAt(text: string): number | null {
  let open: number | null = null;
  for (const { 0: part, index } of text.matchAll(/<!(?:DOCTYPE|ENTITY)|[>[]|SYSTEM|PUBLIC/gi)) {
    if (/^<!E/i.test(part)) return index;
    if (part.startsWith('<')) open ??= index;
    else if (part === '>') open = null;
    else if (open !== null) return open;
  }
  return null;
}

function xml(inspection: Inspection, text: string, lineAt: (offset: number) => number): void {
  const entity = entityAt(text);
  if (entity !== null) inspection.report('xml-entity', 'declares entities', { line: lineAt(entity) });
  const sheet = /<\?xml-stylesheet/i.exec(text);
  if (sheet)
    inspection.report('xml-entity', 'names a style sheet that a reader fetches', {
      line: lineAt(sheet.index),
    });
  const include = /<(?:xi:include|xs:import|xs:include|script)\b/i.exec(text);
  if (include)
    inspection.report('xml-entity', 'takes in other files or runs a script', {
      line: lineAt(include.index),
    });
}

/** OpenVINO: a graph in XML beside its weights. */
export const openVino: Format = {
  name: 'openvino',
  recognise: (probe) =>
    /<net\s[^<>]*\bversion\s*=\s*["']\d+["']/.test(
      probe.name.endsWith('.xml') ? textFrom(probe) : probe.text,
    ),
  inspect: (inspection) => {
    const text = readText(inspection);
    const lineAt = lineFinder(text);
    xml(inspection, text, lineAt);
    for (const tag of tagsIn(text)) {
      const attributes = attributesOf(tag);
      const place = { line: lineAt(tag.offset) };
      const version = tag.name === 'layer' ? (attributes.get('version') ?? '') : '';
      if (!/^(?:opset\d+|ie_internal_opset|util|)$/.test(version))
        inspection.report(
          'custom-operator',
          `needs operators of \`${printable(version)}\` (\`${printable(attributes.get('type') ?? '')}\`)`,
          place,
        );
      for (const [name, value] of attributes)
        if (/^(?:library|plugin|extension|path)$/i.test(name) && /\.(?:so|dll|dylib)/i.test(value))
          inspection.report('custom-operator', `loads \`${printable(value)}\``, place);
    }
  },
};

/** PMML: models in XML. */
export const pmml: Format = {
  name: 'pmml',
  recognise: (probe) =>
    /<(?:[\w.-]{1,64}:)?PMML[\s>]/.test(probe.name.endsWith('.xml') ? textFrom(probe) : probe.text) ||
    (probe.name.endsWith('.pmml') && /^\s*(?:<|$)/.test(probe.text)),
  inspect: (inspection) => {
    const text = readText(inspection);
    const lineAt = lineFinder(text);
    xml(inspection, text, lineAt);
    for (const tag of tagsIn(text)) {
      const called = tag.name === 'Apply' ? (attributesOf(tag).get('function') ?? '') : '';
      if (/^(?:java|javax|javafx|com|org|net|sun|jdk)\./.test(called))
        inspection.report('config-target', `calls \`${printable(called)}\``, { line: lineAt(tag.offset) });
    }
  },
};

/** Names of templates alone, and of files that may be one among others: these are where they have what only Jinja writes. */
const TEMPLATE_NAME = /\.(?:jinja2?|j2)$|^chat_template/;
const MAYBE_TEMPLATE = /\.(?:template|tmpl|tpl|toml)$|^(?:template|modelfile)$/;
/** A document of TOML, or null for what is none. */
function tomlOf(text: string): Json {
  try {
    return parseToml(text) as unknown as Json;
  } catch {
    return null;
  }
}

/** A template as its reader has it: the whole of a file, or each text of a table in TOML that is one. */
function* templatesIn(inspection: Inspection): Generator<[string, Place]> {
  const text = readText(inspection);
  const root = inspection.name.endsWith('.toml') ? tomlOf(text) : null;
  if (root === null) return yield [text, {}];
  for (const { text: one, pointer } of textsIn(root, (value) => /\{[{%]/.test(value)))
    yield [one, { pointer }];
}

/** Jinja templates on their own, and in files that hold one. */
export const jinja: Format = {
  name: 'jinja',
  recognise: (probe) =>
    isThere(probe) &&
    !probe.name.endsWith('.json') &&
    (TEMPLATE_NAME.test(probe.name) ||
      (MAYBE_TEMPLATE.test(probe.name) && isText(probe) && JINJA.test(textFrom(probe)))),
  inspect: (inspection) => {
    const isNamed = inspection.name.includes('chat_template');
    for (const [text, place] of templatesIn(inspection))
      inspectTemplate(inspection, text, place, !isNamed && !isChatTemplate(text));
  },
};

/** Models of trees as their libraries write them: numbers, and nothing that runs. */
export const trees: Format = {
  name: 'trees',
  recognise: ({ headText }) =>
    /^tree\r?\nversion=v\d/.test(headText) ||
    headText.startsWith('CBM1') ||
    headText.startsWith('binf') ||
    /^\{L\x00{7}.{1,3}(?:learner|version)/s.test(headText) ||
    /^\{[LiUI].{0,8}learner/s.test(headText),
  inspect: () => {},
};

const data = (name: string, recognise: (headText: string, name: string) => boolean): Format => ({
  name,
  recognise: (probe) => recognise(probe.headText, probe.name),
  inspect: () => {},
});

/** Formats of data and weights in which nothing runs, told apart so that an inventory knows them. */
export const DATA_FORMATS: readonly Format[] = [
  data('orc', (head) => head.startsWith('ORC')),
  data('avro', (head) => head.startsWith('Obj\x01')),
  data('ggml', (head) => /^(?:lmgg|fmgg|tjgg|algg)/.test(head)),
  data('tensor-bundle', (_, name) => /\.data-\d{5}-of-\d{5}$/.test(name)),
  data('sentencepiece', (head, name) => name.endsWith('.model') && /^\n.[\n]/s.test(head)),
  data('sqlite', (head) => head.startsWith('SQLite format 3\0')),
];
