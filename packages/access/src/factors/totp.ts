import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const STEP_S = 30;
const DIGITS = 6;
/** Steps that are taken when a device is enrolled, for clocks that differ (RFC 6238 section 5.2). */
const DRIFTS: readonly number[] = [-1, 0, 1];
const SECRET_BYTES = 20;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base32 without padding (RFC 4648 section 6). */
export function base32(bytes: Uint8Array): string {
  let out = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) out += BASE32[(value >>> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? out + BASE32[(value << (5 - bits)) & 31] : out;
}

/** A secret for an authenticator app: 160 bits. */
export function newTotpSecret(): Uint8Array {
  return randomBytes(SECRET_BYTES);
}

/** The code of a time step (RFC 4226 section 5.3 over RFC 6238 section 4.2). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = mac.at(-1)! & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** The time step at a time. */
export const totpStep = (nowMs: number): number => Math.floor(nowMs / 1000 / STEP_S);

/**
 * Steps that are taken of a device that was used before: the one of now, for thirty seconds (ASVS 5.0, 6.5.5), and that of
 * its own clock, where the last code showed that this differs (RFC 6238 section 6).
 * @param counter step of the last code @param usedAt when it was taken, ISO 8601
 */
export function driftsOf(counter: number, usedAt: string | null): readonly number[] {
  const drift = usedAt === null ? 0 : counter - totpStep(Date.parse(usedAt));
  return drift !== 0 && DRIFTS.includes(drift) ? [0, drift] : [0];
}

/**
 * The time step whose code this is, among those that are taken; null where it is none. Whoever calls lets each step count
 * once only, and none before one that was used.
 * @param drifts steps from now that are taken
 */
export function matchTotp(
  secret: Uint8Array,
  code: string,
  nowMs: number,
  drifts: readonly number[] = DRIFTS,
): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const given = Buffer.from(code);
  let found: number | null = null;
  for (const drift of drifts) {
    const step = totpStep(nowMs) + drift;
    if (timingSafeEqual(Buffer.from(totpCode(secret, step)), given)) found = step;
  }
  return found;
}

/** What an authenticator app reads from a QR code (Key Uri Format of Google Authenticator). */
export function totpUri(secret: Uint8Array, account: string): string {
  const label = `Sallyport:${account}`;
  return `otpauth://totp/${encodeURIComponent(label)}?secret=${base32(secret)}&issuer=Sallyport`;
}
