import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { CodedError } from '@sallyport/core';
import {
  armor,
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from 'age-encryption';
import fc from 'fast-check';
import { decodeBech32, encodeBech32 } from './bech32.ts';
import { decryptAge, encryptAge } from './file.ts';
import { formatHeader, parseHeader, printHeader } from './header.ts';
import {
  newIdentity,
  parseIdentity,
  parseRecipient,
  passphraseIdentity,
  passphraseRecipient,
} from './recipients.ts';

const all = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const out: Uint8Array[] = [];
  for await (const piece of pieces) out.push(piece);
  return Buffer.concat(out);
};
const cutUp = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
const CHUNK = 65_536;
const SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7];

describe('age files', () => {
  it('open in another implementation, and those of another open here', async () => {
    for (const make of [generateX25519Identity, generateHybridIdentity]) {
      const identity = await make();
      const recipient = await identityToRecipient(identity);
      for (const size of SIZES) {
        const plain = randomBytes(size);
        const ours = await all(encryptAge([parseRecipient(recipient)], cutUp(plain, 10_000)));
        const theirDecrypter = new Decrypter();
        theirDecrypter.addIdentity(identity);
        assert.deepEqual(Buffer.from(await theirDecrypter.decrypt(ours)), plain);
        const theirEncrypter = new Encrypter();
        theirEncrypter.addRecipient(recipient);
        const theirs = await theirEncrypter.encrypt(plain);
        for (const cut of [1_000, 65_536 + 16, theirs.length])
          assert.deepEqual(await all(decryptAge([parseIdentity(identity)], cutUp(theirs, cut))), plain);
      }
    }
    const encrypter = new Encrypter();
    encrypter.setPassphrase('correct horse');
    encrypter.setScryptWorkFactor(10);
    const theirs = await encrypter.encrypt('hello');
    assert.equal(
      (await all(decryptAge([passphraseIdentity('correct horse')], [theirs]))).toString(),
      'hello',
    );
    const decrypter = new Decrypter();
    decrypter.addPassphrase('correct horse');
    const ours = await all(encryptAge([passphraseRecipient('correct horse', 10)], [Buffer.from('hello')]));
    assert.equal(await decrypter.decrypt(ours, 'text'), 'hello');
  });

  it('hand out nothing of a chunk in which a byte is another, and end only where they were ended', async () => {
    const { identity, recipient } = newIdentity();
    const plain = randomBytes(2 * CHUNK + 100);
    const file = await all(encryptAge([parseRecipient(recipient)], [plain]));
    const body = parseHeader(file)!.end + 16;
    const spots = [
      ...Array.from({ length: 60 }, (_, i) => Math.floor((i * file.length) / 60)),
      file.length - 1,
    ];
    const changes = [
      ...spots.map((at) => {
        const changed = Buffer.from(file);
        changed[at]! ^= 1;
        return changed;
      }),
      file.subarray(0, file.length - 1),
      file.subarray(0, body + CHUNK + 16),
      file.subarray(0, body + 2 * (CHUNK + 16)),
      file.subarray(0, body),
      Buffer.concat([file, Buffer.from([0])]),
      Buffer.concat([
        file.subarray(0, body),
        file.subarray(body + CHUNK + 16, body + 2 * (CHUNK + 16)),
        file.subarray(body),
      ]),
    ];
    for (const changed of changes) {
      const out: Uint8Array[] = [];
      await assert.rejects(
        async () => {
          for await (const piece of decryptAge([parseIdentity(identity)], [changed])) out.push(piece);
        },
        { code: 'sealed-content-unreadable' },
      );
      const released = Buffer.concat(out);
      assert.deepEqual(released, plain.subarray(0, released.length));
      assert.ok(released.length % CHUNK === 0);
    }
    await assert.rejects(
      all(decryptAge([parseIdentity(newIdentity().identity)], [file])),
      /none of the keys given opens it/,
    );
  });

  it('are for recipients that go together, and for nobody who is spelt wrongly', async () => {
    const safe = parseRecipient(newIdentity().recipient);
    const classic = parseRecipient(await identityToRecipient(await generateX25519Identity()));
    for (const recipients of [[], [safe, classic], [safe, passphraseRecipient('x', 10)]])
      await assert.rejects(all(encryptAge(recipients, [])), { code: 'usage' });
    const { recipient, identity } = newIdentity();
    for (const text of [
      '',
      'age1',
      recipient.slice(1),
      recipient.toUpperCase(),
      recipient.slice(0, -1) + (recipient.endsWith('q') ? 'p' : 'q'),
      identity,
    ])
      assert.throws(() => parseRecipient(text), { code: 'usage' });
    for (const text of [identity.toLowerCase(), recipient, `${identity}X`])
      assert.throws(() => parseIdentity(text), { code: 'usage' });
    const two = newIdentity();
    const file = await all(encryptAge([safe, parseRecipient(two.recipient)], [Buffer.from('both')]));
    assert.equal((await all(decryptAge([parseIdentity(two.identity)], [file]))).toString(), 'both');
  });

  it('whose header is read print it identically', () => {
    const word = fc.stringMatching(/^[\x21-\x7e]{1,12}$/);
    const stanza = fc.record({
      type: word,
      args: fc.array(word, { maxLength: 3 }),
      body: fc.uint8Array({ maxLength: 120 }),
    });
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(stanza, { minLength: 1, maxLength: 3 }),
        fc.option(fc.tuple(fc.nat(), fc.nat(255)), { freq: 2 }),
        (stanzas, change) => {
          const bytes = formatHeader(stanzas, Buffer.alloc(16));
          if (change) bytes[change[0] % bytes.length] = change[1];
          try {
            const parsed = parseHeader(bytes);
            if (!parsed) return;
            assert.deepEqual(printHeader(parsed.header), bytes.subarray(0, parsed.end));
            const again = formatHeader(parsed.header.stanzas, Buffer.alloc(16));
            assert.deepEqual(
              again.subarray(0, parsed.header.signed.length),
              Buffer.from(parsed.header.signed),
            );
            read++;
          } catch (fault) {
            assert.ok(fault instanceof CodedError, String(fault));
          }
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(read > 300, `${read} were read`);
  });

  it('name keys in bech32, as BIP 173 has it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const text = encodeBech32('age', bytes);
        assert.deepEqual(Buffer.from(decodeBech32(text)!.bytes), Buffer.from(bytes));
        const at = text.length - 1 - (bytes.length % 5);
        assert.equal(
          decodeBech32(`${text.slice(0, at)}${text[at] === 'q' ? 'p' : 'q'}${text.slice(at + 1)}`),
          null,
        );
      }),
    );
    assert.ok(decodeBech32('A12UEL5L'));
    for (const text of ['A12uEL5L', '1qzzfhee', 'pzry9x0s0muk', 'x1b4n0q5v', 'li1dgmt3', 'A1G7SGD8'])
      assert.equal(decodeBech32(text), null, text);
  });

  it('are read with their armor, in pieces of any size, and refused where it is another', async () => {
    const identity = await generateHybridIdentity();
    for (const size of [0, 1, 47, 48, 49, 100, CHUNK + 3]) {
      const plain = randomBytes(size);
      const encrypter = new Encrypter();
      encrypter.addRecipient(await identityToRecipient(identity));
      const text = Buffer.from(armor.encode(await encrypter.encrypt(plain)));
      const crlf = Buffer.from(`\r\n ${text.toString().replaceAll('\n', '\r\n')}\n\n`);
      for (const [file, step] of [
        [text, 1_000],
        [text, 7],
        [crlf, 1_000],
        [text.subarray(0, -1), 99],
      ] as const)
        assert.deepEqual(await all(decryptAge([parseIdentity(identity)], cutUp(file, step))), plain);
      const broken = [
        text.subarray(0, -3),
        text.subarray(0, 200),
        Buffer.concat([text, Buffer.from('x')]),
        Buffer.concat([Buffer.from('x'), text]),
        Buffer.concat([text, text]),
        Buffer.concat([Buffer.alloc(4096, ' '), text]),
        Buffer.concat([text, Buffer.alloc(4096, '\n')]),
        Buffer.from(text.toString().replace('\n', '\n\n')),
        Buffer.from(text.toString().replace('\n', '\nYWdl\n')),
        Buffer.from(text.toString().replace('YWdl', 'YW*l')),
      ];
      for (const [at, file] of broken.entries())
        await assert.rejects(
          all(decryptAge([parseIdentity(identity)], cutUp(file, 1_000))),
          { code: 'sealed-content-unreadable' },
          `${size} bytes, broken ${at}`,
        );
    }
  });
});
