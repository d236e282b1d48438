import { type Chapter, met, notApplicable } from './answer.ts';

const NO_CODES = notApplicable('no codes are issued, and no clients registered');
const NO_PROVIDER = notApplicable('no OpenID provider', 'oidc-provider', 'node-oauth2-server');
const NO_CONSENT = notApplicable(
  'no consent is asked: jobs get what rules of an administrator name',
  'oidc-provider',
);
const NO_RESOURCES = notApplicable('no access tokens are taken');
const ONE_STATE =
  'a state works once, in the browser that began; 500 replays at the same time give one session';

/** V10: OAuth and OpenID Connect. */
export const OAUTH: Chapter = {
  id: 'V10',
  title: 'OAuth and OpenID Connect',
  preface:
    'Sallyport is a client. The keys that `/token` gives for tokens of platforms are references, for its own two listeners, without codes, clients or consent.',
  requirements: [
    [
      '10.1.1',
      2,
      'tokens go to those who need them',
      met(
        'they stay in the server and are forgotten after the sign-on',
        'server/provider-claims',
        'tokens of the provider are kept nowhere and told to no browser',
      ),
    ],
    [
      '10.1.2',
      2,
      'answers belong to the browser and the attempt',
      met('state in a cookie, PKCE, nonce', 'server/sign-on', ONE_STATE),
    ],
    ['10.2.1', 2, 'no forged answers', met('500 replays give one session', 'server/sign-on', ONE_STATE)],
    ['10.2.2', 2, 'no mix-up of servers', notApplicable('one provider is configured')],
    ['10.3.1', 2, 'resource servers: audience', NO_RESOURCES],
    ['10.3.2', 2, 'resource servers: what was delegated', NO_RESOURCES],
    ['10.3.3', 2, 'resource servers: who delegated', NO_RESOURCES],
    ['10.3.4', 2, 'resource servers: strength', NO_RESOURCES],
    ['10.4.1', 1, 'redirect addresses by a list', NO_CODES],
    ['10.4.2', 1, 'codes once', NO_CODES],
    ['10.4.3', 1, 'codes are short-lived', NO_CODES],
    [
      '10.4.4',
      1,
      'only the grants that are needed',
      met(
        'token exchange and refresh',
        'server/workloads',
        'tokens of others, for others, of other jobs, old or altered are refused',
      ),
    ],
    [
      '10.4.5',
      1,
      'replay of refresh tokens',
      met(
        'each once; one that comes twice ends its family',
        'server/workloads',
        'a refresh token gives the next key, once; one that comes again later ends all that came of it',
      ),
    ],
    ['10.4.6', 2, 'PKCE of clients', NO_CODES],
    ['10.4.7', 2, 'registration of clients', NO_CODES],
    [
      '10.4.8',
      2,
      'refresh tokens end in any case',
      met(
        '`refreshHours`, 24 at most',
        'server/workloads',
        'a refresh token gives the next key, once; one that comes again later ends all that came of it',
      ),
    ],
    [
      '10.4.9',
      2,
      'people revoke tokens',
      met(
        '`key revoke`, `program disable`',
        'server/workloads',
        'keys of jobs are forgotten a day after they ended; a service account that is shut out gets none',
      ),
    ],
    [
      '10.4.10',
      2,
      'clients are confidential',
      met(
        'a job is known by its platform’s signature',
        'server/workloads',
        'a token works once: 500 at the same time give one key',
      ),
    ],
    [
      '10.4.11',
      2,
      'clients get the scopes that they need',
      met(
        'what its rule names',
        'server/workloads',
        'a job trades its token for a key that lives for minutes and may what its service account may',
      ),
    ],
    ['10.5.1', 2, 'no replay of ID tokens', met('nonce', 'server/sign-on', ONE_STATE)],
    [
      '10.5.2',
      2,
      'people by a claim that is never given again',
      met(
        'issuer and `sub`',
        'server/provider-claims',
        'ids that differ only at their end are of two people',
      ),
    ],
    [
      '10.5.3',
      2,
      'metadata of the configured issuer',
      met('compared', 'server/provider-claims', 'metadata of another issuer is refused'),
    ],
    [
      '10.5.4',
      2,
      'ID tokens are for us',
      met(
        'our client id',
        'server/provider-claims',
        'an ID token for another client, or of another issuer, signs no one in',
      ),
    ],
    [
      '10.5.5',
      2,
      'logout tokens force nothing they should not',
      met(
        'type, event, no nonce, two minutes, once',
        'server/sign-on',
        'a logout at the provider ends the session here, and no other; a forged or repeated token does nothing',
        'server/sign-on',
        'forged logouts cost the provider nothing',
      ),
    ],
    ['10.6.1', 2, 'provider: kinds of answers', NO_PROVIDER],
    ['10.6.2', 2, 'provider: no one is signed out by force', NO_PROVIDER],
    ['10.7.1', 2, 'consent to each request', NO_CONSENT],
    ['10.7.2', 2, 'consent says to what', NO_CONSENT],
    ['10.7.3', 2, 'consent can be taken back', NO_CONSENT],
  ],
};
