/** What stands for a user where a guide leaves one out, and accounts that every code host has. */
const USER = /^(?:git|user|username|my-?user(?:name)?|your[_-]?user(?:name)?|oauth2|token|anonymous)$/i;
/** What stands for a password where a guide leaves one out. */
const PASSWORD = new RegExp(
  [
    '^(?:(?:your|my|the|db|some|user)[ _-]?){0,2}(?:password|passwd|passwort|pass|pwd|secret|token|credentials?)(?:[ _-]?(?:goes[ _-]?)?here)?$',
    '^(?:changeme|change[_-]me|placeholder|redacted|example|x{3,16}|\\*{3,16}|\\.{3})$',
    '^(?:<[a-z_ -]{1,40}>|\\{{1,2}[a-z_ .-]{1,40}\\}{1,2}|\\[[a-z_ -]{1,40}\\])$',
  ].join('|'),
  'i',
);
/** Passwords that databases come with, which open nothing but a machine's own. */
const SHIPPED = new Set([
  'postgres',
  'root',
  'admin',
  'guest',
  'test',
  'mysql',
  'redis',
  'mongo',
  'minio',
  'sa',
  'dev',
  'demo',
]);
const OWN_HOST =
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0|host\.docker\.internal)(?=[:/?#\s"'`]|$)/i;
/** Keys that the documentation of Amazon Web Services prints, and that of Stripe, Slack and of tokens in JSON, whose subject is 1234567890. */
const DOCUMENTED = new RegExp(
  [
    '^(?:AKIA[A-Z0-9]{9}EXAMPLE|[A-Za-z0-9+/]{30}EXAMPLEKEY)$',
    '^sk_test_(?:4eC39HqLyjWDarjtT1zdp7dc|BQokikJOvBiI2HlWgH4olfQ2)$',
    '^hooks\\.slack\\.com/services/T0{8}/B0{8}/X{24}$',
    '^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\\.eyJzdWIiOiIxMjM0NTY3ODkw[\\w-]{20,90}\\.[\\w-]{43}$',
  ].join('|'),
  'i',
);

/** What stands for a key in a header, and values that are encrypted where they stand. */
const KEY = new RegExp(
  [
    '^(?:your|my)[_-](?:[a-z\\d]{1,16}[_-]){0,3}(?:key|token|secret)(?:[_-]here)?$',
    '^(?:ENC\\([\\w+/=]{8,512}\\)|\\{cipher\\}[\\w+/=]{8,512})$',
  ].join('|'),
  'i',
);

/** Whether a name says of no one who they are. */
export const isStandInUser = (name: string): boolean => USER.test(name);

/** Whether a password is a word that stands for one. */
export const isStandInPassword = (password: string): boolean => PASSWORD.test(password);

/** Base64 of words that stand for a password, without padding, in lower case: readings of a text have lost the other. */
const ENCODED_WORDS = new Set(
  [
    ...SHIPPED,
    ...'password passwd changeme changeit secret mypassword your-password token example user'.split(' '),
  ].map((one) => plainBase64(Buffer.from(one).toString('base64'))),
);

function plainBase64(text: string): string {
  return text.replaceAll('=', '').toLowerCase();
}

/** Rules whose secret may be base64 of a password. */
const ENCODED = new Set(['kubernetes-secret-yaml', 'password-told']);
/** Rules whose secret is a password that may stand for another. */
const URLS = new Set(['database-url', 'url-password']);

/**
 * Whether what a rule found is no secret: a key from documentation, a word where a password goes, or the password that a
 * database comes with, on the reader's own machine.
 * @param after the text behind the secret, as far as it names the host
 */
export function standsIn(id: string, secret: string, after: string): boolean {
  if (id === 'curl-auth-user') return isStandInPassword(secret.slice(secret.indexOf(':') + 1));
  if (ENCODED.has(id) && ENCODED_WORDS.has(plainBase64(secret))) return true;
  if (!URLS.has(id)) return DOCUMENTED.test(secret) || KEY.test(secret);
  if (isStandInPassword(secret)) return true;
  return SHIPPED.has(secret.toLowerCase()) && after.startsWith('@') && OWN_HOST.test(after.slice(1));
}
