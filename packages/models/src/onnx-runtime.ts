import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import type * as Ort from 'onnxruntime-node';

const load = createRequire(import.meta.url);
/** The runtime's own switch (onnxruntime 1.30, `docs/Privacy.md`): it reads the environment of the process. */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/**
 * The runtime for ONNX models, with its reports to its maker switched off. Since version 1.30 it queues the name of each
 * model and a device id, and sends them. A thread cannot change the environment of the process, so the main thread must
 * have done it before.
 * @throws Error in a thread of a program that did not
 */
export function onnxRuntime(): typeof Ort {
  if (isMainThread) process.env[SWITCH] = '1';
  else if (process.env[SWITCH] !== '1')
    throw new Error(`set ${SWITCH}=1 before the program starts: the ONNX runtime would report its use`);
  return load('onnxruntime-node') as typeof Ort;
}
