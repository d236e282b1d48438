import { BlockList, isIPv6 } from 'node:net';
import { isStandInPassword, isStandInUser } from '../secrets/stand-ins.ts';
import type { PiiMatch } from './entity.ts';
import { lastLabel, lineStart } from './labels.ts';
import { isMachineUser, isRole } from './mailboxes.ts';

const LOCAL = /[\p{L}\p{N}](?:[\p{L}\p{N}._%+'-]{0,62}[\p{L}\p{N}_+-])?$/u;
const LOCAL_MAX = 64;
const ROLE_SEVERITY = { severity: 'info' } as const;
const DOMAIN = /@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}\p{L}{2,24}/uy;
const IPV4 = /(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)/y;
const IPV6 = /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{0,4}|(?:\d{1,3}\.){3}\d{1,3})(?![\w:])/gi;
const MAC = new RegExp(
  [
    '(?<![\\w:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\\1){4}[0-9a-f]{2}(?![\\w:-])',
    '(?<![\\w.])(?:[0-9a-f]{4}\\.){2}[0-9a-f]{4}(?![\\w.])',
  ].join('|'),
  'gi',
);

/** A path behind a host, as `scp` and `git` write it. */
const REMOTE_PATH = /^:(?:\d{1,5}\/|~?\/|[\w.-]{1,64}\/|[\w.-]{1,64}\.git\b)/;
/** Whether a sign parts who logs in from the host, `https://git@host` or `git@host:path`, and both say nothing of a person. */
function isLogin(text: string, start: number, local: string, end: number): boolean {
  if (local === 'git') return true;
  if (isMachineUser(local) && REMOTE_PATH.test(text.slice(end, end + LOCAL_MAX))) return true;
  const before = text.slice(Math.max(0, start - LOCAL_MAX), start);
  if (/\b(?:ssh|scp|sftp|rsync)\b[^\n@]{0,40}$/.test(before) && isMachineUser(local)) return true;
  const behind =
    /:$/.test(before) && isStandInPassword(local) && isStandInUser(/([\w-]{0,32}):$/.exec(before)![1]!);
  if (behind) return true;
  return (
    /:\/\/(?:[\w-]{0,32}:)?$/.test(before) &&
    (isStandInUser(local) || isStandInPassword(local) || isMachineUser(local))
  );
}

/** Whether what stands behind the sign is no host: `logo@2x.png`, a call `a@b.inverse()`. */
const isNoHost = (text: string, at: number, end: number): boolean =>
  /^@\dx\./i.test(text.slice(at, at + 4)) || text[end] === '(';

/** E-mail addresses, MAC addresses and IPv6 addresses: whatever has a sign of its own. */
export function* signed(text: string): Generator<PiiMatch> {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    DOMAIN.lastIndex = at;
    if (!DOMAIN.test(text)) continue;
    const local = LOCAL.exec(text.slice(Math.max(0, at - LOCAL_MAX), at));
    const end = DOMAIN.lastIndex;
    if (!local || isNoHost(text, at, end)) continue;
    const start = at - local[0].length;
    if (isLogin(text, start, local[0], end)) continue;
    yield { entity: 'email', start, end, confidence: 0.95, ...(isRole(local[0]) && ROLE_SEVERITY) };
    at = end;
  }
  const colons = text.includes(':');
  if (colons || /[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-|[0-9a-f]{4}\.[0-9a-f]{4}\./i.test(text))
    for (const { index, 0: found } of text.matchAll(MAC))
      if (/\d/.test(found) && (found[2] === ':' || /[a-f]/i.test(found)) && !/^(..).\1.\1.\1.\1/.test(found))
        yield { entity: 'mac-address', start: index, end: index + found.length, confidence: 0.9 };
  if (!colons || !/:[0-9a-f]{0,4}:/i.test(text)) return;
  for (const { index, 0: found } of text.matchAll(IPV6)) {
    if (found.length < 5 || !/\d/.test(found) || !isIPv6(found)) continue;
    const match = addressMatch(found, index, index + found.length, '');
    if (match) yield match;
  }
}

