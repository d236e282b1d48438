import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Redactor } from '@sallyport/guard';
import { restored, roundTrips } from './round-trips.ts';

describe('redaction', () => {
  it('what is replaced comes back as it was, whatever the text', () => roundTrips(20_000, 1));

  it('more values of a kind than four figures count come back, too', () => {
    const values = Array.from({ length: 12_000 }, (_, n) => `user${n}@mail.example`);
    const text = values.join(' ');
    let at = 0;
    const spans = values.map((value) => {
      const start = text.indexOf(value, at);
      at = start + value.length;
      return { technique: 'email', start, end: at };
    });
    for (const how of ['tokenise', 'pseudonymise'] as const) {
      const redactor = new Redactor([text], how, new Uint8Array(32));
      const redacted = redactor.redact(text, spans);
      assert.ok(!redacted.includes('@'));
      assert.equal(restored(redactor, redacted), text, how);
    }
  });
});
