/** Formats that hold a model, and not what lies around one. */
const MODELS: ReadonlySet<string> = new Set(
  (
    'pickle zip tar 7z npy hdf5 gguf safetensors tflite saved-model meta-graph onnx core-ml paddle graph-def text-graph tensorrt ' +
    'r-data msgpack openvino pmml trees joblib-zlib zlib gzip bzip2 xz zstd lz4 lzma ggml tensor-bundle sentencepiece'
  ).split(' '),
);

/** Whether files of a format are models, as far as an inventory is concerned. */
export const isModelFormat = (format: string): boolean => MODELS.has(format);
