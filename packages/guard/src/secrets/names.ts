/** A variable, member or heading that something is given to, in words: `cacheKey` and `CACHE_KEY` are `cache key`. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter(Boolean);

/** Characters before a keyword that may belong to its name. */
export const NAME_MAX = 48;
export const NAME_CHARACTER = /[\w.-]/;

/** Words before `key` of what finds a row, a place or a message, or is meant to be known: nothing opens by it. */
const KEYS_THAT_FIND = new Set(
  (
    'authority cache cluster clustering composite config dedup dedupe dict dictionary event file foreign feature group grouping hash hot i18n ' +
    'idempotency index join json lock lookup map menu message metadata natural object partition primary pub public publishable range ' +
    'redis routing row s3 shard shortcut site sort sorting subject surrogate translation unique'
  ).split(' '),
);
/** Words before `token` of where to read on. */
const TOKENS_THAT_GO_ON = new Set('page pagination continuation sync cursor resume next'.split(' '));
/** Words behind either, of what is said about it. */
const ABOUT = new Set(
  (
    'algorithm alias arn bits cert certificate class code codes column comparison count counts digest event events field fields file filename fingerprint ' +
    'format handler hash hashes id identifier identifiers ids index kind length limit limits name names path pattern pem prefix ref ' +
    'schema size template test type types uri url usage version'
  ).split(' '),
);
/** Names in one word that `key`, `token` or `auth` only begin or end. */
const OTHER_WORDS = new RegExp(
  `^(?:${[
    'authors?|authored|authoring|authority|accessors?|accessib\\w+|accessory|accessories|apiary',
    'key(?:board|frame|id|pad|point|ring|space|stone|stroke|word|code)s?|keydown|keyup|(?:mon|tur|don|hoc|joc)keys?|tokeni[sz]\\w+',
  ].join('|')})$`,
);
/** Words of what opens something whatever stands beside them. */
const OPENS =
  /^(?:secret|password|passwd|passphrase|passcode|pwd|credentials?|creds|private|signing|encryption)$/;

/** Values that are identifiers by their form: a UUID, a ULID, a digest in hex. */
const IDENTIFIER =
  /^(?:[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}|[0-7][\da-hjkmnp-tv-z]{25}|[\da-f]{32}|[\da-f]{40}|[\da-f]{64})$/i;
/** Words of what opens something though its value may look like an identifier: whose, or for what. */
const OPENERS = new Set(
  (
    'api app application access account activation admin aes agent auth authentication authorization bearer bot broker cipher client consumer cookie csrf crypt ' +
    'crypto customer decryption deploy deployment dev device developer ecdsa enc encrypt grant hmac host identity ingest ingestion instance integration ' +
    'installation invite jwt kms license licence live login machine magic management master merchant mfa oauth org organization otp partner ' +
    'password personal pin platform prod production product project provisioning push read registration reset recovery refresh relay rest root rsa salt sandbox saml ' +
    'seed server service session shared sign sso ssh ssl staging subscription super system team tenant test tls totp upload user vault verification wallet web webhook wrap ' +
    'wrapping write workspace'
  ).split(' '),
);
/** Words that a name ends in where its value is what opens, and no more than said about that. */
const HEADS = new RegExp(
  `^(?:${[
    'keys?|tokens?|auth|api|access|bearer|header|code|cookie|session|value|grant',
    'hex|string|v?\\d{1,3}|prod|dev|test|live|env',
  ].join('|')})$`,
);
/** A word that names no key or token of its own: `nodekey` in one word is a node's. */
const GLUED = /^([a-z]{2,20}?)(key|token)s?$/;
const ALWAYS_OPEN =
  /api|auth|access|secret|crypt|pass|cred|sign|master|admin|client|service|session|bearer|refresh|private/;

/**
 * Whether a value that is an identifier by its form opens nothing under its name: `layer_key`, `commit_token`, `accessLevel`.
 * A key or token of something that opens, of a provider, or of no one said, is a secret.
 * @param isProvider whether a word names a service that gives out secrets
 */
export function namesIdentifier(name: string, value: string, isProvider: (word: string) => boolean): boolean {
  if (!IDENTIFIER.test(value)) return false;
  // Of a path, what stands last names it, unless that says no more than `key`.
  const last = name.slice(name.lastIndexOf('.') + 1);
  const words = wordsOf(/key|token/i.test(last) && wordsOf(last).length > 1 ? last : name).flatMap((word) => {
    const glued = GLUED.exec(word);
    return glued ? [glued[1]!, glued[2]!] : [word];
  });
  if (words.some((word) => OPENS.test(word) || isProvider(word))) return false;
  // What is said about an access or a key: its level, its time.
  if (words.length > 1 && !HEADS.test(words.at(-1)!))
    return !words.some((word) => /^(?:keys?|tokens?)$/.test(word));
  const others = words.filter((word) => !/^(?:keys?|tokens?|\d+)$/.test(word));
  return (
    others.length > 0 &&
    words.some((word) => /^(?:keys?|tokens?)$/.test(word)) &&
    others.every((word) => word.length > 1 && !OPENERS.has(word) && !ALWAYS_OPEN.test(word))
  );
}

