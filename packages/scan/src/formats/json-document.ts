import { escapes } from '../archives/member-path.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Inspection } from '../inspection.ts';
import { dangerOf } from '../pickle/danger.ts';
import { inspectTemplate } from '../templates/inspect-template.ts';
import { asObject, duplicateKey, type Json, objectsIn, parsePythonJson } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import { decodeText, encodingOf, type TextEncoding } from '../text/text-encoding.ts';
import type { Format } from './format.ts';
import { inspectKerasConfig, isKerasConfig } from './keras-config.ts';
import { inspectNotebook, isNotebook } from './notebook.ts';
import { inspectSkops } from './skops.ts';

const DOCUMENT_BYTES_MAX = 96 * 1024 * 1024;
/** Lists and objects of a document; each takes far more memory than the two letters it is written with. */
const PARTS_MAX = 4_000_000;
/** Names in a document, which take more. */
const NAMES_MAX = 2_000_000;
/** What a document begins with, without the room between its parts. */
const BEGINS = /^\ufeff?[{[](?:["{[\]}]|-?\d|true|false|null|NaN|-?Infinity)/;
const TELLING_CHARACTERS = 24;
const LOOK_BYTES = 64 * 1024;
/** Keys on which it depends what runs: of two, one reader takes the first and another the last. */
const DECISIVE = ['chat_template', 'auto_map', 'class_name', 'module', '_target_', '__class__', '__module__'];
/** Libraries that `_target_` and their like may name: what is in them is made with arguments only. */
const KNOWN_LIBRARIES =
  /^(?:torch\.(?:nn|optim|utils\.data)|torchvision|torchaudio|torchmetrics|transformers|diffusers|peft|lightning|pytorch_lightning|sentence_transformers|timm|monai|nemo\.collections|omegaconf|sklearn|ldm|sgm|models?)\./;
const SENTENCE =
  /^sentence_transformers\.(?:models|sentence_transformer|sparse_encoder|base|cross_encoder|util)?[\w.]*$/;
const PARENT_LIBRARY =
  /^(?:transformers|diffusers|peft|timm|sentence_transformers|torch|torchvision|open_clip|__main__)(?:\.|$)/;

/** A class or function by its dotted name that a configuration has made or called. */
export function inspectTarget(inspection: Inspection, target: string, pointer: string): void {
  const dot = target.lastIndexOf('.');
  const technique = dot > 0 ? dangerOf(target.slice(0, dot), target.slice(dot + 1)) : null;
  if (technique)
    inspection.report('config-execution', `calls \`${printable(target)}\` when it is loaded`, { pointer });
  else if (!KNOWN_LIBRARIES.test(target))
    inspection.report('config-target', `makes \`${printable(target)}\`, which is not of a known library`, {
      pointer,
    });
}

/** Keys of configurations that name code, wherever they stand. */
function inspectKeys(
  inspection: Inspection,
  object: { readonly [key: string]: Json },
  pointer: string,
): void {
  const place = { pointer };
  const autoMap = asObject(object['auto_map']);
  if (autoMap) {
    const named = Object.values(autoMap)
      .flat()
      .find((value) => typeof value === 'string');
    if (named !== undefined)
      inspection.report(
        'remote-code',
        `names code of its own (\`auto_map\`: \`${printable(String(named))}\`)`,
        place,
      );
  }
  if (object['trust_remote_code'] === true)
    inspection.report('remote-code', 'asks to trust code of its repository', place);
  const pipelines = asObject(object['custom_pipelines']);
  for (const one of Object.values(pipelines ?? {})) {
    const impl = asObject(one)?.['impl'];
    if (typeof impl === 'string')
      inspection.report('remote-code', `names code of its own (\`${printable(impl)}\`)`, place);
  }
  for (const key of ['_target_', '__target__', '_target', 'class_path', '_component_'])
    if (typeof object[key] === 'string') inspectTarget(inspection, object[key], `${pointer}/${key}`);
  if (
    typeof object['py/object'] === 'string' ||
    typeof object['py/reduce'] === 'object' ||
    typeof object['py/function'] === 'string'
  )
    inspection.report('config-execution', 'makes Python objects by name (jsonpickle)', place);
  const mapping = asObject(object['auto_mapping']);
  if (
    mapping &&
    typeof mapping['parent_library'] === 'string' &&
    !PARENT_LIBRARY.test(mapping['parent_library'])
  )
    inspection.report(
      'remote-code',
      `imports \`${printable(mapping['parent_library'])}\` when the adapter is loaded`,
      place,
    );
  if (typeof object['custom_pipeline'] === 'string')
    inspection.report(
      'remote-code',
      `takes its pipeline from \`${printable(object['custom_pipeline'])}\``,
      place,
    );
}

function inspectDiffusers(inspection: Inspection, root: { readonly [key: string]: Json }): void {
  const name = root['_class_name'];
  if (Array.isArray(name))
    inspection.report('remote-code', `takes its pipeline from \`${printable(String(name[0]))}\``, {
      pointer: '/_class_name',
    });
  for (const [key, value] of Object.entries(root)) {
    if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== 'string') continue;
    if (
      !/^(?:diffusers|transformers|stable_diffusion|onnxruntime\.training|flax|optimum)(?:\.|$)/.test(
        value[0],
      )
    )
      inspection.report('remote-code', `takes \`${printable(key)}\` from \`${printable(value[0])}\``, {
        pointer: `/${key}`,
      });
  }
}

function inspectModules(inspection: Inspection, root: readonly Json[]): void {
  for (const [index, one] of root.entries()) {
    const module = asObject(one);
    if (typeof module?.['type'] !== 'string' || module['idx'] === undefined) continue;
    const { type, path } = module as { type: string; path?: Json };
    if (!SENTENCE.test(type))
      inspection.report('remote-code', `imports \`${printable(type)}\` as a part of the model`, {
        pointer: `/${index}/type`,
      });
    if (typeof path === 'string' && escapes(path))
      inspection.report('path-traversal', `takes a part from \`${printable(path)}\``, {
        pointer: `/${index}/path`,
      });
  }
}

function inspectRoot(inspection: Inspection, root: Json): void {
  const object = asObject(root);
  if (Array.isArray(root)) inspectModules(inspection, root);
  if (!object) return;
  if (object['_class_name'] !== undefined) inspectDiffusers(inspection, object);
  if (isNotebook(object)) inspectNotebook(inspection, object);
  if (typeof object['__class__'] === 'string' && object['__loader__'] !== undefined)
    inspectSkops(inspection, root);
  if (isKerasConfig(root)) inspectKerasConfig(inspection, root);
  for (const file of Object.values(asObject(object['weight_map']) ?? {}))
    if (typeof file === 'string' && escapes(file))
      inspection.report('path-traversal', `takes weights from \`${printable(file)}\``, {
        pointer: '/weight_map',
      });
}

/** Scans a JSON document: what it is, and keys that name code anywhere in it. */
export function inspectJson(inspection: Inspection, text: string): void {
  let root: Json;
  try {
    root = parsePythonJson(text);
  } catch {
    return inspectLines(inspection, text);
  }
  inspectDocument(inspection, text, root);
}

/** One document a line, as data sets are kept. What is neither is no document that a loader would read. */
function inspectLines(inspection: Inspection, text: string): void {
  let read = 0;
  let number = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    at += line.length + 1;
    number++;
    if (line.trim() === '') continue;
    if (hasTooManyParts(line)) return tooManyParts(inspection);
    let root: Json;
    try {
      root = parsePythonJson(line);
    } catch {
      if (inspection.name.endsWith('.json') || read > 0)
        inspection.report('malformed', 'is not sound as json', { line: number });
      return;
    }
    inspectDocument(inspection, line, root);
    read++;
  }
}

const tooManyParts = (inspection: Inspection): void =>
  inspection.report('too-much', 'is a document of more parts than are read');

/** Whether a text would take far more memory as a document than it takes as it is. */
function hasTooManyParts(text: string): boolean {
  let parts = 0;
  let names = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x5b || character === 0x7b) parts++;
    else if (character === 0x3a) names++;
  }
  return parts > PARTS_MAX || names > NAMES_MAX;
}

