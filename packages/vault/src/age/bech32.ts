const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM = 6;

function polymod(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    GENERATOR.forEach((term, i) => {
      if ((top >>> i) & 1) sum ^= term;
    });
  }
  return sum;
}

const expandPrefix = (prefix: string): number[] => {
  const codes = [...prefix].map((character) => character.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
};

/** Groups of `from` bits as groups of `to`. @returns null where bits are left over that are not zero */
function regroup(values: Iterable<number>, from: number, to: number, pads: boolean): number[] | null {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const value of values) {
    held = ((held << from) | value) & 0xfff;
    bits += from;
    while (bits >= to) {
      bits -= to;
      out.push((held >> bits) & ((1 << to) - 1));
    }
  }
  if (pads) {
    if (bits > 0) out.push((held << (to - bits)) & ((1 << to) - 1));
  } else if (bits >= from || ((held << (to - bits)) & ((1 << to) - 1)) !== 0) return null;
  return out;
}

/** Bytes as bech32 (BIP 173), of any length as age has them. @param prefix in lower case */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const values = regroup(bytes, 8, 5, true)!;
  const sum = polymod([...expandPrefix(prefix), ...values, 0, 0, 0, 0, 0, 0]) ^ 1;
  const check = Array.from({ length: CHECKSUM }, (_, i) => (sum >>> (5 * (5 - i))) & 31);
  return `${prefix}1${[...values, ...check].map((value) => ALPHABET[value]!).join('')}`;
}

/** @returns null for what is no bech32: mixed case, another alphabet, a wrong sum, bits left over */
export function decodeBech32(text: string): { readonly prefix: string; readonly bytes: Uint8Array } | null {
  const lower = text.toLowerCase();
  if (lower !== text && text.toUpperCase() !== text) return null;
  const at = lower.lastIndexOf('1');
  if (at < 1 || lower.length - at - 1 < CHECKSUM) return null;
  const prefix = lower.slice(0, at);
  if (!/^[\x21-\x7e]+$/.test(prefix)) return null;
  const values = [...lower.slice(at + 1)].map((character) => ALPHABET.indexOf(character));
  if (values.includes(-1) || polymod([...expandPrefix(prefix), ...values]) !== 1) return null;
  const bytes = regroup(values.slice(0, -CHECKSUM), 5, 8, false);
  return bytes && { prefix, bytes: Uint8Array.from(bytes) };
}
