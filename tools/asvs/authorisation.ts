import { type Chapter, met } from './answer.ts';

/** V8: authorisation. */
export const AUTHORISATION: Chapter = {
  id: 'V8',
  title: 'Authorisation',
  requirements: [
    [
      '8.1.1',
      1,
      'rules for functions and data are documented',
      met(
        'and held to the policies',
        'server/rights-model',
        'is in the documentation as the policies have it',
      ),
    ],
    [
      '8.1.2',
      2,
      'rules for fields are documented',
      met(
        'content of calls is an action of its own; secrets, hashes and credentials are in no answer',
        'docs/ACCESS.md',
        '## Roles and policies',
        'server/browser-answers',
        'no answer tells anyone a secret, a hash of one or a password',
      ),
    ],
    [
      '8.2.1',
      1,
      'functions are for those who may',
      met(
        'every role on every route',
        'server/permissions',
        'every role on every route, by every method, on every system, for roles held on one system and on all',
      ),
    ],
    [
      '8.2.2',
      1,
      'data is for those who may',
      met(
        '20,000 requests across systems',
        'server/permissions',
        'requests of people with one system tell nothing of the other: part',
      ),
    ],
    [
      '8.2.3',
      2,
      'fields are for those who may',
      met(
        'strict schemas; content is an action of its own',
        'server/unknown-members',
        'are refused by every route that takes a body, before anything of it is done',
        'server/permissions',
        'every role on every route, by every method, on every system, for roles held on one system and on all',
      ),
    ],
    [
      '8.3.1',
      1,
      'enforced out of the client’s reach',
      met('in the server', 'server/permissions', 'somebody without a session gets nothing'),
    ],
    [
      '8.4.1',
      2,
      'tenants are kept apart',
      met(
        'systems are',
        'server/permissions',
        'requests of people with one system tell nothing of the other: part',
        'server/system-generations',
        'shows those who see the new one nothing of it: lists, details, content, findings, reports',
      ),
    ],
  ],
};
