import type { Inspection, Place } from '../inspection.ts';
import { asObject, type Json, objectsIn } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import { leadsOut, namesHarm } from './harmful-names.ts';

/** Layers that run Python which the file carries or names. */
const CODE_LAYERS =
  /^(?:Lambda|TFOpLambda|SlicingOpLambda|RandomLambda|TorchModuleWrapper|JaxLayer|FlaxLayer|TFSMLayer)$/;
/** Modules that a Keras configuration takes its classes from. */
const OWN_MODULES =
  /^(?:keras|tf_keras|keras_core|tensorflow\.keras|tensorflow\.python\.keras|keras_hub|keras_nlp|keras_cv|builtins)(?:\.|$)/;
/** Functions within Keras that fetch, read or load. */
const REACHING =
  /(?:get_file|load_model|load_weights|deserialize_keras_object|enable_unsafe_deserialization|model_from_\w+|image_dataset_from_directory|text_dataset_from_directory|audio_dataset_from_directory|load_img|save_img|extract_archive|unpickle\w*|pickle_utils\.\w+|run_\w*|exec|eval|import_module)$/;
/** The same, and of what Keras and Python bring along, as whole names. */
const HARMFUL =
  /(?:^|[.:])(?:func_load|rmtree|system|popen|loads?|unlink|remove|rename|open|move|copytree|copyfile|import_\w{1,64}|__import__|getattr)$/;
/** Names under which layers and tokenizers are told a file. */
const FILES =
  /^(?:vocabulary|merges|proto|filepath|file_path|path|filename|idf_weights|vocabulary_file|file|url|origin|weights|saved_model_path)$/;
/** An address, a share, a root or drive, a home, or a folder above. */
const isOutside = (path: string): boolean =>
  /^(?:[a-z][a-z0-9+.-]*:\/\/|[\\/~]|[A-Za-z]:[\\/])/i.test(path) || /(?:^|[\\/])\.\.[\\/]/.test(path);
/** A name that is a folder above, or an absolute one: Keras makes folders for layers by their names (CVE-2026-12479). */
const leavesFolder = (name: string): boolean =>
  /^(?:[\\/]|[A-Za-z]:[\\/])/.test(name) || name.split(/[\\/]/).includes('..');
const EMPTY = new Set(['', 'keras', 'keras.layers']);

/** Whether a document is the configuration of a Keras model. */
const isKerasConfig = (root: Json): boolean => {
  const object = asObject(root);
  return (
    object !== null &&
    typeof object['class_name'] === 'string' &&
    (asObject(object['config']) !== null || Array.isArray(object['config']))
  );
};

/** Whether an object is a part of a Keras model by itself, and not just called like one. */
const isKerasPart = (object: { readonly [key: string]: Json }): boolean => {
  if (!isKerasConfig(object)) return false;
  const { class_name: name, module, config } = object;
  return (
    Array.isArray(config) ||
    Array.isArray(asObject(config)?.['layers']) ||
    object['registered_name'] !== undefined ||
    (typeof module === 'string' && OWN_MODULES.test(module)) ||
    CODE_LAYERS.test(String(name))
  );
};

/** Walks the configurations of Keras models in a document, however deep: the whole of it, or parts as TensorFlow.js keeps them. */
export function inspectKerasConfigsIn(inspection: Inspection, root: Json): void {
  if (isKerasConfig(root)) return inspectKerasConfig(inspection, root);
  const walked = new Set<object>();
  for (const { object, pointer } of objectsIn(root)) {
    if (walked.has(object) || !isKerasPart(object)) continue;
    inspectKerasConfig(inspection, object, { pointer });
    for (const { object: inner } of objectsIn(object)) walked.add(inner);
  }
}

/** Walks a configuration of a Keras model, at any depth, wrapped or not, for what runs code or reaches outside. */
export function inspectKerasConfig(inspection: Inspection, root: Json, at: Place = {}): void {
  for (const { object, pointer } of objectsIn(root)) {
    const name = object['class_name'];
    const module = typeof object['module'] === 'string' ? object['module'] : '';
    const registered = object['registered_name'];
    const place = { ...at, pointer: `${at.pointer ?? ''}${pointer}` };
    const config = asObject(object['config']);
    for (const called of [object['name'], config?.['name']])
      if (typeof called === 'string' && typeof name === 'string' && leavesFolder(called))
        inspection.report(
          'path-traversal',
          `has a layer called \`${printable(called)}\`, which is a folder when weights are read or written`,
          place,
        );
    if (typeof name === 'string') {
      const short = name.slice(name.lastIndexOf('>') + 1).slice(name.lastIndexOf('.') + 1);
      if (CODE_LAYERS.test(short))
        inspection.report('keras-code', `has a \`${printable(name)}\` layer, which runs Python`, place);
      else if (name === '__lambda__')
        inspection.report('keras-code', 'holds the code of a Python function', place);
      else if (name === 'function' && typeof object['config'] === 'string')
        reach(inspection, `${module}.${object['config']}`, place);
      if (module !== '' && !OWN_MODULES.test(module))
        inspection.report(
          'keras-outside',
          `takes \`${printable(name)}\` from \`${printable(module)}\``,
          place,
        );
      else if (module !== '') reach(inspection, `${module}.${name}`, place);
      if (
        typeof registered === 'string' &&
        registered.includes('>') &&
        !/^(?:keras|builtins|Custom>(?=$))/.test(registered) &&
        !EMPTY.has(module)
      )
        inspection.report(
          'keras-outside',
          `needs \`${printable(registered)}\`, which is registered elsewhere`,
          place,
        );
    }
    for (const [key, value] of Object.entries(object)) {
      if (typeof value !== 'string') continue;
      if ((key === 'module' || key === 'function_type' || key === 'fn_module') && value === 'lambda')
        inspection.report('keras-code', 'holds the code of a Python function', place);
      // Weights, vocabularies and models that a layer reads when it is made.
      if (FILES.test(key) && isOutside(value))
        inspection.report('keras-outside', `reads \`${printable(key)}\` from outside the file`, place);
    }
    if (
      config &&
      typeof config['function'] === 'object' &&
      Array.isArray(config['function']) &&
      typeof config['function'][0] === 'string' &&
      config['function'][0].length > 16
    )
      inspection.report('keras-code', 'holds the code of a Python function', place);
    const activation = config?.['activation'] ?? config?.['function'];
    if (typeof activation === 'string' && /[.:(]/.test(activation)) reach(inspection, activation, place);
  }
}

function reach(inspection: Inspection, name: string, place: Place): void {
  if (
    REACHING.test(name) ||
    HARMFUL.test(name) ||
    leadsOut(name) ||
    (!name.startsWith('builtins.') && namesHarm(name))
  )
    inspection.report('keras-code', `calls \`${printable(name)}\` when it is loaded`, place);
}
