import { isDeepStrictEqual } from 'node:util';
import type { Inspection } from '../inspection.ts';
import { inspectChatTemplates, inspectOtherTemplates } from '../templates/inspect-template.ts';
import { asObject, type Json, objectsIn } from '../text/json.ts';
import { lineFinder } from '../text/lines.ts';
import { printable } from '../text/printable.ts';
import { meant, parseYaml, TooManyParts, type YamlDocument, yamlReadings } from '../text/yaml.ts';
import { inspectAgentExport } from './agent-exports.ts';
import type { Format } from './format.ts';
import { inspectKerasConfigsIn } from './keras-config.ts';
import { inspectMonai } from './monai.ts';
import { inspectNamedCode } from './named-code.ts';
import { inspectYarn } from './package-addresses.ts';
import { inspectEnvironment } from './package-lists.ts';
import { inspectFetches, isRecipePath } from './source-text.ts';
import { isText, readText } from './text-formats.ts';
import { inspectYolo } from './yolo.ts';

/** Objects of a programming language by their names. */
const CODE_TAG = /^!?!?(?:tag:yaml\.org,2002:)?(?:python|javax?|js|ruby|perl|php|com|org|net|sun|jdk)[./:]/;
const ALIASES_MAX = 1000;

function inspectMlflow(inspection: Inspection, root: { readonly [key: string]: Json }): void {
  for (const [flavour, value] of Object.entries(asObject(root['flavors']) ?? {})) {
    const details = asObject(value);
    if (!details) continue;
    const pointer = `/flavors/${flavour}`;
    const loader = details['loader_module'];
    if (typeof loader === 'string' && !/^mlflow\./.test(loader))
      inspection.report('remote-code', `imports \`${printable(loader)}\` to load the model`, { pointer });
    if (typeof loader === 'string' && /^mlflow\.pyfunc\.model$/.test(loader))
      inspection.report('embedded-pickle', 'is a pickled Python model', { pointer });
    for (const key of ['code', 'model_code_path', 'code_paths'])
      if (details[key] !== undefined && details[key] !== null)
        inspection.report('remote-code', `imports code of its own (\`${key}\`)`, { pointer });
    for (const key of ['data', 'pickled_model', 'model_path', 'model_data'])
      if (typeof details[key] === 'string' && /^(?:\/|[a-z]+:\/\/)|\.\.\//.test(details[key]))
        inspection.report('path-traversal', `takes \`${printable(key)}\` from outside its folder`, {
          pointer,
        });
  }
}

/** Escapes of quoted texts with which letters are written otherwise, and the end of a line that is none. */
const ESCAPES = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\/)|\r?\n[ \t]{0,4096})/g;
const POINT_MAX = 0x10ffff;
/** Tags where tags may stand. */
const TAGS = /(?<![^\s,[{:?-])!(?:<[^\s>]{1,256}|!?[^\s,\]}>!<]{1,256})/g;
/** A key that decides what runs, with its value: on the next line too, folded, quoted, with properties. */
const DECISIVE =
  /(?<![\w./-])(["']?)(_target_?|__?target__|class_path|_component_|import_path|target|\(\)|trust_remote_code|custom_pipeline|py\/\w{1,16})\1[ \t]{0,64}:\s{1,64}(?:[&!]\S{0,64}\s{1,64})?(?:[&!]\S{0,64}\s{1,64})?(?:[|>][-+\d]{0,3}\s{1,64})?["']?([\w.:/*-]{1,256})/g;
/** Words without which no document makes or calls anything. */
const TELLING =
  /^%TAG\b|_target_|__target__|\b(?:_target|class_path|_component_|import_path|trust_remote_code|auto_map(?:ping)?|custom_pipelines?|loader_module|init_args|init_parameters)\b|py\/[a-z]|!python|class_name["']?[ \t]{0,64}:\s{1,64}(?:[&*!]|["']?\w{1,64}[.:]\w)|(?<!\w)\(\)["']?[ \t]{0,64}:|:\s{1,64}["']?(?:os|posix|subprocess|builtins|shutil|importlib|runpy|pty|ctypes|pickle)[.:]\w/m;

const unescaped = (text: string): string =>
  text.replace(ESCAPES, (_, byte?: string, unit?: string, point?: string, slash = '') => {
    const code = byte ?? unit ?? point;
    if (code === undefined) return slash as string;
    return String.fromCodePoint(Math.min(Number.parseInt(code, 16), POINT_MAX));
  });

/**
 * A document in which the parser found a fault: a loader may read it otherwise. Its text is searched for what runs code, and where it
 * has words that decide, it was not read to its end.
 */
function inspectTorn(inspection: Inspection, text: string): void {
  const plain = unescaped(text);
  for (const { 0: written, index } of plain.matchAll(TAGS)) {
    const tag = meant(written.replace('<', ''));
    if (CODE_TAG.test(tag) && /^!!|^!tag:|\//.test(tag)) return reportTag(inspection, plain, index);
  }
  for (const [, , key, value] of plain.matchAll(DECISIVE))
    inspectNamedCode(inspection, { [key!]: value! }, '');
  if (TELLING.test(plain))
    inspection.report('malformed', 'is not sound as yaml, and has words by which code is named');
}

const reportTag = (inspection: Inspection, text: string, offset: number): void =>
  inspection.report('config-execution', 'makes objects of a programming language by their names', {
    line: lineFinder(text)(offset),
  });

function inspectDocuments(inspection: Inspection, text: string, documents: readonly YamlDocument[]): void {
  const tag = documents.flatMap(({ tags }) => tags).find((one) => CODE_TAG.test(one.tag));
  if (tag) reportTag(inspection, text, tag.offset);
  for (const { value } of documents) {
    const root = value as Json;
    const object = asObject(root);
    if (object?.['flavors']) inspectMlflow(inspection, object);
    if (object) inspectEnvironment(inspection, object);
    if (object && inspection.name === '.yarnrc.yml') inspectYarn(inspection, object);
    inspectKerasConfigsIn(inspection, root);
    inspectYolo(inspection, root);
    inspectMonai(inspection, root);
    inspectOtherTemplates(inspection, root);
    for (const { object: part, pointer } of objectsIn(root)) {
      inspectNamedCode(inspection, part, pointer);
      inspectAgentExport(inspection, part, pointer);
      inspectChatTemplates(inspection, part, pointer);
    }
  }
  if (!tag && documents.some(({ fault }) => fault !== null)) inspectTorn(inspection, text);
}

/** YAML: MLmodel, conda environments, configurations that make objects; as each of its readers splits it into lines. */
export const yamlDocument: Format = {
  name: 'yaml',
  recognise: (probe) =>
    isText(probe) && (/\.ya?ml$/.test(probe.name) || /^(?:mlmodel|\.?condarc)$/.test(probe.name)),
  inspect: (inspection) => {
    const text = readText(inspection);
    let before: YamlDocument[] | null = null;
    for (const reading of yamlReadings(text)) {
      let documents: YamlDocument[];
      try {
        documents = parseYaml(reading, ALIASES_MAX);
      } catch (fault) {
        if (fault instanceof TooManyParts)
          return inspection.report('too-much', 'is a document of more parts than are read');
        return inspection.report('expansion-yaml', 'repeats itself more often than is read');
      }
      if (!isDeepStrictEqual(documents, before)) inspectDocuments(inspection, reading, documents);
      before = documents;
    }
    // A pipeline is looked through as a recipe too.
    if (!isRecipePath(inspection.path)) inspectFetches(inspection, text);
  },
};
