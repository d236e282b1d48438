/** Endings under which frameworks keep models. */
const MODEL_ENDINGS: ReadonlySet<string> = new Set(
  (
    'pkl pickle p pt pt2 pth ckpt bin joblib dill npy npz h5 hdf5 keras onnx ort gguf ggml safetensors tflite pb pbtxt mlmodel ' +
    'mlpackage pdmodel pdiparams pdparams engine plan rds rda rdata msgpack skops cbm ubj model weights pmml nemo mar'
  ).split(' '),
);

/** The end of a name behind its last dot, in lower case; empty where there is none, or nothing before it. */
export function endingOf(name: string): string {
  const own = name.slice(name.lastIndexOf('/') + 1);
  const dot = own.lastIndexOf('.');
  return dot > 0 ? own.slice(dot + 1).toLowerCase() : '';
}

/** Whether a file is a model by the end of its name. */
export const hasModelEnding = (name: string): boolean => MODEL_ENDINGS.has(endingOf(name));

/** Endings that only models have, or arrays that libraries load: data of other kinds is not called so. */
const ONLY_MODELS: ReadonlySet<string> = new Set(
  'pkl pickle joblib dill pt pth ckpt h5 hdf5 keras onnx gguf safetensors npy npz tflite'.split(' '),
);

/** Whether a file is a model by the end of its name, and nothing else is called so. */
export const isOnlyModel = (name: string): boolean => ONLY_MODELS.has(endingOf(name));
