import { answerApart, tellApart } from '@sallyport/core';

// A process apart that says what it sees, or eats until it is ended.
answerApart<string>(async (what) => {
  if (what === 'see') return tellApart(process.env);
  for (const eaten: object[] = []; ; ) eaten.push([eaten.length]);
});
