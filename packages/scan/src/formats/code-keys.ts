import type { Inspection } from '../inspection.ts';
import type { TechniqueName } from '../techniques.ts';
import { asObject, type Json, type JsonObject, objectsIn, parsePythonJson } from '../text/json.ts';
import { printable } from '../text/printable.ts';

/** A key of a configuration whose value decides which code is loaded. */
interface CodeKey {
  /** In small letters; a hyphen is read as an underscore, as command lines write them. */
  readonly keys: string;
  /** Which of its texts name code that does not come with the library. */
  readonly names: (text: string) => boolean;
  readonly technique: TechniqueName;
  /** What the library does with it, before the value. */
  readonly does: string;
  /** Where the key alone says too little: the document has one of these beside it. */
  readonly beside?: readonly string[];
  /** The same: it lies in what is called so. */
  readonly within?: RegExp;
}

/** Lists and tables within the value of a key in which its texts may stand. */
const VALUE_DEPTH = 5;

const isRepository = (text: string): boolean => text.includes('/');
/** A class or module by its dotted name, or a file of Python. */
const isCode = (text: string): boolean =>
  /^[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+$/.test(text) || isRepository(text);
const isForeignTo = (library: string) => (text: string) => isCode(text) && !text.startsWith(`${library}.`);
const isAny = (text: string): boolean => text !== '';
const isModule = (text: string): boolean => /^[A-Za-z_]\w*(?:\.\w+)*$/.test(text);

/** Every such key that is known, by what loads it. */
const CODE_KEYS: readonly CodeKey[] = [
  {
    // transformers, `integrations/hub_kernels.py`; set from the file in CVE-2026-4372.
    keys: 'attn_implementation _attn_implementation _attn_implementation_internal _attn_implementation_autoset experts_implementation _experts_implementation _experts_implementation_internal',
    names: isRepository,
    technique: 'remote-code',
    does: 'takes compiled code from',
  },
  {
    // transformers, `KernelConfig`: a layer, and the repository of the kernel that takes its place.
    keys: 'kernel_config kernel_mapping hub_kernels',
    names: isRepository,
    technique: 'remote-code',
    does: 'takes compiled code from',
  },
  {
    // transformers, `generate`: a repository with a `custom_generate/generate.py`.
    keys: 'custom_generate',
    names: isAny,
    technique: 'remote-code',
    does: 'takes how it generates from',
  },
  {
    // mlx-lm imports it from the folder of the model, without being asked to trust it.
    keys: 'model_file',
    names: (text) => text.endsWith('.py'),
    technique: 'remote-code',
    does: 'runs',
    beside: ['model_type'],
  },
  {
    // diffusers, `DiffusionPipeline`.
    keys: 'custom_pipeline',
    names: isAny,
    technique: 'remote-code',
    does: 'takes its pipeline from',
  },
  {
    // vLLM, `EngineArgs` as a file of YAML: classes by their names.
    keys: 'worker_cls worker_extension_cls scheduler_cls distributed_executor_backend logits_processors inductor_passes stat_loggers custom_logit_processor',
    names: isForeignTo('vllm'),
    technique: 'remote-code',
    does: 'has vLLM import',
  },
  {
    // vLLM: files of Python that are imported, and modules with a connector.
    keys: 'tool_parser_plugin reasoning_parser_plugin model_loader_plugin',
    names: isAny,
    technique: 'remote-code',
    does: 'has vLLM import',
  },
  {
    keys: 'kv_connector_module_path ec_connector_module_path spec_module_path',
    names: (text) => isModule(text) && !text.startsWith('vllm.'),
    technique: 'remote-code',
    does: 'has vLLM import',
  },
  {
    // vLLM, `CompilationConfig`: `inductor`, `eager` and their like, or a class by its name.
    keys: 'backend',
    names: (text) => /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){2,}$/.test(text) && !text.startsWith('vllm.'),
    technique: 'remote-code',
    does: 'has vLLM import',
    within: /\/compilation[_-]config$/i,
  },
  {
    keys: 'middleware',
    names: isForeignTo('vllm'),
    technique: 'remote-code',
    does: 'has vLLM import',
    beside: ['model', 'served_model_name', 'tensor_parallel_size', 'model_tag'],
  },
  {
    // vLLM takes it from the configuration of the model: a package that is installed already.
    keys: 'io_processor_plugin',
    names: isAny,
    technique: 'config-function',
    does: 'has vLLM load the plugin',
  },
];

const BY_KEY = new Map<string, CodeKey>(
  CODE_KEYS.flatMap((row) => row.keys.split(' ').map((key) => [key, row] as const)),
);

/** A key as the table spells it. */
const asSpelt = (key: string): string => key.toLowerCase().replaceAll('-', '_');

/** Texts of a value, in the lists and tables that libraries take there. */
function* textsOf(value: Json | undefined, depth = VALUE_DEPTH): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (depth > 0 && value !== null && typeof value === 'object')
    for (const one of Object.values(value)) yield* textsOf(one, depth - 1);
}

/** Where timm takes weights from instead of the repository (`pretrained_cfg`), each unpickled by older versions of it. */
function inspectPretrained(inspection: Inspection, object: JsonObject, pointer: string): void {
  for (const key of ['pretrained_cfg', 'pretrained_cfg_overlay'])
    for (const from of ['file', 'url', 'hf_hub_id']) {
      const value = asObject(object[key])?.[from];
      if (typeof value !== 'string' || value === '') continue;
      const isForeign = from === 'file' || /^http:/i.test(value);
      inspection.report(
        isForeign ? 'external-data' : 'config-function',
        `takes its weights from \`${printable(value)}\``,
        { pointer: `${pointer}/${key}/${from}` },
      );
    }
}

/** Settings that command lines, and files of their options, take as a text of JSON. */
const AS_TEXT = /_(?:config|args|kwargs|overrides)$/;
const AS_TEXT_MAX = 65_536;

function inspectAsText(inspection: Inspection, key: string, value: Json, pointer: string): void {
  if (typeof value !== 'string' || !AS_TEXT.test(asSpelt(key)) || value.length > AS_TEXT_MAX) return;
  if (!/^\s*\{/.test(value)) return;
  let root: Json;
  try {
    root = parsePythonJson(value);
  } catch {
    return;
  }
  for (const { object, pointer: inner } of objectsIn(root))
    inspectCodeKeys(inspection, object, `${pointer}/${key}${inner}`);
}

/** Reports keys of an object by which a library loads code that is not its own. */
export function inspectCodeKeys(inspection: Inspection, object: JsonObject, pointer: string): void {
  const spelt = new Set(Object.keys(object).map(asSpelt));
  for (const [key, value] of Object.entries(object)) {
    inspectAsText(inspection, key, value, pointer);
    const row = BY_KEY.get(asSpelt(key));
    if (row === undefined || (row.beside && !row.beside.some((other) => spelt.has(other)))) continue;
    if (row.within && !row.within.test(pointer)) continue;
    for (const text of textsOf(value))
      if (row.names(text))
        inspection.report(row.technique, `${row.does} \`${printable(text)}\` (\`${printable(key)}\`)`, {
          pointer: `${pointer}/${key}`,
        });
  }
  inspectPretrained(inspection, object, pointer);
}
