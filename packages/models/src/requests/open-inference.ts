import { CodedError } from '@sallyport/core';
import type { RequestReading } from '../dialect.ts';
import { readTensor, validateTensor } from '../tensors.ts';
import { objectBody } from './fields.ts';
import { collectTexts } from './texts.ts';

/** Reads a request in the Open Inference Protocol. */
export function readOpenInferenceRequest(_operation: string, raw: unknown): RequestReading {
  const body = objectBody(raw);
  const inputs = body['inputs'];
  if (!Array.isArray(inputs) || inputs.length === 0)
    throw new CodedError('body-invalid', '`inputs` must be a list of tensors');
  inputs.forEach((tensor, i) =>
    validateTensor(tensor, (what) => {
      throw new CodedError('body-invalid', `\`inputs.${i}\`: ${what}`);
    }),
  );
  const parts = collectTexts(body, () => ({ channel: 'user', system: false, stream: null }));
  const tensors = inputs.map((tensor, i) => readTensor(tensor, `/inputs/${i}`));
  return { model: null, stream: false, parts, attachments: [], tensors, outputTokensMax: 0 };
}