/** Addresses that every machine has for itself, for no one, for all, or for the description of a network. */
const SHARED = blockList('127.0.0.0/8 0.0.0.0/8 224.0.0.0/4 240.0.0.0/4 ::/127 ff00::/8'.split(' '));
/** Addresses that mean something within one network alone (RFC 1918, 3927, 4193, 4291, 6598). */
const WITHIN = blockList(
  '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 100.64.0.0/10 fc00::/7 fe80::/10'.split(' '),
);
/** Resolvers that anybody may use. */
const RESOLVERS = new Set(
  '8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220'.split(' '),
);

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net, bits] = range.split('/') as [string, string];
    list.addSubnet(net, Number(bits), net.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** A mask of a network: ones, then zeros. */
const isMask = (bits: number): boolean => (~bits & (~bits + 1)) >>> 0 === 0;

/** An address found at a place, or null where it is nobody's. */
function addressMatch(address: string, start: number, end: number, behind: string): PiiMatch | null {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  if (SHARED.check(address, family) || RESOLVERS.has(address)) return null;
  if (family === 'ipv4') {
    const bits = address.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
    if (isMask(bits)) return null;
    // A network, such as 198.51.100.0/24: there is no host in it.
    const prefix = /^\/(\d{1,2})(?!\d)/.exec(behind)?.[1];
    if (prefix !== undefined && Number(prefix) < 32 && (bits << Number(prefix)) >>> 0 === 0) return null;
  }
  const inside = WITHIN.check(address, family);
  return { entity: 'ip-address', start, end, confidence: 0.9, ...(inside && { severity: 'info' as const }) };
}

const VERSION = new RegExp(
  [
    '\\bv|\\bversi\\p{L}{1,4}|\\bver\\.?|\\brelease|\\bfirmware|\\bbuild|\\bupgrad\\p{L}*|\\bupdat\\p{L}*|\\bwersj\\p{L}*',
    '\\bs[uü]r[uü]m\\p{L}*|верси\\p{L}*|バージョン|版本|버전|الإصدار',
    '\\bsection|\\bchapter|\\bclause|\\btable|\\bfigure|§|\\babschnitt|\\bkapitel',
  ].join('|'),
  'giu',
);
const ADDRESS_WORDS = new RegExp(
  [
    '\\bips?v?4?\\b|\\bhosts?\\b|\\bserver|\\baddress|\\badresse?|\\bgateway|\\bdns\\b|\\bpeer|\\bclient|\\bping\\b|\\bssh\\b',
    'direcci|indirizzo|endere[çc]o|адрес|地址|アドレス',
  ].join('|'),
  'gi',
);
/** Characters before an address in which it is said to be a version. */
const LINE_REACH = 72;
/** A version by what stands right before it: an operator of a package list, a name of a file, a tag of an image. */
const VERSIONED = /(?:[=~^<>]=?["']?|[a-z][-_]v?|\/[\w.-]{1,64}:)$/i;
/** Names that tell of an address though they are written so. */
const NAMED_ADDRESS = /\bip[-_]$|host[-_]?=$|addr(?:ess)?=["']?$|\bip=["']?$/i;

/** Whether four numbers are a version or the number of a section. */
function isVersion(text: string, at: number, end: number): boolean {
  const from = lineStart(text, at, LINE_REACH);
  const line = text.slice(from, at);
  if (VERSIONED.test(line) && !NAMED_ADDRESS.test(line)) return true;
  // A heading: `1.2.3.4 Scope`.
  if (line.trim() === '' && /^ \p{Lu}\p{Ll}/u.test(text.slice(end, end + 3))) return true;
  const version = lastLabel(text, VERSION, from, at);
  return version >= 0 && version > lastLabel(text, ADDRESS_WORDS, from, at);
}

/** An IPv4 address at `at`, unless it is a version. */
export function ipv4At(text: string, at: number): PiiMatch | null {
  IPV4.lastIndex = at;
  if (!IPV4.test(text) || text[at - 1] === '.') return null;
  const end = IPV4.lastIndex;
  if (isVersion(text, at, end)) return null;
  return addressMatch(text.slice(at, end), at, end, text.slice(end, end + 4));
}
