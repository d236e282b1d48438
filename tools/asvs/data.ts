import { type Chapter, met } from './answer.ts';

/** V14: data protection. */
export const DATA: Chapter = {
  id: 'V14',
  title: 'Data protection',
  requirements: [
    [
      '14.1.1',
      2,
      'data is classified',
      met(
        'every table, file and log',
        'docs/DATA.md',
        '## Levels',
        'tools/data.test.ts',
        'every table of the state has a level',
      ),
    ],
    [
      '14.1.2',
      2,
      'each level has its protection, documented',
      met('at rest, in the record, for how long, for whom', 'docs/DATA.md', '## Levels'),
    ],
    [
      '14.2.1',
      1,
      'nothing sensitive in URLs',
      met(
        'set-up links carry theirs behind `#`, which is not sent; the gateway takes no credential in a query',
        'server/control',
        'the set-up link works once; passwords need length; the session opens the API',
        'gateway/reports/query-lost',
        'carry no credential, and nothing that is no short value',
      ),
    ],
    [
      '14.2.2',
      2,
      'nothing sensitive in caches of servers',
      met(
        'no answer is kept for another',
        'server/published-failures',
        'an answer for one caller is given to another from a cache',
        'server/browser-answers',
        'of the gateway: the same, answered, refused, streamed, and to pages of other origins',
      ),
    ],
    [
      '14.2.3',
      2,
      'nothing goes to trackers',
      met(
        'the console asks no one else; libraries that report are kept from it',
        'console/console',
        'asks nobody else for anything, breaks no policy of its own, and logs no fault',
        'server/phone-home',
        'is not loaded in a thread of a program that did not switch the reports off',
      ),
    ],
    [
      '14.2.4',
      2,
      'each level is protected as documented',
      met(
        'sealed content, hashed secrets, a record without content, ends that come',
        'server/control',
        'stored content cannot be read without its key',
        'server/control',
        'the exchange in the log says who, what, which policy and how it was judged, and nothing of the content',
        'server/retention',
        'ends what was said to each system after its days, and keeps the record of it',
        'server/browser-answers',
        'no answer tells anyone a secret, a hash of one or a password',
      ),
    ],
    [
      '14.3.1',
      1,
      'pages forget with the session',
      met(
        'also where the server does not answer',
        'console/says-what-is',
        'who signs out with the server gone leaves nothing on the screen, and is told that the session goes on',
      ),
    ],
    [
      '14.3.2',
      2,
      'browsers keep nothing',
      met(
        '`no-store`, on both listeners',
        'server/browser-answers',
        'of the control plane: nothing of others, in no frame, as no other type, and kept nowhere',
        'server/browser-answers',
        'of the gateway: the same, answered, refused, streamed, and to pages of other origins',
      ),
    ],
    [
      '14.3.3',
      2,
      'storage of browsers holds nothing sensitive',
      met(
        'the theme, and what ties the session to the page',
        'tools/means.test.ts',
        'pages make no mark-up of text, take no messages of others and keep nothing of what they show',
      ),
    ],
  ],
};
