import type { FileReport } from '../scan-file.ts';
import { hasModelEnding, isOnlyModel } from '../tree/model-endings.ts';
import { isModelFormat } from './model-formats.ts';

/** What is registered, as far as it matters for what must be recognised in it. */
export type RegisteredKind = 'model' | 'dataset';

const NAMES_MAX = 3;

const ownName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const stemOf = (path: string): string => path.slice(0, path.lastIndexOf('.'));

/** Weights without a form of their own, which a recognised file beside them describes: OpenVINO, TensorFlow.js. */
function isDescribed(path: string, files: readonly FileReport[]): boolean {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  return files.some(
    (other) =>
      (other.format === 'openvino' && stemOf(other.path) === stemOf(path)) ||
      (other.path === `${folder}model.json` && other.format === 'json' && /^group\d/.test(ownName(path))),
  );
}

/** Whether a file holds a model by what was recognised in it: XGBoost and TensorFlow.js write JSON. */
const isModel = ({ path, format, verdict }: FileReport): boolean =>
  (isModelFormat(format) && verdict !== 'unrecognised') ||
  (format === 'json' && /^xgb|model/i.test(stemOf(ownName(path))));

/**
 * Why files may not pass as a model or a data set, though nothing bad was found in them: something that is called a model and
 * was not recognised was not looked into either.
 * @returns in words, with what to do; null where they may
 */
export function recognitionGap(files: readonly FileReport[], kind: RegisteredKind): string | null {
  const unknown = files.filter(
    ({ path, verdict }) =>
      verdict === 'unrecognised' &&
      (kind === 'model' ? hasModelEnding(path) : isOnlyModel(path)) &&
      !isDescribed(path, files),
  );
  if (unknown.length > 0) {
    const names = unknown.slice(0, NAMES_MAX).map(({ path }) => `\`${ownName(path)}\``);
    const more = unknown.length > NAMES_MAX ? ` and ${unknown.length - NAMES_MAX} more` : '';
    return `${names.join(', ')}${more} not recognised as what the name says: get it again, or save it in a known format (safetensors, ONNX)`;
  }
  if (kind === 'model' && !files.some(isModel))
    return 'no model among the files: save it in a known format (safetensors, ONNX), or register it as a data set';
  return null;
}
