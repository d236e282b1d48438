/** Where a URL leads, written in one way however it was spelt. Whoever answers there answers TLS and plain HTTP alike. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  /** Without a slash at its end; empty for the root. */
  readonly path: string;
}

const LOOPBACK = 'localhost';

/** The host of a URL as it is reached: without a dot at its end, every name of this machine by one. */
function hostOf({ hostname }: URL): string {
  const host = hostname.replace(/(?<!\.)\.+$/, '').toLowerCase();
  if (host === LOOPBACK || host.endsWith(`.${LOOPBACK}`) || host === '0.0.0.0') return LOOPBACK;
  if (/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)) return LOOPBACK;
  if (host === '[::1]' || host === '[::]') return LOOPBACK;
  const mapped = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(host);
  if (!mapped) return host;
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  const four = [high >> 8, high & 255, low >> 8, low & 255].join('.');
  return hostOf(new URL(`http://${four}`));
}

/** A path with each octet written once: what need not be escaped is not, and no slash stands twice. */
function pathOf({ pathname }: URL): string {
  const once = pathname.replaceAll(/%[0-9a-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[A-Za-z0-9._~/-]/.test(character) ? character : escaped.toUpperCase();
  });
  const parts: string[] = [];
  for (const part of once.toLowerCase().split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.length === 0 ? '' : `/${parts.join('/')}`;
}

/**
 * Where a URL leads. Spellings that reach one place give one destination: case, a dot after the host, the port that is
 * understood, credentials, names and numbers of this machine, escapes and steps in the path, query and fragment.
 * @throws TypeError where it is no URL
 */
export function destinationOf(text: string): Destination {
  const url = new URL(text);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { host: hostOf(url), port, path: pathOf(url) };
}

/** Whether two places are one port, and one path or one below the other: an operation is appended to either. */
export function mayBeSamePlace(a: Destination, b: Destination): boolean {
  if (a.port !== b.port) return false;
  return a.path === b.path || a.path.startsWith(`${b.path}/`) || b.path.startsWith(`${a.path}/`);
}

/** Whether two hosts that are spelt otherwise are one, such as by the addresses that they lead to. */
export type SameHost = (one: string, other: string) => boolean;

/** Whether two URLs lead to one place, or one to what lies below the other. */
export function isSameDestination(one: string, other: string, isSameHost: SameHost = () => false): boolean {
  const [a, b] = [destinationOf(one), destinationOf(other)];
  return mayBeSamePlace(a, b) && (a.host === b.host || isSameHost(a.host, b.host));
}
