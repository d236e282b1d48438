/** Check digits of card numbers and many national numbers (ISO/IEC 7812-1 annex B). */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let d = digits.charCodeAt(digits.length - 1 - i) - 48;
    if (i % 2 === 1) {
      d *= 2;
      if (d > 9) d -= 9;
    }
    sum += d;
  }
  return sum % 10 === 0;
}

/** Sum of digits, each times its weight. */
export function weighted(digits: string, weights: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += (digits.charCodeAt(i) - 48) * weights[i]!;
  return sum;
}

/** Remainder of a decimal number of any length. */
export function remainder(digits: string, modulus: number): number {
  let rest = 0;
  for (let i = 0; i < digits.length; i++) rest = (rest * 10 + digits.charCodeAt(i) - 48) % modulus;
  return rest;
}

/** ISO 7064 mod 11,10, as German tax numbers and Croatian ones have it. */
export function mod11of10(digits: string): boolean {
  let product = 10;
  for (let i = 0; i < digits.length - 1; i++) {
    let sum = (digits.charCodeAt(i) - 48 + product) % 10;
    if (sum === 0) sum = 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digits.charCodeAt(digits.length - 1) - 48;
}

const TURN = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/** Verhoeff's check (1969) over the dihedral group of order ten, as Indian identity numbers have it. */
export function verhoeff(digits: string): boolean {
  const add = (a: number, b: number): number => {
    const turned = a >= 5;
    const rest = turned ? a - 5 : a;
    if (b < 5) return turned ? 5 + ((rest - b + 5) % 5) : (rest + b) % 5;
    return turned ? (rest - (b - 5) + 5) % 5 : 5 + ((rest + (b - 5)) % 5);
  };
  let check = 0;
  for (let i = 0; i < digits.length; i++) {
    let d = digits.charCodeAt(digits.length - 1 - i) - 48;
    for (let k = 0; k < i % 8; k++) d = TURN[d]!;
    check = add(check, d);
  }
  return check === 0;
}

/** Whether there is such a day; years of two digits pass where the day exists in either century. */
export function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!;
}

/** The same of `YYMMDD`. */
export const isShortDay = (text: string): boolean =>
  isDay(2000 + Number(text.slice(0, 2)), Number(text.slice(2, 4)), Number(text.slice(4, 6)));
