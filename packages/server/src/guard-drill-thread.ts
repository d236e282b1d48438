import { parentPort, workerData } from 'node:worker_threads';
import { expand, grammarOf, LANGUAGES, Random } from '@sallyport/attacks';
import { findPii, type GuardModels, Inspector, Redactor } from '@sallyport/guard';
import type { GuardDrill } from './guard-desk.ts';

/** Texts of each kind in each language. The seed is fixed: every night sees the same texts. */
const TEXTS = 15;
const SEED = 20_261_121;
const DOCUMENTS = 300;

function detection(inspector: Inspector): GuardDrill['detection'] {
  const random = new Random(SEED);
  const counts = { attacks: 0, seen: 0, harmless: 0, flagged: 0 };
  for (const tag of LANGUAGES) {
    const grammar = grammarOf(tag);
    for (let n = 0; n < TEXTS; n++) {
      const finds = (symbol: string): boolean =>
        inspector
          .inspect({ text: expand(grammar, symbol, random), pointer: '', channel: 'user' })
          .some(({ detector }) => detector === 'injection');
      counts.attacks++;
      if (finds('{attack}')) counts.seen++;
      counts.harmless++;
      if (finds('{everyday}')) counts.flagged++;
    }
  }
  return counts;
}

const digits = (random: Random, n: number): string =>
  Array.from({ length: n }, () => random.below(10)).join('');

/** A card number with Luhn's check digit. */
function card(random: Random): string {
  const body = `4${digits(random, 14)}`;
  let sum = 0;
  for (let i = 0; i < body.length; i++) {
    const doubled = Number(body[body.length - 1 - i]) * (i % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return `${body}${(10 - (sum % 10)) % 10}`;
}

/** A German bank account with the check digits of ISO 7064. */
function iban(random: Random): string {
  const body = digits(random, 18);
  const check = 98n - (BigInt(`${body}131400`) % 97n);
  return `DE${String(check).padStart(2, '0')}${body}`;
}

function residual(): GuardDrill['residual'] {
  const random = new Random(SEED);
  const counts = { planted: 0, left: 0 };
  for (let n = 0; n < DOCUMENTS; n++) {
    const values = [
      `user${digits(random, 5)}@mail.example`,
      card(random),
      iban(random),
      `+44 20 7946 0${digits(random, 3)}`,
      `${100 + random.below(500)}-${10 + random.below(80)}-${1_000 + random.below(9_000)}`,
    ];
    const text = `Write to ${values[0]} about card ${values[1]}, account ${values[2]}; call ${values[3]}, ssn ${values[4]}.`;
    const spans = findPii(text).map(({ entity, start, end }) => ({ technique: entity, start, end }));
    const masked = new Redactor([], 'mask').redact(text, spans);
    counts.planted += values.length;
    counts.left += values.filter((value) => masked.includes(value)).length + findPii(masked).length;
  }
  return counts;
}

parentPort!.postMessage({
  detection: detection(Inspector.open(workerData as GuardModels)),
  residual: residual(),
} satisfies GuardDrill);