/**
 * Whether the name of what a value is given to says that it opens nothing: `cache_key`, `public_key`, `next_page_token`,
 * `keyword`. What also says `secret` or `password` opens something.
 */
export function namesNoSecret(name: string): boolean {
  const words = wordsOf(name);
  if (words.some((word) => OPENS.test(word))) return false;
  // Recipes of Yocto name the commit that is built.
  if (words[0] === 'srcrev') return true;
  const at = words.findLastIndex((word) => /key|token|auth|access|api/.test(word));
  if (at < 0) return false;
  const [word, before, behind] = [words[at]!, words[at - 1] ?? '', words[at + 1] ?? ''];
  if (OTHER_WORDS.test(word) || ABOUT.has(behind)) return true;
  if (/^keys?$/.test(word)) return KEYS_THAT_FIND.has(before);
  return /^tokens?$/.test(word) && TOKENS_THAT_GO_ON.has(before);
}

/** Words that name what opens something, as `generic-api-key` looks for them. */
export const NAMING = [
  ...['access', 'api', 'auth', 'key', 'credential', 'creds'],
  ...['passwd', 'password', 'passphrase', 'secret', 'token', 'pwd'],
];
const KEYWORD = new RegExp(NAMING.join('|'), 'iy');
/** As people write a word, alone or within a name. */
const WRITTEN = /^(?:[a-z]+|[A-Z]+|[A-Z][a-z]+|[Pp]ass(?:Word|Phrase))$/;
const DRAWN = /[A-Za-z\d]/;
/** Figures beside letters from which they are drawn by lot: a year or a number has fewer. */
const ID_FIGURES_MIN = 6;

/** Whether the keyword at a place of a name stands there by chance, within letters and figures drawn by lot: `ses_AAkEYAA`. */
export function standsInId(name: string, at: number): boolean {
  KEYWORD.lastIndex = at;
  const keyword = KEYWORD.exec(name)?.[0];
  if (keyword === undefined) return false;
  let begin = at;
  let end = at + keyword.length;
  while (begin > 0 && DRAWN.test(name[begin - 1]!)) begin--;
  while (end < name.length && DRAWN.test(name[end]!)) end++;
  if (end - begin === keyword.length) return false;
  return !WRITTEN.test(keyword) || name.slice(begin, end).replaceAll(/\D/g, '').length >= ID_FIGURES_MIN;
}

/** Figures in a name of code, and runs of them, at most. */
const FIGURES_MAX = 4;
const FIGURE_RUNS_MAX = 2;
/** Share of its letters that stand in words, at least. Of 20 letters and figures drawn by lot 1 in 500 reaches it. */
const WORDS_SHARE_MIN = 0.8;

/** Whether a value is a name in a program: words, one behind the other, with few figures (`X448PublicKey`, `win32api.RegOpenKeyEx`). */
export function isCodeName(value: string): boolean {
  if (!/^[A-Za-z_\d][\w.]*$/.test(value)) return false;
  const figures = value.match(/\d+/g) ?? [];
  if (figures.length > FIGURE_RUNS_MAX || figures.join('').length > FIGURES_MAX) return false;
  if (
    !/[._]/.test(value) &&
    (value.match(/[A-Z][a-z]{2,}/g)?.length ?? 0) < 2 &&
    !/^[A-Z]\d{2,3}[A-Z][a-z]{4,}/.test(value)
  )
    return false;
  const letters = value.replaceAll(/[^A-Za-z]/g, '').length;
  let inWords = 0;
  for (const [word] of value.matchAll(/[A-Z]?[a-z]{2,}/g)) if (/[aeiouy]/i.test(word)) inWords += word.length;
  return inWords >= WORDS_SHARE_MIN * letters;
}

/** What stands before a parameter, as it is, in a page or encoded within another. */
const PARAMETER_BEGINS = /(?:[?&]|&amp;|(%3f|%26))$/i;
/** A form without a mark before its first name: parameters with names in small letters, and nothing else. */
const FORM = /^[^&=]{0,150}(?:&[a-z][a-z_]{2,24}=[^&=]{0,150}){1,24}$/;

/**
 * A value as far as it is one parameter: `api=1&query=47.59` gives `api` the value `1`.
 * @param from where the name stands that the value is given to @param at where the value stands
 */
export function ofOneParameter(text: string, from: number, at: number, value: string): string {
  if (text[at - 1] !== '=') return value;
  let begin = from;
  while (begin > 0 && from - begin < NAME_MAX && NAME_CHARACTER.test(text[begin - 1]!)) begin--;
  const before = PARAMETER_BEGINS.exec(text.slice(Math.max(0, begin - 5), begin));
  if (!before && !FORM.test(value)) return value;
  const end = value.search(before?.[1] ? /%26/ : /&/);
  return end < 0 ? value : value.slice(0, end);
}
