import { isDay, isShortDay, luhn, mod11of10, weighted } from './check-digits.ts';

/** The figure at a place. */
export const digitAt = (text: string, at: number): number => text.charCodeAt(at) - 48;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Italian *codice fiscale*: what characters on odd places count (decree of 23 December 1976). */
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/** Italian *codice fiscale*. */
export function codiceFiscale(text: string): boolean {
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const c = text.charCodeAt(i);
    const value = c < 65 ? c - 48 : c - 65;
    sum += i % 2 === 0 ? ODD[value]! : value;
  }
  return LETTERS[sum % 26] === text[15];
}

/** Polish PESEL. */
export function pesel(text: string): boolean {
  const month = Number(text.slice(2, 4)) % 20;
  if (!isShortDay(text.slice(0, 2) + String(month).padStart(2, '0') + text.slice(4, 6))) return false;
  return (10 - (weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === digitAt(text, 10);
}

/** Norwegian *fødselsnummer*. */
export function norwegian(text: string): boolean {
  const day = Number(text.slice(0, 2)) % 40;
  if (!isDay(2000 + Number(text.slice(4, 6)), Number(text.slice(2, 4)) % 40, day)) return false;
  const first = (11 - (weighted(text, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11;
  const second = (11 - (weighted(text, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return first === digitAt(text, 9) && second === digitAt(text, 10);
}

/** Of the first ten figures of a German tax number exactly one stands there twice or three times (§ 139b AO, BZSt). */
export function german(text: string): boolean {
  const times = new Map<string, number>();
  for (const digit of text.slice(0, 10)) times.set(digit, (times.get(digit) ?? 0) + 1);
  const repeated = [...times.values()].filter((count) => count > 1);
  return repeated.length === 1 && repeated[0]! <= 3 && mod11of10(text);
}

/** British national insurance number: pairs of letters that are not given out. */
export const british = (text: string): boolean => !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(text);

/** Swedish *personnummer*. */
export function swedish(text: string): boolean {
  const short = text.slice(-10);
  const day = String(Number(short.slice(4, 6)) % 60).padStart(2, '0');
  return isShortDay(short.slice(0, 4) + day) && luhn(short);
}

const HETU = '0123456789ABCDEFHJKLMNPRSTUVWXY';

/** Finnish *henkilötunnus*. */
export function finnish(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '').slice(0, 9);
  return (
    isDay(2000 + Number(digits.slice(4, 6)), Number(digits.slice(2, 4)), Number(digits.slice(0, 2))) &&
    HETU[Number(digits) % 31] === text.at(-1)
  );
}

/** Check digit of Korean numbers given until October 2020. */
export const korean = (text: string): boolean =>
  (11 - (weighted(text, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10 === digitAt(text, 12);

/** Brazilian CPF, both check digits. */
export function cpf(text: string): boolean {
  if (/^(\d)\1+$/.test(text)) return false;
  const check = (n: number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += digitAt(text, i) * (n + 1 - i);
    return ((sum * 10) % 11) % 10;
  };
  return check(9) === digitAt(text, 9) && check(10) === digitAt(text, 10);
}

/** Turkish identity number, both check digits. */
export function turkish(text: string): boolean {
  const d = [...text].map(Number);
  const odd = d[0]! + d[2]! + d[4]! + d[6]! + d[8]!;
  const even = d[1]! + d[3]! + d[5]! + d[7]!;
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return d[0] !== 0 && tenth === d[9] && d.slice(0, 10).reduce((sum, one) => sum + one, 0) % 10 === d[10];
}

/** Chinese resident number (GB 11643). */
export function chinese(text: string): boolean {
  if (!isDay(Number(text.slice(6, 10)), Number(text.slice(10, 12)), Number(text.slice(12, 14)))) return false;
  const rest = weighted(text, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
  return '10X98765432'[rest] === text[17];
}

/** Singaporean NRIC and FIN. */
export function singaporean(text: string): boolean {
  const sum = weighted(text.slice(1), [2, 7, 6, 5, 4, 3, 2]);
  const kind = text[0]!;
  if (kind === 'M')
    return 'XWUTRQPNJLK'[10 - ((sum + 3) % 11)] === text[8] || 'KLJNPQRTUWX'[(sum + 3) % 11] === text[8];
  const shifted = (sum + (kind === 'T' || kind === 'G' ? 4 : 0)) % 11;
  return (kind === 'S' || kind === 'T' ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[shifted] === text[8];
}

/** Chilean RUT. */
export function chileanRut(text: string): boolean {
  const body = text.slice(0, -1);
  let sum = 0;
  for (let i = 0; i < body.length; i++) sum += digitAt(body, body.length - 1 - i) * (2 + (i % 6));
  return '0K987654321'[sum % 11] === text.at(-1);
}

/** Mexican CURP. */
export function curp(text: string): boolean {
  let sum = 0;
  const alphabet = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';
  for (let i = 0; i < 17; i++) sum += alphabet.indexOf(text[i]!) * (18 - i);
  return (10 - (sum % 10)) % 10 === digitAt(text, 17);
}

/** Romanian CNP. */
export function romanian(text: string): boolean {
  if (!isShortDay(text.slice(1, 7))) return false;
  const rest = weighted(text, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
  return (rest === 10 ? 1 : rest) === digitAt(text, 12);
}

/** Bulgarian EGN. */
export function bulgarian(text: string): boolean {
  const month = Number(text.slice(2, 4)) % 20;
  if (!isShortDay(text.slice(0, 2) + String(month).padStart(2, '0') + text.slice(4, 6))) return false;
  return (weighted(text, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === digitAt(text, 9);
}

/** Japanese individual number. */
export function japanese(text: string): boolean {
  const rest = weighted(text, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest <= 1 ? 0 : 11 - rest) === digitAt(text, 11);
}

/** Identity card of Hong Kong. */
export function hongKong(text: string): boolean {
  const own = /^[A-Z]{1,2}(?=\d)/.exec(text)![0];
  const letters = own.padStart(2, ' ');
  const digits = text.slice(own.length);
  const value = (c: string): number => (c === ' ' ? 36 : c.charCodeAt(0) - 55);
  let sum = value(letters[0]!) * 9 + value(letters[1]!) * 8;
  for (let i = 0; i < 6; i++) sum += digitAt(digits, i) * (7 - i);
  const last = digits[6] === 'A' ? 10 : digitAt(digits, 6);
  return (sum + last) % 11 === 0;
}
