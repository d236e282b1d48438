/** Addresses in a line of commands. */
const ADDRESS = /\b[a-z][a-z0-9+.-]{0,15}:\/\/[^\s'"`|;<>]{0,2048}/gi;
/** A host with a name, over TLS. */
const NAMED = /^https:\/\/(?:[a-z0-9_][a-z0-9_-]{0,62}\.){1,8}[a-z]{2,24}(?::\d{1,5})?(?:[/?#)]|$)/i;
/** Where anyone leaves a text, or has others call, without a name. */
const PASSING: ReadonlySet<string> = new Set(
  (
    'webhook.site pastebin.com paste.ee rentry.co transfer.sh termbin.com ix.io 0x0.st file.io ngrok.io ngrok-free.app ngrok.app ' +
    'trycloudflare.com loca.lt serveo.net pipedream.net requestbin.com interact.sh oast.fun oast.pro oast.live oast.site oast.me ' +
    'burpcollaborator.net discord.com discordapp.com nip.io sslip.io'
  ).split(' '),
);
const LOCAL = /^[a-z]{1,8}:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?:[:/?#)]|$)/i;
const LOOPBACK = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$)/i;
/** Whether an address is of this machine. */
export const isLoopback = (address: string): boolean => LOOPBACK.test(address);
/** A part that is put in later: of a shell, of a pipeline, of Windows. */
const VARIABLE = /\$|\{\{|%\w/;
const VARIABLES = /\$\{?(\w{1,64})|%(\w{1,64})%/g;
/** Options by which a client takes any certificate. */
const UNCHECKED = /\s-[a-zA-Z]{0,8}k|--insecure\b|--no-check-certificate\b|-SkipCertificateCheck\b/i;
/** A name that is given an address: in a shell, a recipe for images, a pipeline. */
const ASSIGNED =
  /\b(\w{1,64})["']?(?:\s{0,4}[=:]\s{0,4}|\s)["']?((?:[a-z][a-z0-9+.-]{0,15}:\/\/|(?:\d{1,3}\.){3}\d)[^\s'"`|;<>]{0,2048})/gi;

/** Addresses that a line names. */
export const addressesIn = (line: string): string[] => [...line.matchAll(ADDRESS)].map(([one]) => one);
const hostOf = (address: string): string => /^[^:]{0,16}:\/\/([^/?#]{0,255})/.exec(address)?.[1] ?? '';
/** The name of the host of an address, without who asks and its port. */
export const hostNameOf = (address: string): string =>
  hostOf(address)
    .replace(/^[^@]{0,255}@/, '')
    .replace(/:\d{1,5}$/, '')
    .toLowerCase();
/** The last two names of a host: what is rented out below them is one. */
const zoneOf = (host: string): string =>
  host
    .replace(/:\d{1,5}$/, '')
    .toLowerCase()
    .split('.')
    .slice(-2)
    .join('.');
/** Whether an address is of a host with a name, over TLS, where not just anyone leaves something. */
export const isNamed = (address: string): boolean =>
  NAMED.test(address) && !PASSING.has(zoneOf(hostOf(address)));

const BY_NUMBER = /^(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?$|^\[/;
const PRIVATE = /^(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./;
/** Whether an address is of a host by number, outside of a network of one's own, or of one where anyone leaves something. */
export const isStray = (address: string): boolean => {
  const host = hostOf(address).replace(/^[^@]{0,255}@/, '');
  return PASSING.has(zoneOf(host)) || (BY_NUMBER.test(host) && !PRIVATE.test(host));
};

/** Whether a line names addresses, and all of them are this machine. */
export const isOnlyLocal = (line: string): boolean => {
  const all = addressesIn(line);
  return all.length > 0 && all.every((one) => LOCAL.test(one));
};

/** What names in a text stand for, where it is an address; of several the last that is odd. */
export function assignedAddresses(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name, address] of text.matchAll(ASSIGNED)) {
    const before = found.get(name!);
    if (before === undefined || isNamed(before)) found.set(name!, address!);
  }
  return found;
}

/**
 * Whether what a line fetches comes from hosts with a name, over TLS, or from where a variable says that nothing odd is known of.
 * @param assigned addresses that names of the text around it stand for
 */
export function isNamedInstaller(line: string, assigned: () => ReadonlyMap<string, string>): boolean {
  if (UNCHECKED.test(line)) return false;
  const addresses = addressesIn(line);
  for (const one of addresses)
    if (!isNamed(one) && !(one.startsWith('https:') && VARIABLE.test(hostOf(one)))) return false;
  if (addresses.some(isNamed)) return true;
  const names = [...line.matchAll(VARIABLES)].map(([, shell, windows]) => shell ?? windows!);
  if (names.length === 0) return VARIABLE.test(line);
  return names.every((name) => {
    const address = assigned().get(name);
    return address === undefined || isNamed(address) || VARIABLE.test(hostOf(address));
  });
}
