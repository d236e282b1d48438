import { type Chapter, met, notMet } from './answer.ts';

/** V15: secure coding and architecture. */
export const ARCHITECTURE: Chapter = {
  id: 'V15',
  title: 'Secure coding and architecture',
  requirements: [
    ['15.1.1', 1, 'times for mending components are documented', notMet('there is no such promise')],
    [
      '15.1.2',
      2,
      'an inventory of components',
      met(
        'exact versions with their hashes, in one lock file',
        'tools/tidy.test.ts',
        'versions are exact',
        'tools/means.test.ts',
        'every component is locked, with its hash',
      ),
    ],
    [
      '15.1.3',
      2,
      'what is slow is documented',
      met('and what is done about it', 'docs/LIFECYCLE.md', '## What keeps a gateway answering'),
    ],
    [
      '15.2.1',
      1,
      'components are within those times',
      notMet('as 15.1.1; `sallyport dependencies .` says what is known against them'),
    ],
    [
      '15.2.2',
      2,
      'what is slow stops nothing',
      met(
        'threads, turns, places and deadlines',
        'server/staying-up',
        'overload: the flood of one key is shed, another key’s calls pass',
        'gateway/inspection-threads',
        'let one caller’s long texts that do not end hold up no long text of another',
        'server/one-body',
        ': other calls go on',
      ),
    ],
    [
      '15.2.3',
      2,
      'nothing but the product in production',
      notMet(
        'demonstrations are part of it, and run only where `--demo` asks for them',
        'packages/policy/src/policy.test.ts',
        'keep demonstration keys in demonstrations',
      ),
    ],
    [
      '15.3.1',
      1,
      'answers have the fields that are needed',
      met(
        'views of rows, not rows',
        'server/browser-answers',
        'no answer tells anyone a secret, a hash of one or a password',
        'server/vault',
        'asks whoever changes keys for a fresh proof, and shows operators no more than the list',
      ),
    ],
    [
      '15.3.2',
      2,
      'calls follow no redirects',
      met(
        'but `sallyport scan URL`, whose every address is checked',
        'server/hostile',
        'redirects are not followed',
        'tools/means.test.ts',
        'calls out go through what checks addresses and follows no redirect',
      ),
    ],
    [
      '15.3.3',
      2,
      'no fields that are not meant',
      met(
        'unknown ones are refused',
        'server/unknown-members',
        'are refused by every route that takes a body, before anything of it is done',
      ),
    ],
    [
      '15.3.4',
      2,
      'the address of a caller is right',
      met(
        'of the connection, or of what trusted proxies say',
        'packages/access/src/address.test.ts',
        'is that of the connection, whatever others than trusted proxies say',
        'packages/access/src/address.test.ts',
        'is the last hop that no trusted proxy is: what a caller wrote before it does not count',
      ),
    ],
    [
      '15.3.5',
      2,
      'types are sure, comparisons strict',
      met(
        'strict TypeScript and schemas',
        'tools/means.test.ts',
        'values are compared with their types',
        'server/unknown-members',
        'spoil a body that is right but for them, and a body without them is taken',
      ),
    ],
    [
      '15.3.6',
      2,
      'no pollution of prototypes',
      met(
        'tables whose keys may be foreign inherit nothing',
        'tools/tidy.test.ts',
        'tables whose keys may be foreign text inherit nothing',
        'packages/core/src/table.test.ts',
        'a table has nothing that it was not given',
      ),
    ],
    [
      '15.3.7',
      2,
      'each parameter once',
      met(
        'members, headers and queries that come twice are refused',
        'packages/core/src/json.test.ts',
        'refuses what two parsers read differently, however it is written',
        'server/request-forms',
        'with one of each header that decides how it is read',
        'server/request-forms',
        'whose path and query say nothing more',
      ),
    ],
  ],
};
