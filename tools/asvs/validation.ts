import { type Chapter, met, notMet } from './answer.ts';

/** V2: validation and business logic. */
export const VALIDATION: Chapter = {
  id: 'V2',
  title: 'Validation and business logic',
  requirements: [
    [
      '2.1.1',
      1,
      'rules of input are documented',
      met(
        'a schema of the API and one of the configuration, made from the code',
        'tools/docs.test.ts',
        'schema/sallyport.schema.json is the schema of the code',
        'docs/ERRORS.md',
        '`request-invalid`',
      ),
    ],
    [
      '2.1.2',
      2,
      'rules of combined input are documented',
      notMet(
        'they are checked, and told by the error; the schemas describe single members only',
        'server/refused-changes',
        'leave no row, no event and no key, and stop no later change',
      ),
    ],
    [
      '2.1.3',
      2,
      'limits of the business are documented',
      met(
        'by key, by caller and in all',
        'docs/LIFECYCLE.md',
        '## What keeps a gateway answering',
        'docs/ACCESS.md',
        '| guessing | 10 failures in a quarter of an hour for an account',
      ),
    ],
    [
      '2.2.1',
      1,
      'all input is held to what is expected',
      met(
        'strict schemas on every route',
        'server/unknown-members',
        'are refused wherever a body has members, by its schema',
        'server/request-bodies',
        'of another type are 415, malformed ones 400: never 500, with no session',
      ),
    ],
    [
      '2.2.2',
      1,
      'checked by the server',
      met(
        'whatever the console checks beforehand',
        'server/unknown-members',
        'are refused by every route that takes a body, before anything of it is done',
      ),
    ],
    [
      '2.2.3',
      2,
      'combinations are reasonable',
      met(
        'scopes, systems and changes are judged whole',
        'packages/access/src/key-scope.test.ts',
        'what makes no sense is refused',
        'server/refused-changes',
        'a change to a state that a worker would refuse leaves no row, no event, no key, and no trace in wh',
      ),
    ],
    [
      '2.3.1',
      1,
      'steps come in their order',
      met(
        'signing in, approving, reviewing',
        'access/sign-in',
        'a first factor cannot be followed by two second ones',
        'server/approval-digests',
        'every route that approves needs the digest of it',
      ),
    ],
    [
      '2.3.2',
      2,
      'limits hold',
      met(
        'of calls, tokens, spend, keys and changes',
        'server/limits',
        'hold across worker threads, to the request, with Retry-After, each refusal recorded',
        'server/change-pace',
        'is bounded; other accounts and revocations go on',
      ),
    ],
    [
      '2.3.3',
      2,
      'a change is made whole or not at all',
      met(
        'with its event, in one transaction',
        'store/contract',
        'rolls a change back together with its event',
        'server/leavers',
        'whoever is refused a change is as before: a whole user changes at once, or not',
      ),
    ],
    [
      '2.3.4',
      2,
      'nothing is given out twice',
      met(
        'places of keys, links, tokens, limits',
        'server/races',
        'what works once works once',
        'server/races',
        'there are no more keys than places',
      ),
    ],
    [
      '2.4.1',
      2,
      'no function is called too often',
      met(
        'paces by account, throttles of sign-ins, limits by key',
        'server/change-pace',
        'is bounded; other accounts and revocations go on',
        'access/sign-in',
        'failed passwords: few for one address, over unlimited accounts, known or not; one network of IPv6 counts as one',
        'server/refusal-floods',
        'refused calls fill no disk: past a bound they are counted, and the count is recorded',
      ),
    ],
  ],
};
