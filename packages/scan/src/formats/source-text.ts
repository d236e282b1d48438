import type { Inspection } from '../inspection.ts';
import { commandLines, fetchesAndRuns } from '../text/fetch-and-run.ts';
import { DECODED } from '../text/hidden-code.ts';
import { asObject, type Json, objectsIn } from '../text/json.ts';
import { lineFinder } from '../text/lines.ts';
import { printable } from '../text/printable.ts';
import { parseYaml, TooManyParts, type YamlDocument } from '../text/yaml.ts';
import type { Format } from './format.ts';
import { inspectTarget } from './json-document.ts';
import { isText, isThere, readText } from './text-formats.ts';

const UNPINNED_FETCH = [
  /\b(?:huggingface-cli|hf)\s+download\s{1,16}(?![^\n]{0,256}--revision)[^\n]{1,256}/g,
  /\bgit\s+clone\s{1,16}(?:--\S{1,64}\s{1,4}){0,8}https?:\/\/huggingface\.co\/[^\s;&|]{1,256}/g,
  /\b(?:curl|wget)\b[^\n]{0,256}https?:\/\/[^\s'"]{0,256}(?:\.(?:bin|pt|pth|ckpt|safetensors|gguf|onnx|pkl|h5|keras|joblib|tflite)\b|huggingface\.co\/[^\s'"]{0,256}\/resolve\/main\/)/g,
  /\bollama\s+pull\s{1,16}[^\s:@]{1,128}(?=\s|$)/g,
];

function inspectFetches(inspection: Inspection, text: string): void {
  const lineAt = lineFinder(text);
  for (const pattern of UNPINNED_FETCH)
    for (const match of text.matchAll(pattern)) {
      if (/@sha256:|--revision[= ][0-9a-f]{7}|\/resolve\/[0-9a-f]{40}/.test(match[0])) continue;
      inspection.report('unpinned-model', 'fetches a model without naming its revision or digest', {
        line: lineAt(match.index),
      });
    }
  for (const { line, number } of commandLines(text))
    if (fetchesAndRuns(line))
      inspection.report('notebook-shell', 'fetches a program and runs it', { line: number });
}

/** Recipes for images and pipelines that fetch models. */
export const recipe: Format = {
  name: 'recipe',
  recognise: (probe) =>
    isThere(probe) &&
    (/^(?:dockerfile|containerfile)(?:\..*)?$|\.dockerfile$|^jenkinsfile$|^\.gitlab-ci\.ya?ml$|\.sh$/.test(
      probe.name,
    ) ||
      /(?:^|[/!])\.github\/workflows\/[^/]+\.ya?ml$/i.test(probe.inspection.path)),
  inspect: (inspection) => inspectFetches(inspection, readText(inspection)),
};

/** Encodings of Python in which plain letters are no letters, where a comment at the top names them (PEP 263). */
const OTHER_LETTERS =
  /^[ \t\f]*#.{0,256}?coding[:=][ \t]*(?:utf[-_]?7|u7|(?:raw[-_])?unicode[-_]escape|utf[-_]?(?:16|32)|punycode|idna|hz|iso[-_]?2022)/im;
const TORCHSCRIPT_FILE =
  /\bops\.aten\.(?:from_file|save)\b|\btorch\.from_file\b|\baten::(?:from_file|save)\b/g;
const AT_INSTALL =
  /\b(?:os\.system|os\.popen|subprocess\.\w+|urllib\.request\.\w+|requests\.\w+|socket\.socket)\s*\(/g;
const UNPINNED_CALL =
  /\bfrom_pretrained\s{0,8}\(\s{0,32}["'][\w.-]{1,96}\/[\w.-]{1,96}["'](?![^)]{0,400}\brevision\b)[^)]{0,400}\)/g;
const TRUSTED =
  /\btrust_remote_code\s*=\s*True\b|\btorch\.load\s{0,8}\([^)]{0,300}weights_only\s*=\s*False|\bsafe_mode\s*=\s*False\b|\benable_unsafe_deserialization\s*\(/g;

/** Python in model repositories: code that hides, installers that reach out, loaders that trust. */
export const pythonSource: Format = {
  name: 'python',
  recognise: (probe) => isThere(probe) && /\.py$/.test(probe.name),
  inspect: (inspection) => {
    const text = readText(inspection);
    const lineAt = lineFinder(text);
    if (
      OTHER_LETTERS.test(
        text
          .slice(0, 512)
          .split(/\r\n|[\r\n]/, 2)
          .join('\n'),
      )
    )
      inspection.report('hidden-code', 'is written in an encoding that hides what it does', { line: 1 });
    for (const match of text.matchAll(DECODED))
      inspection.report('hidden-code', 'decodes code and runs it', { line: lineAt(match.index) });
    for (const match of text.matchAll(TORCHSCRIPT_FILE))
      inspection.report('graph-file', 'maps files into memory', { line: lineAt(match.index) });
    if (/(?:^|[/!])setup\.py$/.test(inspection.path))
      for (const match of text.matchAll(AT_INSTALL))
        inspection.report('install-command', 'reaches out when it is installed', {
          line: lineAt(match.index),
        });
    for (const match of text.matchAll(UNPINNED_CALL))
      inspection.report('unpinned-model', 'loads a model without naming its revision', {
        line: lineAt(match.index),
      });
    for (const match of text.matchAll(TRUSTED))
      inspection.report('unsafe-loading', 'loads models with their code', {
        line: lineAt(match.index),
      });
  },
};

function inspectRequirement(inspection: Inspection, line: string, number: number): void {
  const place = { line: number };
  const text = line.replace(/(?:^|\s)#.*$/, '').trim();
  if (text === '') return;
  if (/^(?:-i|--index-url|--extra-index-url|--trusted-host|-f|--find-links)\b/.test(text))
    inspection.report('foreign-index', 'takes packages from another index', place);
  else if (
    /^(?:-e\s+|--editable[= ])?(?:[\w.[\]-]+\s*@\s*)?(?:(?:git|hg|svn|bzr)\+|https?:|ftp:|file:)/.test(text)
  )
    inspection.report('foreign-index', 'takes a package from an address', place);
}

/** Python requirements beside a model. */
export const requirements: Format = {
  name: 'requirements',
  recognise: (probe) =>
    isText(probe) && /^(?:[\w.-]*requirements[\w.-]*|constraints)\.(?:txt|in)$/.test(probe.name),
  inspect: (inspection) => {
    for (const [index, line] of readText(inspection).split('\n').entries())
      inspectRequirement(inspection, line, index + 1);
  },
};

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

/** YAML: MLmodel, conda environments, configurations that make objects. */
export const yamlDocument: Format = {
  name: 'yaml',
  recognise: (probe) => isText(probe) && (/\.ya?ml$/.test(probe.name) || probe.name === 'mlmodel'),
  inspect: (inspection) => {
    const text = readText(inspection);
    let documents: YamlDocument[];
    try {
      documents = parseYaml(text, ALIASES_MAX);
    } catch (fault) {
      if (fault instanceof TooManyParts)
        return inspection.report('too-much', 'is a document of more parts than are read');
      return inspection.report('expansion-yaml', 'repeats itself more often than is read');
    }
    const tag = documents.flatMap(({ tags }) => tags).find((one) => CODE_TAG.test(one.tag));
    if (tag)
      inspection.report('config-execution', 'makes objects of a programming language by their names', {
        line: lineFinder(text)(tag.offset),
      });
    for (const { value } of documents) {
      const root = value as Json;
      const object = asObject(root);
      if (object?.['flavors']) inspectMlflow(inspection, object);
      const dependencies = object?.['dependencies'];
      if (Array.isArray(dependencies))
        for (const one of dependencies)
          for (const line of (asObject(one as Json)?.['pip'] as Json[] | undefined) ?? [])
            if (typeof line === 'string') inspectRequirement(inspection, line, 1);
      for (const { object: part, pointer } of objectsIn(root))
        for (const key of ['_target_', '__target__', 'class_path', '_component_'])
          if (typeof part[key] === 'string') inspectTarget(inspection, part[key], `${pointer}/${key}`);
      for (const { object: part, pointer } of objectsIn(root))
        if (part['trust_remote_code'] === true)
          inspection.report('remote-code', 'asks to trust code of its repository', { pointer });
    }
    inspectFetches(inspection, text);
  },
};
