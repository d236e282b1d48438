import { tableOf } from '@sallyport/core';

/** What a letter behind a backslash stands for in a text of Python. Source: Language Reference 2.5.1. */
export const PYTHON_ESCAPES = tableOf<string>({
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
});
