import { CodedError, type Steps } from '@sallyport/core';
import { answerNumbers, type Dialect, type TextPart } from '@sallyport/models';
import { shared } from './turns.ts';

/** How the texts of an answer are read: those of a complete one, or of one event. */
interface Reading {
  readonly dialect: Dialect;
  readonly operation: string;
  readonly form: 'readResponse' | 'readEvent';
  /** All that the request says. */
  readonly said: () => Promise<ReadonlySet<string>>;
}

/**
 * Texts and numbers of an answer, or of an event of one, but what only repeats the request.
 * @param source JSON text of `data`
 * @throws CodedError `upstream-invalid`
 */
export async function answerTexts(
  data: unknown,
  source: string,
  { dialect, operation, form, said }: Reading,
): Promise<TextPart[]> {
  const texts = await read(source, dialect[form](operation, data));
  const numbers = await read(source, answerNumbers(data, source));
  const all = [...texts, ...numbers];
  if (!all.some(({ echo }) => echo)) return all;
  const known = await said();
  return all.filter((part) => !(part.echo && known.has(part.text)));
}

/** Reads something of an answer. What is wrong with it is the AI system's doing. */
async function read<T>(source: string, steps: Steps<T>): Promise<T> {
  try {
    return await shared(source.length, steps);
  } catch (cause) {
    if (!(cause instanceof CodedError) || cause.code !== 'body-invalid') throw cause;
    throw new CodedError('upstream-invalid', `the answer cannot be read: ${cause.message}`, { cause });
  }
}

/** Characters of what says where texts stand: as much as they themselves, where they are short. */
export function placeCharacters(parts: readonly Pick<TextPart, 'pointer' | 'stream'>[]): number {
  let characters = 0;
  for (const { pointer, stream } of parts) characters += pointer.length + (stream?.length ?? 0);
  return characters;
}
