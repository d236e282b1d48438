const SENTENCE =
  'The delivery left our warehouse on Tuesday and should arrive at the branch office before the end of the week. ';

/** Ordinary prose of about this many characters. */
const prose = (characters: number): string =>
  SENTENCE.repeat(Math.ceil(characters / SENTENCE.length)).slice(0, characters);

/** A chat request of about 1 KB. */
export const REQUEST = Buffer.from(
  JSON.stringify({
    model: 'mock',
    messages: [
      { role: 'system', content: 'You answer questions about deliveries.' },
      { role: 'user', content: prose(850) },
    ],
  }),
);

/** A chat answer of about 1 KB. */
export const ANSWER = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'mock',
    choices: [{ index: 0, message: { role: 'assistant', content: prose(780) }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 210, completion_tokens: 195, total_tokens: 405 },
  }),
);
