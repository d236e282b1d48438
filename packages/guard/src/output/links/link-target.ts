import { PLACEHOLDER } from '../../redaction.ts';
import { isStandInPassword, isStandInUser } from '../../secrets/stand-ins.ts';

/** Where a URL leads, as a browser resolves it. */
export interface LinkTarget {
  /** Lower case, without port; empty where the scheme has none. */
  readonly host: string;
  readonly scheme: string;
  readonly url: URL;
}

/** Stand for the page that shows a text. `https:/host` is relative on the first and leads away from the second. */
const PAGES = ['https://page.invalid/', 'http://page.invalid/'] as const;

/**
 * Resolves a URL as browsers do (WHATWG URL): tabs and line breaks go, backslashes are slashes, `//host` is absolute.
 * @returns null for a relative URL and for what is no URL
 */
export function resolveLink(raw: string): LinkTarget | null {
  for (const page of PAGES) {
    const url = URL.parse(raw, page);
    if (!url) return null;
    if (url.hostname === 'page.invalid') continue;
    return { host: url.hostname.replace(/\.$/, ''), scheme: url.protocol.slice(0, -1), url };
  }
  return null;
}

const SCRIPTS = new Set(['javascript', 'vbscript', 'livescript']);

/** Schemes whose URL runs as code where it is opened or shown. */
export function runsCode({ scheme, url }: LinkTarget): boolean {
  // Pages write `javascript:void(0)` for a link that goes nowhere.
  if (SCRIPTS.has(scheme))
    return url.href.slice(scheme.length + 1).replaceAll(/[\s;()0]|%20|void/g, '') !== '';
  return (
    scheme === 'data' &&
    /^(?:text\/(?:html|xml|javascript|ecmascript)|(?:application|image)\/[^,;]{0,40}(?:xml|javascript))/i.test(
      url.pathname,
    )
  );
}

/** Schemes that fetch, or that open a share, which sends the reader's credential. */
export const REMOTE = new Set(['http', 'https', 'ftp', 'ws', 'wss', 'file', 'smb', 'webcal', 'feed']);
/** Schemes that an answer may well contain. */
const ORDINARY = new Set([
  ...REMOTE,
  ...SCRIPTS,
  'mailto',
  'tel',
  'sms',
  'data',
  'about',
  'blob',
  'cid',
  'urn',
  'git',
  'ssh',
  'geo',
]);

/** Whether a scheme starts a program of the reader's machine. */
export const startsProgram = (scheme: string): boolean => !ORDINARY.has(scheme);

/** Whether a host is one of the patterns: a name, or `*.name` for every name below it. */
export function hostAllowed(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.startsWith('*.') ? host.endsWith(pattern.slice(1).toLowerCase()) : host === pattern.toLowerCase(),
  );
}

/** Parameters that say how a picture is shown, with values too small to carry anything. */
const RENDERING = new Set(
  'w h q s v t cs random width height size quality auto fit crop format fm dpr ver version ext type mode theme style color logo label branch event labelcolor logocolor'.split(
    ' ',
  ),
);
/** Times among them are those of files. */
const RENDERING_VALUE = new RegExp(
  [
    '^(?:\\d{1,5}|1\\d{9}(?:\\d{3})?|[a-z]{1,12}(?:-[a-z]{1,8}){0,2}|[a-z]{1,10},[a-z]{1,10}|#?[0-9a-f]{6}|',
    'v?\\d{1,3}(?:\\.\\d{1,4}){1,3})$',
  ].join(''),
  'i',
);
const RENDERING_MAX = 8;
/** Characters after the question mark from which a query can carry something. */
const QUERY_MIN = 12;
/** Characters of parts of a path that look encoded from which they can carry something, together. */
const ENCODED_MIN = 40;
/** Words between hyphens or points, as titles, buckets and file names have; what is encoded has long words or none. */
const WORDS = /^(?:[A-Za-z0-9_]{1,16}[-.]){1,30}[A-Za-z0-9_]{1,16}$/;
/** Words between low lines too, each written as words are: names of files. */
const NAME = '(?:[A-Z]?[a-z]{1,15}|[A-Z]{1,15}|\\d{1,12}[a-z]{0,3})';
const NAMES = new RegExp(`^(?:${NAME}[-._]){1,30}${NAME}$`);
/** Hosts of sources, whose paths are full of digests and whose logs their users do not see. */
const SOURCE_HOSTS = new Set(['github.com', 'raw.githubusercontent.com', 'gitlab.com', 'bitbucket.org']);
/** A label below the registered name that is long enough to carry something. */
const HOST_LABEL = /^(?=[a-z-]*\d|.{30})[a-z0-9_-]{16,63}$/;
/** A shorter one that no one reads: figures among letters. Two of them carry something together. */
const HOST_PIECE = /^(?=(?:[a-z]{0,62}\d){3})[a-z0-9]{6,63}$/;
const HOST_PIECES_MIN = 2;
const HOST_CHARACTERS = 60;
/** A value of the caller's that redaction took out: in a URL it would be handed over. */
const IN_URL = new RegExp(
  PLACEHOLDER.source.replace('\\[', '(?:\\[|%5b)').replace('\\]', '(?:\\]|%5d)'),
  'i',
);

function queryCarries(search: string): boolean {
  if (search.length <= QUERY_MIN) return false;
  const parts = search.slice(1).split('&');
  if (parts.length > RENDERING_MAX) return true;
  return parts.some((part) => {
    const at = part.indexOf('=');
    return (
      at < 0 || !RENDERING.has(part.slice(0, at).toLowerCase()) || !RENDERING_VALUE.test(part.slice(at + 1))
    );
  });
}

/** Length of a part of a path as far as it looks encoded: long runs, and shorter ones of mixed case. */
function encodedLength(part: string): number {
  if (WORDS.test(part) || NAMES.test(part) || !/^[A-Za-z0-9+_%=~!$*.-]{12,}$/.test(part)) return 0;
  return part.length >= ENCODED_MIN || (/[a-z]/.test(part) && /[A-Z]/.test(part)) ? part.length : 0;
}

/**
 * Whether the user part of a URL is empty or says nothing: `git@`, `user:password@`. On hosts of sources it may be any
 * short word, for that is how they are told who clones.
 */
export function isPlainLogin({ username, password, hostname }: URL): boolean {
  // In marks, even words could carry something.
  if (password !== '' && !(/^\w+$/.test(password) && isStandInPassword(password))) return false;
  if (username === '' || isStandInUser(username)) return true;
  return SOURCE_HOSTS.has(hostname) && /^[a-z][a-z0-9-]{0,15}$/i.test(username);
}

/** Whether a URL has room, beyond its address, for something of the conversation. */
export function carriesData({ url, host }: LinkTarget): boolean {
  if (IN_URL.test(url.href)) return true;
  if (queryCarries(url.search) || !isPlainLogin(url)) return true;
  if (host.length > HOST_CHARACTERS) return true;
  const below = host.split('.').slice(0, -2);
  if (below.some((label) => HOST_LABEL.test(label) && !WORDS.test(label))) return true;
  if (below.filter((label) => HOST_PIECE.test(label)).length >= HOST_PIECES_MIN) return true;
  if (SOURCE_HOSTS.has(host)) return false;
  let encoded = 0;
  for (const part of url.pathname.split(/[/;,]/)) encoded += encodedLength(part);
  return encoded >= ENCODED_MIN;
}
