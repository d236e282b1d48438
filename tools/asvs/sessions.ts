import { type Chapter, met } from './answer.ts';

/** V7: sessions. */
export const SESSIONS: Chapter = {
  id: 'V7',
  title: 'Sessions',
  requirements: [
    [
      '7.1.1',
      2,
      'idle and absolute ends are documented',
      met('30 minutes, 12 hours', 'docs/ACCESS.md', 'idle for 30 minutes or 12 hours old, they end'),
    ],
    [
      '7.1.2',
      2,
      'how many at a time is documented',
      met('any number; each is listed and can be ended', 'docs/ACCESS.md', 'any number at a time'),
    ],
    [
      '7.1.3',
      2,
      'how sessions go with the provider’s is documented',
      met('back-channel logout, SCIM', 'docs/ACCESS.md', 'ack-channel logout'),
    ],
    [
      '7.2.1',
      1,
      'tokens are checked by the server',
      met('on every route', 'server/permissions', 'somebody without a session gets nothing'),
    ],
    [
      '7.2.2',
      1,
      'tokens are made for the session',
      met(
        'programs have keys that expire',
        'access/sign-in',
        'a session gets another token with each proof; whoever has an old one is out',
        'server/programs',
        'open the control plane with a key of their own, as far as their roles go, and no further',
      ),
    ],
    [
      '7.2.3',
      1,
      '128 random bits',
      met(
        '256, stored as a hash',
        'access/session-practices',
        'a token of a session has 256 random bits, and no row holds it',
      ),
    ],
    [
      '7.2.4',
      1,
      'a new one with each proof, the old one void',
      met(
        'holders of an old one are out',
        'access/sign-in',
        'a session gets another token with each proof; whoever has an old one is out',
      ),
    ],
    [
      '7.3.1',
      2,
      'end when idle',
      met('30 minutes', 'access/sign-in', 'a session ends when idle, whatever a page fetches by itself'),
    ],
    [
      '7.3.2',
      2,
      'end in any case',
      met(
        '12 hours',
        'store/contract',
        'ends sessions when idle, when expired, when their person is shut out; a token that was replaced is void',
      ),
    ],
    [
      '7.4.1',
      1,
      'signing out ends it',
      met(
        'at once',
        'server/control',
        'signing in: wrong passwords are told alike, throttled, and recorded; it replaces the session; signing out ends it',
      ),
    ],
    [
      '7.4.2',
      1,
      'end with the account',
      met(
        'within a second, on every worker',
        'access/sign-in',
        'somebody who is shut out is out at once, with every credential',
        'server/revocation',
        'while 500 calls a second flow, a key, a user and a role are gone within a second on every worker, and no other call fails',
      ),
    ],
    [
      '7.4.3',
      2,
      'others can be ended after a change of factors',
      met(
        'a password and a first factor end them, the others on request',
        'server/revocation',
        'a session that was weak rises with the factor that is added; others of a password alone are over',
        'access/strength',
        'removing the passkey ends other sessions, and leaves this one at what can be proven still',
      ),
    ],
    [
      '7.4.4',
      2,
      'signing out is on every page',
      met(
        'in the frame of all of them',
        'console/console',
        'dark theme is kept; signing out ends the session; the way back is kept',
      ),
    ],
    [
      '7.4.5',
      2,
      'administrators can end them',
      met(
        'of a person, or of all',
        'access/session-practices',
        'an administrator ends the sessions of a person',
      ),
    ],
    [
      '7.5.1',
      2,
      'proof again, with the strongest factor, before factors and passwords change',
      met('within five minutes', 'access/strength', ': every set of factors, every proof, fresh and old'),
    ],
    [
      '7.5.2',
      2,
      'people see theirs, and end them after a proof',
      met(
        'within five minutes of it',
        'server/identity',
        'ending other sessions, and forgetting devices, asks who it is first',
      ),
    ],
    [
      '7.6.1',
      2,
      'ends go with the provider’s as documented',
      met(
        'logout, SCIM',
        'server/sign-on',
        'a logout at the provider ends the session here, and no other; a forged or repeated token does nothing',
      ),
    ],
    [
      '7.6.2',
      2,
      'a session begins by an act of the person',
      met(
        'a button; a state that another browser began is refused',
        'server/sign-on',
        'a state works once, in the browser that began; 500 replays at the same time give one session',
        'console/sign-on',
        'an answer to what another page began signs nobody in, and says so',
      ),
    ],
  ],
};
