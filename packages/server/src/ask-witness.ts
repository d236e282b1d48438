import { CodedError, type Config } from '@sallyport/core';
import { formatAddCheckpoint } from '@sallyport/ledger';
import { post } from './post.ts';

type WitnessConfig = Config['record']['witnesses'][number];

/** What a witness answers: lines of signatures, how many entries it saw, or that what it saw is no beginning of this. */
export type WitnessReply =
  | { readonly kind: 'cosigned'; readonly lines: string }
  | { readonly kind: 'saw'; readonly size: number }
  | { readonly kind: 'saw-another' };

/**
 * Asks a witness to cosign a checkpoint (C2SP tlog-witness).
 * @param old entries that it is believed to have seen
 * @throws CodedError `internal` for any other answer
 */
export async function askWitness(
  { url, allowPrivate }: Pick<WitnessConfig, 'url' | 'allowPrivate'>,
  old: number,
  proof: readonly Uint8Array[],
  note: string,
): Promise<WitnessReply> {
  const answer = await post(
    `${url.replace(/(?<!\/)\/+$/, '')}/add-checkpoint`,
    { 'content-type': 'text/plain; charset=utf-8' },
    formatAddCheckpoint(old, proof, note),
    allowPrivate,
  );
  if (answer.status === 200) return { kind: 'cosigned', lines: answer.text };
  const seen = /^(0|[1-9]\d{0,15})\n$/.exec(answer.text)?.[1];
  if (
    answer.status === 409 &&
    answer.type.startsWith('text/x.tlog.size') &&
    seen !== undefined &&
    Number.isSafeInteger(Number(seen))
  )
    return { kind: 'saw', size: Number(seen) };
  if (answer.status === 422) return { kind: 'saw-another' };
  throw new CodedError('internal', `it answers ${answer.status}`);
}
