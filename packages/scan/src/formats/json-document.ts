import { escapes } from '../archives/member-path.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Inspection } from '../inspection.ts';
import {
  inspectChatTemplates,
  inspectOtherTemplates,
  inspectTemplate,
} from '../templates/inspect-template.ts';
import { asObject, duplicateKey, type Json, objectsIn, parsePythonJson } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import { decodeText, encodingOf, type TextEncoding } from '../text/text-encoding.ts';
import { inspectAgentExport, inspectPackageScripts } from './agent-exports.ts';
import { inspectExportedProgram, isExportedNode } from './exported-program.ts';
import type { Format } from './format.ts';
import { actOf, leadsOut } from './harmful-names.ts';
import { inspectKerasConfigsIn } from './keras-config.ts';
import { inspectMonai } from './monai.ts';
import { DOTTED, inspectNamedCode } from './named-code.ts';
import { inspectNotebook, isNotebook } from './notebook.ts';
import { inspectOnnxObject } from './onnx-parts.ts';
import { inspectOffers, inspectPackageAddresses } from './package-addresses.ts';
import { inspectSkops } from './skops.ts';
import { reportStartedIn } from './started-programs.ts';
import { isWorkspacePath } from './workspace.ts';
import { inspectReferences, inspectZarrArray } from './zarr.ts';