/** The first characters of a text that are no room, wherever they stand. */
function firstCharacters(source: ByteSource, encoding: TextEncoding): string {
  let found = '';
  for (let at = 0; at < Math.min(source.size, DOCUMENT_BYTES_MAX); at += LOOK_BYTES) {
    found += decodeText(source.read(at, LOOK_BYTES), encoding).replace(/[ \t\r\n]+/g, '');
    if (found.length >= TELLING_CHARACTERS) break;
  }
  return found.slice(0, TELLING_CHARACTERS);
}

function inspectDocument(inspection: Inspection, text: string, root: Json): void {
  inspectRoot(inspection, root);
  const twice = DECISIVE.some((key) => text.split(`"${key}"`).length > 2)
    ? duplicateKey(text, DECISIVE)
    : null;
  if (twice !== null) inspection.report('ambiguous-document', `names \`${twice}\` twice in one object`);
  for (const { object, pointer } of objectsIn(root)) {
    inspectKeys(inspection, object, pointer);
    for (const key of ['chat_template', 'template', 'chat_template_jinja', 'default_chat_template']) {
      const value = object[key];
      if (typeof value === 'string' && (key !== 'template' || /\{[{%]/.test(value)))
        inspectTemplate(inspection, value, { pointer: `${pointer}/${key}` });
    }
    const several = asObject(object['chat_template']);
    for (const [key, value] of Object.entries(several ?? {}))
      if (typeof value === 'string')
        inspectTemplate(inspection, value, { pointer: `${pointer}/chat_template/${key.slice(0, 64)}` });
  }
}

/** JSON: configurations of models, tokenizers, pipelines and adapters; notebooks. */
export const jsonDocument: Format = {
  name: 'json',
  recognise: ({ text, head, name, inspection }) =>
    /^\ufeff?\s*(?:[{[]|$)/.test(text) &&
    !name.endsWith('.py') &&
    BEGINS.test(firstCharacters(inspection.source, encodingOf(head))),
  inspect: (inspection) => {
    const { source } = inspection;
    if (source.size > DOCUMENT_BYTES_MAX)
      return inspection.report('too-much', 'is a document that is longer than is read');
    const text = decodeText(source.read(0, source.size));
    if (!hasTooManyParts(text)) return inspectJson(inspection, text);
    // As one document it is not read; as one a line it may be.
    if (/^\s*[{[][^\n]*[}\]]\s*\n/.test(text.slice(0, LOOK_BYTES))) inspectLines(inspection, text);
    else tooManyParts(inspection);
  },
};
