import { BlockList, isIP, isIPv4 } from 'node:net';

/** What kind of place an address is. `forbidden` ones are never an AI system, whatever the operator says. */
export type AddressKind = 'public' | 'private' | 'forbidden';

const list = (ranges: readonly string[]): BlockList => {
  const block = new BlockList();
  for (const range of ranges) {
    const [net, bits] = range.split('/') as [string, string];
    block.addSubnet(net, Number(bits), isIPv4(net) ? 'ipv4' : 'ipv6');
  }
  return block;
};

/** Ranges an operator may allow: RFC 1918, loopback, CGNAT (RFC 6598), unique local (RFC 4193), benchmarking. */
const PRIVATE = list([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '100.64.0.0/10',
  '198.18.0.0/15',
  '::1/128',
  'fc00::/7',
]);
/**
 * IANA special-purpose registries: unspecified, link-local (cloud metadata), multicast, documentation, reserved, tunnels. Behind
 * them the addresses at which clouds hand credentials to a machine, and which are not link-local: of Alibaba Cloud, Azure,
 * Amazon and Google.
 */
const FORBIDDEN = list([
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  '100::/64',
  '2001:db8::/32',
  '2001::/32',
  '3fff::/20',
  '5f00::/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
]);

function bytesOf(address: string): number[] {
  const [head, tail = ''] = address.includes('::')
    ? (address.split('::') as [string, string])
    : [address, undefined];
  const words = (text: string): number[] =>
    text
      .split(':')
      .filter((w) => w !== '')
      .flatMap((word) => {
        if (!word.includes('.')) return [Number.parseInt(word, 16)];
        const [a, b, c, d] = word.split('.').map(Number) as [number, number, number, number];
        return [a * 256 + b, c * 256 + d];
      });
  const left = words(head);
  const right = words(tail);
  const all = [...left, ...new Array(8 - left.length - right.length).fill(0), ...right];
  return all.flatMap((word: number) => [word >> 8, word & 255]);
}

/** The IPv4 address inside a mapped, compatible, NAT64, 6to4 or ISATAP IPv6 address, or null. */
function embedded(address: string): string | null {
  const b = bytesOf(address);
  const dotted = (at: number): string => b.slice(at, at + 4).join('.');
  const zeros = (from: number, to: number): boolean => b.slice(from, to).every((byte) => byte === 0);
  if (zeros(0, 10) && ((b[10] === 255 && b[11] === 255) || (zeros(10, 12) && !zeros(12, 15))))
    return dotted(12);
  if (zeros(0, 8) && b[8] === 255 && b[9] === 255 && zeros(10, 12)) return dotted(12);
  if (b[0] === 0 && b[1] === 0x64 && b[2] === 0xff && b[3] === 0x9b) return dotted(12);
  if (b[0] === 0x20 && b[1] === 0x02) return dotted(2);
  if (zeros(9, 10) && b[10] === 0x5e && b[11] === 0xfe) return dotted(12);
  return null;
}

/** Classifies an address; IPv4 inside IPv6 counts as what it leads to, and is forbidden unless public. */
export function classifyAddress(address: string): AddressKind {
  const plain = address
    .replace(/^\[|\]$/g, '')
    .replace(/%.*/s, '')
    .toLowerCase();
  const family = isIP(plain);
  if (family === 0) return 'forbidden';
  if (family === 6) {
    const inner = embedded(plain);
    if (inner !== null) return classifyAddress(inner);
  }
  const name = family === 4 ? 'ipv4' : 'ipv6';
  if (FORBIDDEN.check(plain, name)) return 'forbidden';
  return PRIVATE.check(plain, name) ? 'private' : 'public';
}
