import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Leaves, Redactor } from '@sallyport/guard';
import { restored, roundTrips } from './round-trips.ts';

describe('redaction', () => {
  it('what is replaced comes back as it was, whatever the text', () => roundTrips(20_000, 1));

  it('many values of one text are replaced in steps: others have a turn between them', () => {
    const values = Array.from({ length: 6_400 }, (_, i) => `person${i}@mail.example`);
    const text = values.join(' ');
    let at = 0;
    const found = values.map((value) => {
      const start = at;
      at += value.length + 1;
      return { technique: 'email', start, end: start + value.length };
    });
    for (const how of ['tokenise', 'pseudonymise'] as const) {
      const redactor = new Redactor([], how, Buffer.alloc(32, 1));
      const leaves = new Leaves(false);
      leaves.push(text);
      leaves.end();
      const steps = redactor.replaces(leaves, found, (from, to) => text.slice(from, to));
      let turns = 0;
      let step = steps.next();
      for (; !step.done; step = steps.next()) turns++;
      assert.equal(step.value.length, values.length);
      assert.ok(turns >= values.length / 100, `${how}: ${turns} turns`);
    }
  });

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
