import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { CodedError } from '@sallyport/core';

/** One way into the file key: what kind it is, and what whoever holds the key needs. */
export interface Stanza {
  readonly type: string;
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

/** What stands before the payload of a file. */
export interface AgeHeader {
  readonly stanzas: readonly Stanza[];
  readonly mac: Uint8Array;
  /** What the MAC is over. */
  readonly signed: Uint8Array;
}

const VERSION = 'age-encryption.org/v1';
const COLUMNS = 64;
const MAC_BYTES = 32;
/** Bytes of a header that are read. */
export const HEADER_BYTES_MAX = 1024 * 1024;
const STANZAS_MAX = 1024;
const WORD = /^[\x21-\x7e]+$/;

/** What cannot be opened, in words. */
export const ageFault = (why: string): CodedError => new CodedError('sealed-content-unreadable', why);

/** Base64 without padding, in the one spelling that bytes have. */
export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('base64')
    .replace(/(?<!=)=+$/, '');

/** @returns null for any other spelling */
export function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return toBase64(bytes) === text ? bytes : null;
}

function formatStanza({ type, args, body }: Stanza): string {
  const text = toBase64(body);
  const lines: string[] = [];
  // The last line is shorter than the others, and so may be empty.
  for (let at = 0; at <= text.length; at += COLUMNS) lines.push(text.slice(at, at + COLUMNS));
  return `-> ${[type, ...args].join(' ')}\n${lines.join('\n')}\n`;
}

function macOf(fileKey: Uint8Array, signed: Uint8Array): Buffer {
  const key = Buffer.from(hkdfSync('sha256', fileKey, '', 'header', MAC_BYTES));
  return createHmac('sha256', key).update(signed).digest();
}

/** The header of a file (age-encryption.org/v1, "Header"). @param fileKey 16 bytes */
export function formatHeader(stanzas: readonly Stanza[], fileKey: Uint8Array): Buffer {
  const signed = Buffer.from(`${VERSION}\n${stanzas.map(formatStanza).join('')}---`);
  return Buffer.concat([signed, Buffer.from(` ${toBase64(macOf(fileKey, signed))}\n`)]);
}

/** Whether nothing in a header was changed. */
export const headerIsWhole = ({ mac, signed }: AgeHeader, fileKey: Uint8Array): boolean =>
  timingSafeEqual(mac, macOf(fileKey, signed));

/** What a header prints as: the same that it was read from. */
export const printHeader = ({ signed, mac }: AgeHeader): Buffer =>
  Buffer.concat([signed, Buffer.from(` ${toBase64(mac)}\n`)]);

/**
 * Reads the header at the beginning of some bytes.
 * @returns null where it does not end within them; else the header and where the payload begins
 * @throws CodedError `sealed-content-unreadable`
 */
export function parseHeader(bytes: Buffer): { readonly header: AgeHeader; readonly end: number } | null {
  let at = 0;
  const line = (): string | null => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) return null;
    const text = bytes.toString('latin1', at, end);
    at = end + 1;
    return text;
  };
  const cut = (): null => {
    if (bytes.length >= HEADER_BYTES_MAX) throw ageFault('its header is too long');
    return null;
  };
  const first = line();
  if (first === null) {
    if (!`${VERSION}\n`.startsWith(bytes.toString('latin1', 0, VERSION.length)))
      throw ageFault('it is no age file');
    return cut();
  }
  if (first !== VERSION) throw ageFault('it is no age file of version 1');
  const stanzas: Stanza[] = [];
  for (;;) {
    const begin = at;
    const head = line();
    if (head === null) return cut();
    if (head.startsWith('---')) {
      const mac = /^--- (\S+)$/.exec(head)?.[1];
      const sum = mac === undefined ? null : fromBase64(mac);
      if (sum?.length !== MAC_BYTES) throw ageFault('its header has no sum');
      if (stanzas.length === 0) throw ageFault('its header names no recipient');
      return { header: { stanzas, mac: sum, signed: bytes.subarray(0, begin + 3) }, end: at };
    }
    const [arrow, type, ...args] = head.split(' ');
    if (arrow !== '->' || type === undefined || ![type, ...args].every((word) => WORD.test(word)))
      throw ageFault('its header is malformed');
    let body = '';
    for (;;) {
      const text = line();
      if (text === null) return cut();
      if (text.length > COLUMNS) throw ageFault('a line of its header is too long');
      body += text;
      if (text.length < COLUMNS) break;
    }
    const content = fromBase64(body);
    if (!content) throw ageFault('its header holds what is no base64');
    stanzas.push({ type, args, body: content });
    if (stanzas.length > STANZAS_MAX) throw ageFault('its header is too long');
  }
}
