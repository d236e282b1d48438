import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { findPii, Placeholders, putBack, Redactor } from '@sallyport/guard';

/** What texts are made of: values, placeholders that nobody gave out, and what looks like a part of one. */
const PIECES = [
  ...['jo@mail.example', 'ann@mail.example', '4111 1111 1111 1111', 'DE89370400440532013000', '536-22-1234'],
  ...[
    '[EMAIL_1]',
    '[EMAIL_2]',
    '[CREDIT-CARD_1]',
    '[IBAN_1]',
    '[US-SSN_9999]',
    '[EMAIL_k3vq7m2a]',
    '[EMAIL_',
    '_1]',
  ],
  ...[
    '[',
    ']',
    '_',
    '1]',
    '[[EMAIL_1]]',
    'EMAIL_1',
    '[email_1]',
    '$&',
    '$1',
    '\\',
    '\u0000',
    '\ud83d\ude00',
    '\ud83d',
  ],
  ...[' ', '\n', ', ', 'write to ', 'card ', ' and ', 'ä', '中', 'e\u0301'],
];
const KINDS = ['email', 'credit-card', 'iban', 'us-ssn', 'phone', 'person', 'value'];

/** The same numbers for the same seed. */
function numbers(seed: number): { below(n: number): number; pick<T>(list: readonly T[]): T } {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * n);
  };
  return { below, pick: (list) => list[below(list.length)]! };
}

/** A text with the values back, wherever their placeholders stand. @param json whether it is JSON by its place */
export function restored(redactor: Redactor, text: string, json = false): string {
  const reader = new Placeholders(json);
  let out = '';
  let at = 0;
  for (const placed of [...reader.push(text), ...reader.end()]) {
    const behind = redactor.behind(placed.placeholder);
    if (!behind) continue;
    const { start, end, text: value } = putBack(placed, behind);
    out += text.slice(at, start) + value;
    at = end;
  }
  return out + text.slice(at);
}

/** Redacts and restores texts made at random. @throws AssertionError with the text that did not come back */
export function roundTrips(rounds: number, seed: number): void {
  const random = numbers(seed);
  const key = randomBytes(32);
  for (let n = 0; n < rounds; n++) {
    const text = Array.from({ length: 1 + random.below(14) }, () => random.pick(PIECES)).join('');
    const spans =
      n % 8 === 0
        ? findPii(text).map(({ entity, start, end }) => ({ technique: entity as string, start, end }))
        : Array.from({ length: random.below(4) }, () => {
            const start = random.below(text.length);
            return {
              technique: random.pick(KINDS),
              start,
              end: start + 1 + random.below(text.length - start),
            };
          });
    const redactor = new Redactor([text], n % 2 === 0 ? 'tokenise' : 'pseudonymise', key);
    const redacted = redactor.redact(text, spans);
    if (restored(redactor, redacted) !== text)
      assert.fail(`${JSON.stringify(text)} with ${JSON.stringify(spans)} became ${JSON.stringify(redacted)}`);
  }
}
