import { namesSecretFile } from '../text/secret-sources.ts';
import type { Call } from './reader.ts';
import { ORIGIN, originOf, type Value, wordsOf } from './values.ts';

/** What gives back what it was given, in another form: what a secret goes through is a secret. */
const KEEPS: readonly RegExp[] = [
  /^(?:dict|str|repr|bytes|bytearray|list|tuple|sorted|format|open|(?:io|codecs)\.open|\.join)$/,
  /^(?:u?json|pickle|marshal|yaml|toml)\.(?:safe_)?dumps?$|^base64\.\w{1,32}encode$|^binascii\.\w{1,16}$/,
  /^(?:zlib|gzip|bz2|lzma)\.compress$|^urllib\.(?:parse\.)?(?:urlencode|quote(?:_plus)?)$/,
  /^urllib2?\.(?:request\.)?Request$|^os\.path\.(?:expanduser|expandvars|join|abspath|realpath)$/,
  /^(?:pathlib\.)?(?:Path|PurePath)$|^glob\.i?glob$/,
  // Of files, texts and paths.
  /\.(?:read|readlines?|read_text|read_bytes|decode|encode|strip|rstrip|lstrip|splitlines|replace|format)$/,
  /\.(?:items|values|copy|hex|open|expanduser|resolve|joinpath|absolute)$/,
];
const SENDS: readonly RegExp[] = [
  /^(?:requests|httpx|aiohttp|urllib3|niquests)(?:\.\w{1,32}\(\))?\.(?:get|post|put|patch|head|options|request)$/,
  /^(?:(?:six\.moves\.)?urllib\.request|urllib2?)\.(?:urlopen|urlretrieve)$/,
  /^(?:http\.client|httplib)\.HTTPS?Connection\(\)\.request$|^ftplib\.FTP(?:_TLS)?\(\)\.stor(?:binary|lines)$/,
  /^smtplib\.SMTP(?:_SSL)?\(\)\.(?:sendmail|send_message)$/,
];
const SENDS_BY_SOCKET = /\.(?:send|sendall|sendto)$/;
/** Arguments by which a client says who asks, or how it is reached. */
const SIGNS_IN: ReadonlySet<string> = new Set(
  'headers auth cert verify cookies proxies timeout context'.split(' '),
);

const namesOne = (value: Value): boolean => namesSecretFile(wordsOf(value));

/** Whether what comes of a call is a secret, as bits of {@link ORIGIN}. @param path the function, as its module has it */
export function secretsOf(path: string, { of, args, named }: Call): number {
  const isKept = KEEPS.some((one) => one.test(path));
  if (!isKept) return 0;
  const handed = originOf([of, ...args, ...named.values()]) & ORIGIN.secret;
  if (handed !== 0) return handed;
  const words = args.map(wordsOf).join('/');
  return namesSecretFile(words) || namesOne(of) ? ORIGIN.secret : 0;
}

/** Where what a call sends to another machine comes from, as bits of {@link ORIGIN}; 0 where it sends nothing. */
export function sentBy(path: string, { of, args, named }: Call): number {
  const bySocket = SENDS_BY_SOCKET.test(path) && (of.origin & ORIGIN.socket) !== 0;
  if (!bySocket && !SENDS.some((one) => one.test(path))) return 0;
  const given = [...named].filter(([name]) => !SIGNS_IN.has(name)).map(([, value]) => value);
  return originOf([...args, ...given]);
}
