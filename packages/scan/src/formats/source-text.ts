import {
  isIndexOption,
  type PipLine,
  type PipOption,
  pipLines,
  pipOptions,
  withoutComment,
} from '../dependencies/lock-files/pip-lines.ts';
import { isRequirements, otherEncoding } from '../dependencies/lock-files/requirements.ts';
import { foreignRegistries } from '../dependencies/registries.ts';
import type { Inspection, Place } from '../inspection.ts';
import { byName, REACHES, worstReach } from '../python/reach.ts';
import { pythonText } from '../python/source-encoding.ts';
import { isNamed } from '../text/addresses.ts';
import { lineFinder } from '../text/lines.ts';
import { printable } from '../text/printable.ts';
import { reportCommandLines } from './command-reports.ts';
import type { Format } from './format.ts';
import { reportPython } from './python-acts.ts';
import { isText, isThere, readText, TEXT_BYTES_MAX } from './text-formats.ts';

const UNPINNED_FETCH = [
  /\b(?:huggingface-cli|hf)\s+download\s{1,16}(?![^\n]{0,256}--revision)[^\n]{1,256}/g,
  /\bgit\s+clone\s{1,16}(?:--\S{1,64}\s{1,4}){0,8}https?:\/\/huggingface\.co\/[^\s;&|]{1,256}/g,
  /\b(?:curl|wget)\b[^\n]{0,256}https?:\/\/[^\s'"]{0,256}(?:\.(?:bin|pt|pth|ckpt|safetensors|gguf|onnx|pkl|h5|keras|joblib|tflite)\b|huggingface\.co\/[^\s'"]{0,256}\/resolve\/main\/)/g,
  /\bollama\s+pull\s{1,16}[^\s:@]{1,128}(?=\s|$)/g,
];

/** Models that a text fetches by names that may change, and what its commands do. */
export function inspectFetches(inspection: Inspection, text: string): void {
  const lineAt = lineFinder(text);
  for (const pattern of UNPINNED_FETCH)
    for (const match of text.matchAll(pattern)) {
      if (/@sha256:|--revision[= ][0-9a-f]{7}|\/resolve\/[0-9a-f]{40}/.test(match[0])) continue;
      inspection.report('unpinned-model', 'fetches a model without naming its revision or digest', {
        line: lineAt(match.index),
      });
    }
  reportCommandLines(inspection, text, (line) => ({ line }));
}

/** The first line of a script, whatever it is called. */
const SHELL_SCRIPT = /^#![ \t]*\/\S{0,64}?(?:\/env[ \t]+(?:-S[ \t]+)?)?(?:\S{0,64}\/)?(?:ba|z|da|k)?sh\b/;
const PYTHON_SCRIPT = /^#![ \t]*\/[^\r\n]{0,64}\bpython[\d.]{0,6}\b/;

const RECIPE =
  /(?:^|[/!])(?:(?:dockerfile|containerfile)(?:\.[^/!]*)?|[^/!]*\.dockerfile|jenkinsfile|\.gitlab-ci\.ya?ml|[^/!]*\.(?:sh|bash|zsh|ksh|bat|cmd|psm?1)|\.envrc|\.husky\/[^/!.]+|\.(?:github|gitea|forgejo)\/workflows\/[^/!]+\.ya?ml)$/i;

/** Whether a file is a recipe by its name. */
export const isRecipePath = (path: string): boolean => RECIPE.test(path.replaceAll('\\', '/'));

/** Recipes for images and pipelines that fetch models. */
export const recipe: Format = {
  name: 'recipe',
  recognise: (probe) =>
    isThere(probe) && (isRecipePath(probe.inspection.path) || SHELL_SCRIPT.test(probe.headText)),
  inspect: (inspection) => inspectFetches(inspection, readText(inspection)),
};

const TORCHSCRIPT_FILE =
  /\bops\.aten\.(?:from_file|save)\b|\btorch\.from_file\b|\baten::(?:from_file|save)\b/g;
const UNPINNED_CALL =
  /\bfrom_pretrained\s{0,8}\(\s{0,32}["'][\w.-]{1,96}\/[\w.-]{1,96}["'](?![^)]{0,400}\brevision\b)[^)]{0,400}\)/g;
const TRUSTED =
  /\btrust_remote_code\s*=\s*True\b|\btorch\.load\s{0,8}\([^)]{0,300}weights_only\s*=\s*False|\bsafe_mode\s*=\s*False\b|\benable_unsafe_deserialization\s*\(/g;

/** Python that libraries take from beside a model, and run. */
const ENTRY_POINT = new RegExp(
  [
    '(?:^|[/!])(?:(?:modeling|modelling|configuration|tokenization|processing|image_processing|feature_extraction|pipeline)_[^/!]+',
    '|handler|hubconf|inference|pipeline|generate)\\.py$|\\.mar!(?:[^/!]+/){0,8}[^/!]+\\.py$',
  ].join(''),
  'i',
);

/** Tells the worst that code reaches which is loaded with a model. */
function reportReach(inspection: Inspection, text: string, lineAt: (offset: number) => number): void {
  if (!ENTRY_POINT.test(inspection.path.replaceAll('\\', '/'))) return;
  const reached = worstReach(text, () => !inspection.budget.outOfTime);
  if (reached === null || reached.reach === 'unread') return;
  inspection.report('code-reach', `${REACHES[reached.reach]}${byName(reached)}`, {
    line: lineAt(reached.offset),
  });
}

/** Python in model repositories: code that hides, installers that reach out, loaders that trust. */
export const pythonSource: Format = {
  name: 'python',
  recognise: (probe) => isThere(probe) && (/\.pyw?$/.test(probe.name) || PYTHON_SCRIPT.test(probe.headText)),
  inspect: (inspection) => {
    const plain = readText(inspection);
    const { text, fault } = pythonText(inspection.source.read(0, TEXT_BYTES_MAX), plain);
    const lineAt = lineFinder(text);
    if (fault === 'hidden')
      inspection.report('hidden-code', 'is written in an encoding that hides what it does', { line: 1 });
    else if (fault === 'broken')
      inspection.report('malformed', 'is not written in the encoding that it names', { line: 1 });
    const isInstaller = /(?:^|[/!])setup\.py$/.test(inspection.path);
    reportPython(inspection, text, (offset) => ({ line: lineAt(offset) }), isInstaller);
    reportReach(inspection, text, lineAt);
    for (const match of text.matchAll(TORCHSCRIPT_FILE))
      inspection.report('graph-file', 'maps files into memory', { line: lineAt(match.index) });
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

/** Where an option leads, without who asks. */
const shownIndex = ({ value }: PipOption): string =>
  foreignRegistries('PyPI', [value])[0] ?? value.replace(/^[^@]{0,2048}@/s, '');

/** Whether an option has packages come from elsewhere than a public index, or from one that need not show who it is. */
function isForeign(option: PipOption): boolean {
  if (option.name === 'trusted-host') return true;
  return (
    isIndexOption(option) &&
    !(/^https:/i.test(option.value) && foreignRegistries('PyPI', [option.value]).length === 0)
  );
}

/** A package that a line of requirements takes from an address. */
const FROM_ADDRESS =
  /^(?:-e\s*|--e[a-z]{0,7}(?:=|\s)\s*)?(?:[\w.[\],-]+\s*@\s*)?((?:(?:git|hg|svn|bzr)\+|https?:|ftp:|file:)\S*)/;
/** A whole commit of a repository, or the digest of a file. */
const COMMIT = /@[0-9a-f]{40}(?:#\S*)?$/i;
const DIGEST = /[#&]sha256=[0-9a-f]{64}\b|--hash[=\s]sha256:[0-9a-f]{64}\b/i;

/** Tells of a package from an address: suspicious without a host that has a name and shows who it is, and nothing where it cannot change. */
export function reportPackage(
  inspection: Inspection,
  address: string,
  isPinned: boolean,
  place: Place,
): void {
  const plain = address.replace(/^(?:git|hg|svn|bzr)\+/i, '').replace(/^ssh:\/\//i, 'https://');
  if (!isNamed(plain.replace(/^(https:\/\/)[^/@]{0,512}@/i, '$1')))
    inspection.report('foreign-index', 'takes a package from an address', place);
  else if (!isPinned)
    inspection.report('package-address', 'takes a package from an address, where it can change', place);
}

/** One line of requirements: what it takes from elsewhere than a public index. */
export function inspectRequirement(inspection: Inspection, { text: line, number }: PipLine): void {
  const place = { line: number };
  const text = withoutComment(line);
  const foreign = pipOptions(line).find(isForeign);
  if (foreign)
    inspection.report(
      'foreign-index',
      `takes packages from another index (\`${printable(shownIndex(foreign))}\`)`,
      place,
    );
  const address = FROM_ADDRESS.exec(text)?.[1];
  if (foreign || address === undefined) return;
  const isPinned = /^[a-z]{2,4}\+/i.test(address) ? COMMIT.test(address) : DIGEST.test(line);
  reportPackage(inspection, address, isPinned, place);
}

/** Python requirements beside a model. */
export const requirements: Format = {
  name: 'requirements',
  recognise: (probe) =>
    isText(probe) && isRequirements(probe.inspection.path.replaceAll(/[\\!]/g, '/').toLowerCase()),
  inspect: (inspection) => {
    const text = readText(inspection);
    const encoding = otherEncoding(text);
    if (encoding !== null)
      inspection.report('malformed', `is text in \`${printable(encoding)}\`, which is not read`, { line: 1 });
    for (const line of pipLines(text)) inspectRequirement(inspection, line);
  },
};