const DOCUMENT_BYTES_MAX = 96 * 1024 * 1024;
/** Lists and objects of a document; each takes far more memory than the two letters it is written with. */
const PARTS_MAX = 4_000_000;
/** Names in a document, which take more. */
const NAMES_MAX = 2_000_000;
/** Lists and objects within each other: readers of JSON stop far sooner, and each level takes memory of its own. */
const DEPTH_MAX = 100_000;
/** What a document begins with, without the room between its parts. */
const BEGINS = /^\ufeff?[{[](?:["{[\]}]|-?\d|true|false|null|NaN|-?Infinity)/;
const TELLING_CHARACTERS = 24;
const LOOK_BYTES = 64 * 1024;
/** Keys on which it depends what runs: of two, one reader takes the first and another the last. */
const DECISIVE = ['chat_template', 'auto_map', 'class_name', 'module', '_target_', '__class__', '__module__'];
const SENTENCE =
  /^sentence_transformers\.(?:models|sentence_transformer|sparse_encoder|base|cross_encoder|util)?[\w.]*$/;

function inspectDiffusers(inspection: Inspection, root: { readonly [key: string]: Json }): void {
  const own = root['_class_name'];
  if (Array.isArray(own))
    inspection.report('remote-code', `takes its pipeline from \`${printable(String(own[0]))}\``, {
      pointer: '/_class_name',
    });
  for (const [key, value] of Object.entries(root)) {
    const parts = value as readonly Json[];
    const isPart = Array.isArray(value) && (parts.length === 2 || parts.length === 3);
    if (isPart && typeof parts[0] === 'string') inspectPart(inspection, key, parts, `/${key}`);
    // Of pipelines of blocks: where a part comes from, beside what it is.
    const spec = asObject(Array.isArray(value) ? parts[2] : value);
    const hint = spec?.['type_hint'];
    if (Array.isArray(hint) && hint.length === 2 && typeof hint[0] === 'string')
      inspectPart(inspection, key, hint as readonly Json[], `/${key}/type_hint`);
  }
}

function inspectPart(
  inspection: Inspection,
  key: string,
  [library, name]: readonly Json[],
  pointer: string,
): void {
  const whole = `${String(library)}.${String(name)}`;
  if (
    !/^(?:diffusers|transformers|stable_diffusion|onnxruntime\.training|flax|optimum)(?:\.|$)/.test(
      String(library),
    ) ||
    actOf(whole) !== null ||
    leadsOut(whole)
  )
    inspection.report('remote-code', `takes \`${printable(key)}\` from \`${printable(String(library))}\``, {
      pointer,
    });
}

/** Parts of a model of sentence-transformers, each made by the name of its class: `modules.json`, by whatever name. */
function inspectModules(inspection: Inspection, root: readonly Json[]): void {
  for (const [index, one] of root.entries()) {
    const module = asObject(one);
    const type = module?.['type'];
    const path = module?.['path'];
    if (!module || typeof type !== 'string') continue;
    const isPart =
      inspection.name === 'modules.json' ||
      module['idx'] !== undefined ||
      (typeof path === 'string' && module['name'] !== undefined && DOTTED.test(type));
    if (!isPart) continue;
    if (!SENTENCE.test(type) || leadsOut(type))
      inspection.report('remote-code', `imports \`${printable(type)}\` as a part of the model`, {
        pointer: `/${index}/type`,
      });
    if (typeof path === 'string' && escapes(path))
      inspection.report('path-traversal', `takes a part from \`${printable(path)}\``, {
        pointer: `/${index}/path`,
      });
  }
}

/** Parts that a router of sentence-transformers makes, by the names of their classes. */
function inspectRouter(inspection: Inspection, root: { readonly [key: string]: Json }): void {
  if (!asObject(root['structure'])) return;
  for (const [key, type] of Object.entries(asObject(root['types']) ?? {}))
    if (typeof type === 'string' && (!SENTENCE.test(type) || leadsOut(type)))
      inspection.report('remote-code', `imports \`${printable(type)}\` as a part of the model`, {
        pointer: `/types/${key.slice(0, 64)}`,
      });
}

function inspectRoot(inspection: Inspection, root: Json): void {
  const object = asObject(root);
  if (Array.isArray(root)) inspectModules(inspection, root);
  if (!object) return;
  inspectRouter(inspection, object);
  if (object['_class_name'] !== undefined) inspectDiffusers(inspection, object);
  if (isNotebook(object)) inspectNotebook(inspection, object);
  if (inspection.name === 'package.json') {
    inspectPackageScripts(inspection, object);
    inspectPackageAddresses(inspection, object);
  }
  if (/^(?:marketplace|server|plugin)\.json$/.test(inspection.name)) inspectOffers(inspection, object);
  if (typeof object['__class__'] === 'string' && object['__loader__'] !== undefined)
    inspectSkops(inspection, root);
  inspectExportedProgram(inspection, root);
  for (const file of Object.values(asObject(object['weight_map']) ?? {}))
    if (typeof file === 'string' && escapes(file))
      inspection.report('path-traversal', `takes weights from \`${printable(file)}\``, {
        pointer: '/weight_map',
      });
}

/** Scans a JSON document: what it is, and keys that name code anywhere in it. @returns whether it is one, or says that it is */
function inspectJson(inspection: Inspection, text: string): boolean {
  let root: Json;
  try {
    root = parsePythonJson(text);
  } catch {
    // With comments, as editors write it, it is read elsewhere.
    return isWorkspacePath(inspection.path) || inspectLines(inspection, text);
  }
  inspectDocument(inspection, text, root);
  const object = asObject(root);
  if (object === null || !isNotebook(object)) inspectOtherTemplates(inspection, root, true);
  return true;
}

/** One document a line, as data sets are kept. What is neither is no document that a loader would read. @returns whether it is either */
function inspectLines(inspection: Inspection, text: string): boolean {
  let read = 0;
  let number = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    at += line.length + 1;
    number++;
    if (line.trim() === '') continue;
    if (hasTooManyParts(line)) {
      tooManyParts(inspection);
      return true;
    }
    let root: Json;
    try {
      root = parsePythonJson(line);
    } catch {
      const isSaid = inspection.name.endsWith('.json') || read > 0;
      if (isSaid) inspection.report('malformed', 'is not sound as json', { line: number });
      return isSaid;
    }
    inspectDocument(inspection, line, root);
    read++;
  }
  return true;
}

const tooManyParts = (inspection: Inspection): void =>
  inspection.report('too-much', 'is a document of more parts than are read');

/** Whether a text would take far more memory as a document than it takes as it is. What stands in its texts is no part of one. */
function hasTooManyParts(text: string): boolean {
  let parts = 0;
  let names = 0;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x22) {
      for (at++; at < text.length && text.charCodeAt(at) !== 0x22; at++)
        if (text.charCodeAt(at) === 0x5c) at++;
    } else if (character === 0x5b || character === 0x7b) {
      parts++;
      if (++depth > deepest) deepest = depth;
    } else if (character === 0x5d || character === 0x7d) depth--;
    else if (character === 0x3a) names++;
  }
  return parts > PARTS_MAX || names > NAMES_MAX || deepest > DEPTH_MAX;
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
  inspectKerasConfigsIn(inspection, root);
  inspectReferences(inspection, root);
  if (!isWorkspacePath(inspection.path)) reportStartedIn(inspection, root);
  if (/"\$|\\u0024/.test(text)) inspectMonai(inspection, root);
  const twice = DECISIVE.some((key) => text.split(`"${key}"`).length > 2)
    ? duplicateKey(text, DECISIVE)
    : null;
  if (twice !== null) inspection.report('ambiguous-document', `names \`${twice}\` twice in one object`);
  const domains = new Set<string>();
  for (const { object, pointer } of objectsIn(root)) {
    const named = isExportedNode(object) ? { ...object, target: null } : object;
    inspectNamedCode(inspection, named, pointer);
    inspectAgentExport(inspection, object, pointer);
    inspectZarrArray(inspection, object, pointer);
    inspectOnnxObject(inspection, object, pointer, domains);
    inspectChatTemplates(inspection, object, pointer);
    const { template } = object;
    if (typeof template === 'string' && /\{[{%]/.test(template))
      inspectTemplate(inspection, template, { pointer: `${pointer}/template` });
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
    // As one document it is not read where it has too many parts; as one a line it may be.
    const isLines = /^\s*[{[][^\n]*[}\]]\s*\n/.test(text.slice(0, LOOK_BYTES));
    if (!hasTooManyParts(text)) {
      if (!inspectJson(inspection, text)) inspection.disclaim('json');
    } else if (!isLines) tooManyParts(inspection);
    else if (!inspectLines(inspection, text)) inspection.disclaim('json');
  },
};
