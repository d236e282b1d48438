import { type Chapter, met, notApplicable, notMet } from './answer.ts';

const SENT = notApplicable('no codes are sent by telephone or message', 'twilio', 'nodemailer');
const FACTORS = 'packages/access/src/factors/factors.test.ts';

/** V6: authentication. */
export const AUTHENTICATION: Chapter = {
  id: 'V6',
  title: 'Authentication',
  requirements: [
    [
      '6.1.1',
      1,
      'defences against guessing are documented',
      met(
        'by account, device and address',
        'docs/ACCESS.md',
        '| guessing | 10 failures in a quarter of an hour for an account',
      ),
    ],
    [
      '6.1.2',
      2,
      'words that passwords must not consist of are documented',
      met(
        'names, and those guessed first',
        'docs/ACCESS.md',
        'who knows common passwords, names and keyboards',
      ),
    ],
    [
      '6.1.3',
      2,
      'every way in is documented, with its strength',
      met(
        'password, passkey, provider, set-up link, keys of programs, commands on the machine',
        'docs/ACCESS.md',
        '## People',
        'docs/ACCESS.md',
        '| second factors | passkeys with user verification',
      ),
    ],
    [
      '6.2.1',
      1,
      'passwords have 8 characters at least',
      met('15', FACTORS, 'need length, not signs of every kind'),
    ],
    [
      '6.2.2',
      1,
      'people can change theirs',
      met(
        'console, Account',
        'access/sign-in-races',
        'an old password and the second factor open nothing once the password has changed',
      ),
    ],
    [
      '6.2.3',
      1,
      'changing needs the one before',
      met(
        'the route asks for both',
        'access/session-practices',
        'a password is changed by who says the one before',
      ),
    ],
    [
      '6.2.4',
      1,
      'the 3,000 commonest that fit are refused',
      met(
        'no list of those with 15 characters could be had: the commonest 3,000 as people lengthen them, those of 15 in a list of 49,000, and walks over keyboards',
        FACTORS,
        'are not common ones, nor made of them as people do, nor keys in a row',
        FACTORS,
        'are no walks over a keyboard, wherever they begin and however they turn',
      ),
    ],
    ['6.2.5', 1, 'no rules about signs', met('none', FACTORS, 'need length, not signs of every kind')],
    [
      '6.2.6',
      1,
      'the field is a password field',
      met(
        'it is',
        'tools/means.test.ts',
        'fields of passwords hide what is typed, and say to managers what they are',
      ),
    ],
    [
      '6.2.7',
      1,
      'pasting and password managers work',
      met(
        'fields say what they are, and nothing stops pasting',
        'tools/means.test.ts',
        'fields of passwords hide what is typed, and say to managers what they are',
      ),
    ],
    [
      '6.2.8',
      1,
      'checked as typed, whole',
      met(
        'NFC only',
        FACTORS,
        'verify with whatever their hash cost; composed and decomposed letters are the same',
      ),
    ],
    [
      '6.2.9',
      2,
      '64 characters at least are taken',
      met('256', FACTORS, 'need length, not signs of every kind'),
    ],
    [
      '6.2.10',
      2,
      'no change by the calendar',
      met('none is asked', 'access/session-practices', 'a password of any age goes on'),
    ],
    [
      '6.2.11',
      2,
      'words of the context are refused',
      met('names, and our own', FACTORS, 'are not those guessed first'),
    ],
    [
      '6.2.12',
      2,
      'breached passwords are refused',
      notMet(
        'only where `access.breachedPasswords` names a list: none comes with the product',
        FACTORS,
        'are not in the list of breached ones, wherever in it they stand',
      ),
    ],
    [
      '6.3.1',
      1,
      'guessing is stopped as documented',
      met(
        'and no one else held up',
        'access/sign-in',
        'failed passwords: few for one account, over unlimited addresses; a known device is not locked out by strangers',
        'access/throttle',
        'an account takes 80 failures an hour, whatever devices they come from',
      ),
    ],
    [
      '6.3.2',
      1,
      'no default accounts',
      met(
        'the first is made by a link that works once',
        'access/sign-in',
        'the first link makes one administrator, whoever races',
      ),
    ],
    [
      '6.3.3',
      2,
      'several factors',
      notMet(
        'every role beyond viewer; viewers may come with a password alone. One policy asks everybody: `forbid (principal is Person, action in Action::"view", resource) when { context.level < 2 };`',
        'server/permissions',
        'nobody who holds more than viewer does anything with one factor, administrators nothing with two',
      ),
    ],
    [
      '6.3.4',
      2,
      'every way in is as strong',
      met(
        'the level of a session counts, whatever gave it',
        'server/permissions',
        'nobody who holds more than viewer does anything with one factor, administrators nothing with two',
        'server/sign-on',
        'somebody whose groups have roles is in, with these and at the level that the provider vouches for',
      ),
    ],
    [
      '6.4.1',
      1,
      'first secrets are random, short-lived, and replaced',
      met(
        'a link of 256 bits for a day, with which a password is chosen',
        'access/sign-in',
        'a link of somebody who was added works once, and voids what they had',
      ),
    ],
    ['6.4.2', 1, 'no hints, no secret questions', notApplicable('there are none')],
    [
      '6.4.3',
      2,
      'forgotten passwords do not go round the second factor',
      met(
        'by a link of an administrator only, which voids all factors',
        'access/sign-in',
        'a link of somebody who was added works once, and voids what they had',
      ),
    ],
    [
      '6.4.4',
      2,
      'lost factors are replaced after proofing as at the start',
      met(
        'as 6.4.3',
        'access/sign-in',
        'a link of somebody who was added works once, and voids what they had',
      ),
    ],
    [
      '6.5.1',
      2,
      'codes work once',
      met(
        'even when requests race',
        'access/sign-in',
        'a code of an authenticator app works once, whoever races',
      ),
    ],
    [
      '6.5.2',
      2,
      'short lookup secrets are hashed slowly',
      met(
        'theirs have 120 bits',
        FACTORS,
        'are ten, of 120 bits, bound to the person, however they are typed',
      ),
    ],
    [
      '6.5.3',
      2,
      'secrets come from a secure generator',
      met('`node:crypto`', 'tools/means.test.ts', 'random values come from the generator of the system'),
    ],
    [
      '6.5.4',
      2,
      'lookup secrets have 20 bits at least',
      met('120', FACTORS, 'are ten, of 120 bits, bound to the person, however they are typed'),
    ],
    [
      '6.5.5',
      2,
      'codes live briefly',
      met(
        '30 seconds; by the clock of the device, where its last code showed that this differs by a step',
        FACTORS,
        'live for thirty seconds once a device is known, by its own clock',
      ),
    ],
    ['6.6.1', 2, 'codes by telephone beside a stronger way', SENT],
    ['6.6.2', 2, 'codes that are sent are bound to their request', SENT],
    ['6.6.3', 2, 'codes that are sent cannot be guessed', SENT],
    [
      '6.8.1',
      2,
      'no person is taken for one of another provider',
      met(
        'people are known by issuer and subject; names are never linked',
        'server/sign-on',
        'somebody without such a group gets no account; a name that is taken is not taken over',
      ),
    ],
    [
      '6.8.2',
      2,
      'assertions are verified',
      met(
        'forged ones are refused',
        'server/sign-on',
        'a logout at the provider ends the session here, and no other; a forged or repeated token does nothing',
        'server/provider-claims',
        'counts where the provider signed it, no matter who brings it',
      ),
    ],
    ['6.8.3', 2, 'SAML assertions once', notApplicable('no SAML', 'saml')],
    [
      '6.8.4',
      2,
      'the provider’s strength is asked for, not assumed',
      met(
        '`amr` and `acr`; one factor where they say nothing',
        'server/sign-on',
        'somebody whose groups have roles is in, with these and at the level that the provider vouches for',
      ),
    ],
  ],
};
