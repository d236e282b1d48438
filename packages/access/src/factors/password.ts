import * as crypto from 'node:crypto';
import { createRequire } from 'node:module';
import { CodedError } from '@sallyport/core';
import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { isBreached } from './breach-list.ts';
import { isKeyWalk, unshifted } from './key-walk.ts';

/** Shortest password taken (NIST SP 800-63B-4 section 3.1.1.2, single factor). */
export const PASSWORD_CHARACTERS_MIN = 15;
const CHARACTERS_MAX = 256;
// OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, 2 passes, 1 lane at least.
const PARAMETERS = { parallelism: 1, tagLength: 32, memory: 65_536, passes: 3 } as const;

/** What one hash costs: memory in KiB, and passes over it. */
export interface HashCost {
  readonly memory: number;
  readonly passes: number;
}

/** Hashes computed at a time: each takes 64 MiB and one of the four threads that files need too. */
const RUNNING_MAX = 2;
/** Hashes that wait at most; whoever comes then is told to come again. */
const WAITING_MAX = 256;

type Argon2 = (
  algorithm: 'argon2id',
  parameters: {
    message: Buffer;
    nonce: Buffer;
    parallelism: number;
    tagLength: number;
    memory: number;
    passes: number;
  },
  callback: (error: Error | null, key: Buffer) => void,
) => void;

// In Node since 24.7; the type declarations pinned here are older.
const argon2 = (crypto as unknown as { argon2: Argon2 }).argon2;

let running = 0;
const waiting: (() => void)[] = [];

/** Lets few hashes run at a time, in the order in which they came. @throws CodedError `overloaded` */
async function bounded<T>(work: () => Promise<T>): Promise<T> {
  if (running < RUNNING_MAX) running++;
  else if (waiting.length < WAITING_MAX) await new Promise<void>((go) => waiting.push(go));
  else throw new CodedError('overloaded', 'too many people sign in at this moment');
  try {
    return await work();
  } finally {
    // Whoever waits takes the place over.
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

function derive(password: string, nonce: Buffer, { memory, passes }: HashCost): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFC'));
  return bounded(
    () =>
      new Promise((done, fail) => {
        argon2('argon2id', { message, nonce, ...PARAMETERS, memory, passes }, (error, key) =>
          error ? fail(error) : done(key),
        );
      }),
  );
}

/** argon2id (RFC 9106) in PHC string format. @throws CodedError `overloaded` */
export async function hashPassword(password: string, cost: HashCost = PARAMETERS): Promise<string> {
  const nonce = crypto.randomBytes(16);
  const key = await derive(password, nonce, cost);
  const b64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=1$${b64(nonce)}$${b64(key)}`;
}

const dummies = new Map<string, Promise<string>>();

/** A hash to compare with where there is no such person; made when first needed. */
function dummyHash(cost: HashCost): Promise<string> {
  const name = `${cost.memory} ${cost.passes}`;
  const made = dummies.get(name);
  if (made) return made;
  const making = hashPassword('no such person here', cost);
  dummies.set(name, making);
  making.catch(() => dummies.delete(name));
  return making;
}

/** Makes ready what signing in needs, so that the first one takes no longer than the second. */
export async function warmPasswords(cost: HashCost = PARAMETERS): Promise<void> {
  await dummyHash(cost);
}

/**
 * Whether a password matches; takes as long when there is no such person (`stored` null).
 * @throws CodedError `overloaded`
 */
export async function verifyPassword(
  password: string,
  stored: string | null,
  cost: HashCost = PARAMETERS,
): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([^$]+)\$([^$]+)$/.exec(
    stored ?? (await dummyHash(cost)),
  );
  if (!match || password.length > CHARACTERS_MAX) return false;
  const expected = Buffer.from(match[4]!, 'base64');
  const own = { memory: Number(match[1]), passes: Number(match[2]) };
  const key = await derive(password, Buffer.from(match[3]!, 'base64'), own);
  return crypto.timingSafeEqual(key, expected) && stored !== null;
}

/**
 * Takes a password or says why not: its length, what is guessed first, what is known from breaches. No composition is
 * asked for (NIST SP 800-63B-4 section 3.1.1.2).
 * @param words that it must not consist of, such as the person's name
 * @param breachList file of breached passwords; none when undefined
 * @throws CodedError `request-invalid`
 */
export function requireGoodPassword(password: string, words: readonly string[], breachList?: string): void {
  const length = [...password].length;
  if (length < PASSWORD_CHARACTERS_MIN || password.length > CHARACTERS_MAX)
    throw new CodedError(
      'request-invalid',
      `the password must have ${PASSWORD_CHARACTERS_MIN} to ${CHARACTERS_MAX} characters`,
    );
  if (
    isGuessable(password, words) ||
    isKeyWalk(password) ||
    guessesLog10(password, words) < GUESSES_LOG10_MIN
  )
    throw new CodedError(
      'request-invalid',
      'the password is one of those guessed first: a common one, a name, a word or a row of keys over and over',
    );
  if (breachList !== undefined && isBreached(breachList, password))
    throw new CodedError('request-invalid', 'the password is known from a breach elsewhere; choose another');
}

const ROWS = 'abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm';
const GUESSED = [
  'sallyport',
  'password',
  'passwort',
  'admin',
  'administrator',
  'letmein',
  'welcome',
  'changeme',
];

/** Guesses by which a password must not be found, as a power of ten, whoever knows what people choose. */
const GUESSES_LOG10_MIN = 8;
/** Characters that are judged: what is hard to guess by then is. */
const JUDGED_CHARACTERS_MAX = 64;

// Loaded when somebody first chooses a password: its lists take memory.
let estimator: ZxcvbnFactory | null = null;

/** How many guesses a password withstands, as a power of ten; of itself, and of the keys that are pressed for it. */
function guessesLog10(password: string, words: readonly string[]): number {
  if (estimator === null) {
    const load = createRequire(import.meta.url);
    const { ZxcvbnFactory: Factory } = load('@zxcvbn-ts/core') as typeof import('@zxcvbn-ts/core');
    const common = load('@zxcvbn-ts/language-common') as typeof import('@zxcvbn-ts/language-common');
    const { dictionary, adjacencyGraphs: graphs } = common;
    estimator = new Factory({ dictionary, graphs });
  }
  const own = password.normalize('NFKC').slice(0, JUDGED_CHARACTERS_MAX);
  const known = [...GUESSED, ...words];
  return Math.min(...[own, unshifted(own)].map((one) => estimator!.check(one, known).guessesLog10));
}

/** Whether nothing much is left of a password once names, guessed words, rows of keys and repetitions are taken out. */
function isGuessable(password: string, words: readonly string[]): boolean {
  let rest = password.normalize('NFKC').toLowerCase();
  const taken = [...GUESSED, ...words.flatMap((word) => word.toLowerCase().split(/[^a-z0-9]+/))];
  for (const word of taken.filter((one) => one.length >= 3)) rest = rest.replaceAll(word, '');
  const reversed = [...ROWS].reverse().join('');
  for (let at = 0; at + 4 <= rest.length; ) {
    const four = rest.slice(at, at + 4);
    if (ROWS.includes(four) || reversed.includes(four)) rest = rest.slice(0, at) + rest.slice(at + 4);
    else at++;
  }
  return new Set(rest.replaceAll(/[^\p{L}\p{N}]/gu, '')).size < 5;
}
