import type { Inspection } from '../inspection.ts';
import { dangerOf } from '../pickle/danger.ts';
import { asObject, type Json } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import { inspectCodeKeys } from './code-keys.ts';
import { actOf, leadsOut, namesHarm } from './harmful-names.ts';

/** A name of Python in another module. */
export const DOTTED = /^[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+$/;
/** Libraries that configurations may name: what is in them is made with arguments only. */
const KNOWN_LIBRARIES =
  /^(?:torch\.(?:nn|optim|utils\.data)|torchvision|torchaudio|torchmetrics|torchtune|transformers|diffusers|peft|lightning|pytorch_lightning|sentence_transformers|timm|monai|nemo\.collections|omegaconf|sklearn|haystack|langchain\w*|ldm|sgm|cldm|taming|models?)\./;
/** A class of the project itself, by where projects keep their own: it is judged in the file that it stands in. */
const OWN_FOLDERS =
  'src|source|app|project|core|lib|modules?|networks?|nets|engine|losses|tasks|experiments?';
const OF_PROJECT = new RegExp(
  String.raw`^(?:${OWN_FOLDERS})\.(?:\w{1,128}\.){0,15}_?[A-Z][A-Za-z0-9_]{0,127}$`,
);
const PARENT_LIBRARY =
  /^(?:transformers|diffusers|peft|timm|sentence_transformers|torch|torchvision|open_clip|__main__)(?:\.|$)/;

/** Keys by which a class or function is named that is made or called: Hydra, jsonargparse, torchtune. */
const ALWAYS = ['_target_', '__target__', '_target', 'class_path', '_component_'];
/** The same for names that are dotted: sentence-transformers, Ray and others. */
const DOTTED_ONLY = [
  'import_path',
  'activation_function',
  'activation_fn',
  'sbert_ce_default_activation_function',
  'tokenizer_class',
];
/** The same where what it is made with stands beside it: latent diffusion, Haystack and whoever does alike. */
const BESIDE: readonly (readonly [string, ...string[]])[] = [
  ['target', 'params', 'init_args', 'kwargs'],
  ['class_name', 'params', 'init_args', 'kwargs'],
  ['class', 'init_args', 'kwargs'],
  ['cls', 'init_args', 'kwargs'],
  ['type', 'init_args', 'init_parameters'],
];
/** What a `target` is made with: without any, it is rather a column, a host or a sensor (`signal.strength`). */
const ARGUMENTS = ['params', 'init_args', 'kwargs', 'args', '_args_', 'arguments'];
/** Keys of jsonpickle by which it makes, calls or evaluates; the others hold data. */
const JSONPICKLE =
  /^py\/(?:object|type|repr|reduce|function|method|property|newobj|newargs|newargsex|initargs|state|mod)$/;

/** How sure it is that a name is one of code that is made or called. */
type Sureness = 'sure' | 'if known' | 'if harmful';

/** A class or function by its dotted name that a configuration has made or called. */
function inspectTarget(
  inspection: Inspection,
  target: string,
  pointer: string,
  sureness: Sureness = 'sure',
): void {
  const name = target.replaceAll(':', '.');
  const shown = `\`${printable(target)}\``;
  const isOfLibrary = KNOWN_LIBRARIES.test(name);
  if (namesHarm(name) || (sureness !== 'if harmful' && isDangerous(name, isOfLibrary)))
    return inspection.report('config-execution', `calls ${shown} when it is loaded`, { pointer });
  if (sureness !== 'sure') return;
  const act = isOfLibrary ? actOf(name) : null;
  if (OF_PROJECT.test(name))
    inspection.report('config-code', `makes ${shown}, a class of the project itself`, { pointer });
  else if (!isOfLibrary)
    inspection.report('config-target', `makes ${shown}, which is not of a known library`, { pointer });
  else if (act === 'runs')
    inspection.report('config-target', `calls ${shown}, which may run what it is told`, { pointer });
  else if (act === 'reaches')
    inspection.report('config-function', `calls ${shown} when it is loaded`, { pointer });
}

/** What is in a library is dangerous where it leads out of it: the rows for its parts are of what pickles do with them. */
function isDangerous(name: string, isOfLibrary: boolean): boolean {
  if (isOfLibrary) return leadsOut(name);
  const dot = name.lastIndexOf('.');
  return dot > 0 && dangerOf(name.slice(0, dot), name.slice(dot + 1)) !== null;
}

function inspectTargets(
  inspection: Inspection,
  object: { readonly [key: string]: Json },
  pointer: string,
): void {
  for (const key of ALWAYS)
    if (typeof object[key] === 'string') inspectTarget(inspection, object[key], `${pointer}/${key}`);
  for (const key of DOTTED_ONLY) {
    const value = object[key];
    if (typeof value === 'string' && DOTTED.test(value))
      inspectTarget(inspection, value, `${pointer}/${key}`);
  }
  for (const [key, ...beside] of BESIDE) {
    const value = object[key];
    if (typeof value !== 'string' || !DOTTED.test(value)) continue;
    if (beside.some((other) => typeof object[other] === 'object'))
      inspectTarget(inspection, value, `${pointer}/${key}`);
  }
  const target = object['target'];
  if (typeof target === 'string' && DOTTED.test(target))
    inspectTarget(
      inspection,
      target,
      `${pointer}/target`,
      ARGUMENTS.some((key) => object[key] !== null && typeof object[key] === 'object')
        ? 'if known'
        : 'if harmful',
    );
  const factory = object['()'];
  if (typeof factory === 'string' && DOTTED.test(factory))
    inspectTarget(inspection, factory, `${pointer}/()`, 'if known');
}

/** Whether a value switches something on: as YAML 1.1 writes it, as a number, or as a text that Python takes for true. */
const isSwitchedOn = (value: Json | undefined): boolean =>
  typeof value === 'string'
    ? /^(?:true|yes|on|y|t|1)$/i.test(value)
    : typeof value === 'number'
      ? value !== 0
      : value === true;

/** Keys of configurations that name code, wherever they stand. */
export function inspectNamedCode(
  inspection: Inspection,
  object: { readonly [key: string]: Json },
  pointer: string,
): void {
  const place = { pointer };
  // A list is how tokenizers wrote it at first.
  const [named] = Object.values(object['auto_map'] ?? {}).flatMap((value: Json) =>
    [value].flat().filter((one) => typeof one === 'string'),
  );
  if (named !== undefined)
    inspection.report('remote-code', `names code of its own (\`auto_map\`: \`${printable(named)}\`)`, place);
  if (isSwitchedOn(object['trust_remote_code'] ?? object['trust-remote-code']))
    inspection.report('remote-code', 'asks to trust code of its repository', place);
  const pipelines = asObject(object['custom_pipelines']);
  for (const one of Object.values(pipelines ?? {})) {
    const impl = asObject(one)?.['impl'];
    if (typeof impl === 'string')
      inspection.report('remote-code', `names code of its own (\`${printable(impl)}\`)`, place);
  }
  inspectCodeKeys(inspection, object, pointer);
  inspectTargets(inspection, object, pointer);
  if (Object.keys(object).some((key) => JSONPICKLE.test(key)))
    inspection.report('config-execution', 'makes Python objects by name (jsonpickle)', place);
  const core = object['megatron_core'];
  if (typeof core === 'string' && !/^megatron(?:\.|$)/.test(core))
    inspection.report('remote-code', `imports \`${printable(core)}\` when the adapter is loaded`, place);
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
}
