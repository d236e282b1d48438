import { CodedError } from '@sallyport/core';
import type { AnswerReader, Tensor } from '../dialect.ts';
import { checkNames, readTensor, validateTensor } from '../tensors.ts';
import { inOrder } from './fields.ts';
import { OPEN_INFERENCE_SHOWN } from './shown.ts';
import { collectTexts } from './texts.ts';

/** Tensors that a classifier answers with. @throws CodedError `upstream-invalid` naming the tensor */
export function readOutputTensors(body: unknown): Tensor[] {
  const outputs = (body as { outputs?: unknown } | null)?.outputs;
  const fail = (what: string): never => {
    throw new CodedError('upstream-invalid', what);
  };
  if (!Array.isArray(outputs)) return fail('`outputs` must be a list of tensors');
  const failAt = (i: number, what: string): never => fail(`\`outputs.${i}\`: ${what}`);
  for (const [i, tensor] of outputs.entries()) validateTensor(tensor, (what) => failAt(i, what));
  checkNames(outputs, failAt);
  return outputs.map((tensor, i) => readTensor(tensor, `/outputs/${i}`));
}

/** Reads answers in the Open Inference Protocol. */
export const openInferenceAnswers: AnswerReader = {
  readResponse: (_operation, body) => collectTexts(body, OPEN_INFERENCE_SHOWN, () => ({ stream: null })),
  readEvent: (_operation, data) => collectTexts(data, OPEN_INFERENCE_SHOWN, () => ({ stream: null })),
  order: () => inOrder(),
  eventName: () => '',
  toolsInResponse: () => [],
  toolsInEvent: () => [],
  identities: () => () => {},
  joins: () => () => {},
  counts: () => null,
};
