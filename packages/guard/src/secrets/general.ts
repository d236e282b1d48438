import { NAMING } from './names.ts';
import { type SecretRule, shaped } from './secret-rule.ts';

const BASE64 = 'A-Za-z0-9+/';
/** A header or an option that carries a credential. */
const HEADER = '(?:authorization:\\s{0,4}(?:basic|bearer|token)\\s{1,4}|(?:x-)?api-?(?:key|token):\\s{0,4})';

/** Secrets that no provider owns. */
export const GENERAL_SECRETS: readonly SecretRule[] = [
  shaped(
    'private-key',
    '-----begin',
    `-----BEGIN (?:[A-Z0-9]{2,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----[${BASE64}=\\s\\\\n:,.-]{32,8000}`,
    { entropyMin: 3 },
  ),
  shaped('jwt', 'eyj', '(?<![\\w.-])eyJ[\\w-]{10,2000}\\.eyJ[\\w/-]{10,8000}\\.(?:[\\w/-]{10,2000}={0,2})?', {
    entropyMin: 3.2,
    severity: 'high',
  }),
  // What the base64 of `{"alg":`, `{"typ":` and the like becomes when it is encoded again.
  shaped('jwt-base64', 'zxlk', `(?<![${BASE64}])ZXlK[${BASE64}]{60,8000}={0,2}`, {
    entropyMin: 3.2,
    severity: 'high',
  }),
  ...[
    'postgres',
    'mysql',
    'mariadb',
    'mongodb',
    'redis',
    'rediss',
    'amqp',
    'mssql',
    'clickhouse',
    'ftp',
    'sftp',
    'ldap',
    'smtp',
  ].map((scheme) =>
    shaped(
      'database-url',
      `${scheme}`,
      `(?<![a-z])${scheme}(?:ql|s)?(?:\\+\\w{2,8})?://[^\\s:/@"'<>\`]{0,64}:([^\\s/@"'<>\`$\\{]{3,128})@[^\\s"'<>\`]{1,255}`,
      { anyCase: true, entropyMin: 1.5, severity: 'high' },
    ),
  ),
  shaped(
    'url-password',
    ['http://', 'https://'],
    'https?://[^\\s:/@"\'<>`]{1,64}:([^\\s/@"\'<>`$\\x7b]{3,128})@[\\w.-]{3,200}',
    { anyCase: true, entropyMin: 1.5, severity: 'high' },
  ),
  shaped(
    'curl-auth-header',
    'curl ',
    `curl [^\\n]{0,400}?(?:-H|--header)[ =]{1,2}["']${HEADER}([\\w=~@.+/-]{8,400})["']`,
    { anyCase: true, entropyMin: 2.75, severity: 'high' },
  ),
  shaped(
    'curl-auth-user',
    'curl ',
    'curl [^\\n]{0,400}?(?:-u|--user)[ =]{0,2}["\']?([^\\s:"\'$]{1,64}:[^\\s"\'$]{3,128})',
    { anyCase: true, entropyMin: 2, severity: 'high' },
  ),
  shaped(
    'authorization-header',
    'authorization',
    'authorization["\']?\\s{0,2}[:=]\\s{0,2}["\']?(?:basic|bearer|token)\\s{1,2}([\\w=~.+/-]{16,1000})',
    { anyCase: true, entropyMin: 3, severity: 'high', careful: true },
  ),
  shaped(
    'generic-api-key',
    NAMING,
    `(?:${NAMING.join('|')})[\\w.-]{0,24}["'\`\\]]{0,2}[\\t ]{0,4}(?::{1,3}=?|=>|={1,3}|\\|\\|:?|\\?=)[\\t ]{0,4}["'\`(\\[]{0,3}([\\w.=+/~!@#%^&*-]{10,150})(?=["'\`;,)\\]}<\\s\\\\]|$)`,
    { anyCase: true, entropyMin: 3.5, severity: 'high', careful: true, named: true },
  ),
  shaped(
    'password-told',
    ['password', 'passwd', 'passphrase', 'passcode', 'pass word'],
    '(?:password|passwd|passphrase|passcode|pass word)(?: (?:for|of|to) [^\\n]{1,40}?)?(?: is|:|=)[\\t ]{1,3}["\'`]?([^\\s"\'`,;]{6,64}?)["\'`]?(?=[.,;!?]?(?:\\s|$))',
    { anyCase: true, entropyMin: 2.5, severity: 'high', careful: true },
  ),
];
