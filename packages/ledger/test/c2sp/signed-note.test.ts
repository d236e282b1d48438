import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { openCheckpoint, signedAt, signedBy, verifierKeysOf } from '../../src/checkpoint.ts';
import { formatNote, parseNote } from '../../src/note.ts';
import { formatVerifierKey, parseVerifierKey, verifierKey } from '../../src/verifier-key.ts';
import { testSigner } from '../signer.ts';
import { holds } from './sections.ts';
import { classic, lattice, log, noteOf, refuses, signedText, withLines } from './world.ts';

const note = noteOf(7);
const { text, signatures } = parseNote(note);
const [own, ownLattice] = signatures as [(typeof signatures)[0], (typeof signatures)[0]];
const line = '— someone.else AAAAAAAA\n';
const wrong = { ...own, signature: Buffer.alloc(64, 1) };
const wrongLattice = { ...ownLattice, signature: Buffer.alloc(2428, 1) };

/** The example that the text gives. */
const EXAMPLE = {
  key: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  note: 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
};

holds('signed-note', {
  Note: {
    'a text counts for nothing unless a trusted key signed it': () => {
      refuses(() => openCheckpoint(note, verifierKeysOf(testSigner(log.name))[0]));
      refuses(() => openCheckpoint(`${text}\n${line}`, classic));
    },
  },
  Format: {
    'is a text that ends in a line break, an empty line, and one signature or more': () => {
      refuses(() => parseNote(`${text}\n`));
      refuses(() => parseNote(`${text}${line}`));
      assert.equal(parseNote(`\n\n${line}`).text, '\n');
    },
    'ends every line of a signature': () => refuses(() => parseNote(note.slice(0, -1))),
    'has an em dash, a space, a name, a space and base64 on such a line': () => {
      for (const bad of ['- n AAAAAAAA', '—n AAAAAAAA', '— n  AAAAAAAA', '— n AAAAAAAA x', '— n', ''])
        refuses(() => parseNote(`a\n\n${bad}\n`));
    },
    'is UTF-8': () => {
      refuses(() => parseNote(Buffer.concat([Buffer.from('a\xff\n', 'latin1'), Buffer.from(`\n${line}`)])));
      refuses(() => parseNote(`a\ud800\n\n${line}`));
      // The sign that stands for what is no UTF-8 is a character like others.
      assert.equal(parseNote(Buffer.from(`a\ufffd\n\n${line}`)).text, 'a\ufffd\n');
      assert.equal(parseNote(Buffer.from(`\ufeffa\n\n${line}`)).text, '\ufeffa\n');
    },
    'holds no ASCII control character but the line break': () => {
      for (let code = 0; code < 0x20; code++) {
        if (code === 0x0a) continue;
        refuses(() => parseNote(`a${String.fromCharCode(code)}\n\n${line}`));
        refuses(() => parseNote(`a\n\n— n${String.fromCharCode(code)} AAAAAAAA\n`));
      }
      // Those from U+0020 on are the text's own.
      for (const kept of [' ', '\x7f', '\x85', '\u2028'])
        assert.equal(parseNote(`a${kept}\n\n${line}`).text, `a${kept}\n`);
    },
    'ends its text at the last empty line, and may hold others': () =>
      assert.equal(parseNote(`a\n\nb\n\n${line}`).text, 'a\n\nb\n'),
    'has names that are not empty, without Unicode spaces and plus': () => {
      for (const name of ['', 'a b', 'a+b', 'a\u0085b', 'a\u00a0b', 'a\u1680b', 'a\u2028b', 'a\u3000b']) {
        refuses(() => parseNote(`a\n\n— ${name} AAAAAAAA\n`));
        refuses(() => verifierKey(name, 'ed25519', classic.publicKey));
      }
      for (const name of ['é', 'a\u200bb', '\ufeff', 'oid/1.2.3'])
        assert.equal(parseNote(`a\n\n— ${name} AAAAAAAA\n`).signatures[0]!.name, name);
    },
    'has signatures of four bytes of key id and more, in base64 of one spelling': () => {
      for (const bad of ['AAAA', 'AAAAAA==', 'AAAAAAB=', 'AAAAAAA', 'AAAA\u00a0AAAA', 'AAAAAA_-'])
        refuses(() => parseNote(`a\n\n— n ${bad}\n`));
    },
    'is read with 16 signatures, the longest too, and with no more than a bound': () => {
      const long = { ...own, name: 'other', signature: Buffer.alloc(5_000) };
      const many = withLines(note, Array(14).fill(long));
      assert.equal(parseNote(many).signatures.length, 16);
      assert.equal(openCheckpoint(many, classic).size, 7);
      refuses(() => parseNote(`a\n\n${line.repeat(101)}`));
    },
  },
  Signatures: {
    'of unknown keys are ignored, where name or id is a known one as well': () => {
      const strangers = [
        { ...wrong, name: 'someone.else' },
        { ...wrong, keyId: Buffer.alloc(4, 9) },
      ];
      assert.equal(openCheckpoint(withLines(note, strangers, strangers), classic, lattice).size, 7);
    },
    'of known keys are verified, each of them: one that does not hold rejects the note': () => {
      for (const bad of [
        withLines(note, [wrong]),
        withLines(note, [], [wrong]),
        withLines(note, [own, wrong]),
      ]) {
        refuses(() => openCheckpoint(bad, classic));
        refuses(() => signedBy(parseNote(bad), [classic]));
        assert.equal(signedAt(parseNote(bad), classic), null);
      }
      // That of one known key, beside good ones of another.
      for (const bad of [
        withLines(note, [wrongLattice]),
        formatNote({ text, signatures: [own, wrongLattice] }),
      ])
        refuses(() => signedBy(parseNote(bad), [classic, lattice]));
    },
    'of known keys may come twice, where both hold': () =>
      assert.equal(openCheckpoint(withLines(note, [own, ownLattice]), classic, lattice).size, 7),
    'of no known key: the note is rejected': () => {
      refuses(() => openCheckpoint(withLines(`${text}\n${line}`, []), classic));
      assert.equal(signedBy(parseNote(`${text}\n${line}`), [classic, lattice]).size, 0);
    },
    'carry the first four bytes of a hash over name, line break, type and key': () => {
      const bytes = Buffer.concat([Buffer.from(`${log.name}\n\x01`), classic.publicKey]);
      assert.deepEqual(classic.keyId, hash('sha256', bytes, 'buffer').subarray(0, 4));
    },
  },
  'Ed25519 signatures': {
    'are over the text': () => {
      assert.equal(signedAt(parseNote(signedText('any text\n')), classic), 0);
      const other = formatNote({
        text: 'another\n',
        signatures: parseNote(signedText('any text\n')).signatures,
      });
      assert.equal(signedAt(parseNote(other), classic), null);
    },
  },
  'Verifier keys': {
    'are a name, the id in small hexadecimal figures and base64 of type and key': () => {
      for (const key of [classic, lattice]) assert.deepEqual(parseVerifierKey(formatVerifierKey(key)), key);
      const [name, id, key] = formatVerifierKey(classic).split('+', 3) as [string, string, string];
      for (const bad of [
        `${name}+${id}`,
        `${name}+${id.toUpperCase()}G+${key}`,
        `+${id}+${key}`,
        `${name}+${id}+`,
      ])
        refuses(() => parseVerifierKey(bad));
    },
    'have the id that their signatures have': () => {
      const changed = formatVerifierKey(classic).replace(
        /\+([0-9a-f])/,
        (_, digit) => `+${digit === '0' ? '1' : '0'}`,
      );
      refuses(() => parseVerifierKey(changed));
    },
    'have another id for another type of the same key': () =>
      assert.notDeepEqual(
        verifierKey(log.name, 'ed25519-cosignature', classic.publicKey).keyId,
        verifierKey(log.name, 'ed25519', classic.publicKey).keyId,
      ),
    'have the 32 bytes of an Ed25519 key': () => {
      refuses(() => verifierKey('n', 'ed25519', Buffer.alloc(31)));
      refuses(() => verifierKey('n', 'ed25519', Buffer.alloc(33)));
    },
  },
  Example: {
    holds: () => {
      const key = parseVerifierKey(EXAMPLE.key);
      assert.equal(signedAt(parseNote(EXAMPLE.note), key), 0);
      assert.equal(signedAt(parseNote(EXAMPLE.note.replace('This', 'That')), key), null);
    },
  },
});
