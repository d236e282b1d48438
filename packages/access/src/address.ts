import { BlockList, isIP } from 'node:net';

/** Addresses that one header may list. */
const HOPS_MAX = 32;

/** Proxies that are believed when they say for whom they ask. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #any: boolean;

  /** @param ranges addresses and ranges, such as `10.0.0.0/8` */
  constructor(ranges: readonly string[]) {
    this.#any = ranges.length > 0;
    for (const range of ranges) {
      const [address = '', bits] = range.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  /** Whether an address is that of a trusted proxy. */
  trusts(address: string): boolean {
    return isIP(address) !== 0 && this.#list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }

  /**
   * The client behind the proxies: the last hop in `X-Forwarded-For` that is no trusted proxy. What others than
   * trusted proxies say is not listened to.
   * @param peer address of the connection @param forwardedFor the header, when there is one
   */
  client(peer: string, forwardedFor: string | undefined): string {
    let address = plain(peer);
    if (!this.#any || forwardedFor === undefined) return address;
    for (const hop of forwardedFor.split(',').slice(-HOPS_MAX).reverse()) {
      if (!this.trusts(address)) break;
      const next = plain(hop.trim());
      // A hop that is no address leaves us with the proxy that wrote it.
      if (isIP(next) === 0) break;
      address = next;
    }
    return address;
  }
}

/** An IPv4 address that came over an IPv6 socket is written as itself. */
export const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');

/** Words of 16 bits of an IPv6 address that name its network. */
const NETWORK_WORDS = 4;
const WORDS = 8;

/**
 * What counts as one place of callers: an IPv4 address, or the network of 64 bits of an IPv6 address. One connection to the
 * internet gets at least such a network (RFC 6177), and may use every address in it.
 */
export function addressBlock(address: string): string {
  const own = plain(address);
  if (isIP(own) !== 6) return own;
  const [head = '', tail] = own.toLowerCase().split('%', 1)[0]!.split('::');
  const words = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':');
    // An IPv4 address at the end stands for two words.
    const zeros = WORDS - words.length - last.length - (tail.includes('.') ? 1 : 0);
    words.push(...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...last);
  }
  const network = words.slice(0, NETWORK_WORDS).map((word) => word.replace(/^0+(?=.)/, ''));
  return `${network.join(':')}::/64`;
}
