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
 * @throws CodedError `body-invalid`
 */
export async function answerTexts(
  data: unknown,
  source: string,
  { dialect, operation, form, said }: Reading,
): Promise<TextPart[]> {
  const texts = await shared(source.length, dialect[form](operation, data));
  const numbers = await shared(source.length, answerNumbers(data, source));
  const all = [...texts, ...numbers];
  if (!all.some(({ echo }) => echo)) return all;
  const known = await said();
  return all.filter((part) => !(part.echo && known.has(part.text)));
}
