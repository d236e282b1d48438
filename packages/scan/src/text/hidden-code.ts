/** Code that is decoded and run, where both stand side by side: told in what is no whole Python too. */
const RUNS = /\b(?:exec|eval|__import__)\s{0,64}\(\s{0,64}/g;
const FROM_MODULE = /(?:__import__\s{0,64}\(\s{0,64}["'][\w.]{1,64}["']\s{0,64}\)\s{0,64}\.\s{0,64})?/y;
const DECODERS = /(?:[\w.]{0,64}b(?:64|85|32|16)decode|[\w.]{0,64}decompress|bytes\.fromhex)\b/y;
const LOADERS = /(?:marshal\.loads|codecs\.decode|zlib\.)/y;

/** Where code is decoded and run at once. */
export function* decodedAndRun(text: string): Generator<number> {
  for (const match of text.matchAll(RUNS)) {
    FROM_MODULE.lastIndex = match.index + match[0].length;
    FROM_MODULE.test(text);
    const end = FROM_MODULE.lastIndex;
    DECODERS.lastIndex = end;
    LOADERS.lastIndex = end;
    if (DECODERS.test(text) || LOADERS.test(text)) yield match.index;
  }
}
