import { CodedError, type Steps } from '@sallyport/core';
import type { RequestReading } from '../dialect.ts';
import { checkNames, checkValues, readTensor, validateTensor } from '../tensors.ts';
import { objectBody } from './fields.ts';
import { OPEN_INFERENCE_PLACES } from './other-places.ts';
import { collectRequest } from './texts.ts';

/** Reads a request in the Open Inference Protocol. */
export function* readOpenInferenceRequest(
  _operation: string,
  raw: unknown,
  source = '',
): Steps<RequestReading> {
  const body = objectBody(raw);
  const inputs = body['inputs'];
  if (!Array.isArray(inputs) || inputs.length === 0)
    throw new CodedError('body-invalid', '`inputs` must be a list of tensors');
  const fail = (i: number, what: string): never => {
    throw new CodedError('body-invalid', `\`inputs.${i}\`: ${what}`);
  };
  for (const [i, tensor] of inputs.entries()) validateTensor(tensor, (what) => fail(i, what));
  checkNames(inputs, fail);
  const texts = yield* collectRequest(body, source, OPEN_INFERENCE_PLACES, (path) => ({
    channel: 'user',
    system: false,
    ...(path[0] === 'inputs' && path[2] === 'data' && { group: `list inputs ${path[1]}` }),
  }));
  const tensors = inputs.map((tensor, i) => readTensor(tensor, `/inputs/${i}`));
  for (const [i, { values }] of tensors.entries()) checkValues(inputs[i], values, (what) => fail(i, what));
  return { model: null, stream: false, ...texts, tensors, outputTokensMax: 0 };
}
