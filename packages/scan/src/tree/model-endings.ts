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
