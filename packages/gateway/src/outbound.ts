import { BlockList, isIP, isIPv4 } from 'node:net';
import { bareHost, isLoopback, type Outbound, type Way } from '@sallyport/core';

function inRange(host: string, range: string): boolean {
  const slash = range.lastIndexOf('/');
  const [net, bits] = [range.slice(0, slash), Number(range.slice(slash + 1))];
  const family = isIP(net);
  if (family === 0 || isIP(host) !== family || !(bits >= 0 && bits <= (family === 4 ? 32 : 128)))
    return false;
  const list = new BlockList();
  const name = isIPv4(net) ? 'ipv4' : 'ipv6';
  list.addSubnet(net, bits, name);
  return list.check(host, name);
}

/** Whether an entry of `NO_PROXY` means an address, as curl and undici read it. */
function isMeant(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const host = bareHost(url).toLowerCase();
  if (entry.includes('/')) return inRange(host, entry);
  const ported = isIP(entry) === 0 ? /^(.*):(\d{1,5})$/.exec(entry) : null;
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (ported && ported[2] !== port) return false;
  const name = (ported?.[1] ?? entry)
    .replace(/^\[|\]$/g, '')
    .replace(/^\*?\./, '')
    .toLowerCase();
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

/** The way out to an address of a system. What is on this machine needs no proxy, unless the system names one. */
export function wayTo(outbound: Outbound, system: string, url: URL): Way {
  const own = Object.hasOwn(outbound.systems, system) ? outbound.systems[system] : undefined;
  const ca = [outbound.ca, own?.ca].filter((pem) => pem).join('\n') || null;
  if (own?.proxy !== undefined) return { proxy: own.proxy, ca };
  const direct = isLoopback(bareHost(url)) || outbound.direct.some((entry) => isMeant(entry, url));
  return { proxy: direct ? null : outbound.proxies[url.protocol === 'https:' ? 'https' : 'http'], ca };
}
