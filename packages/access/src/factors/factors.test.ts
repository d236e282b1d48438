import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as common from '@zxcvbn-ts/language-common';
import { isBreached } from './breach-list.ts';
import { hashPassword, requireGoodPassword, verifyPassword } from './password.ts';
import { newRecoveryCodes, recoveryHash } from './recovery-codes.ts';
import { base32, driftsOf, matchTotp, newTotpSecret, totpCode, totpStep, totpUri } from './totp.ts';

describe('passwords', () => {
  const refused = (password: string, words: string[] = [], list?: string): boolean => {
    try {
      requireGoodPassword(password, words, list);
      return false;
    } catch (fault) {
      assert.equal((fault as { code: string }).code, 'request-invalid');
      return true;
    }
  };
  it('need length, not signs of every kind', () => {
    assert.ok(refused('fourteen chars'));
    assert.ok(!refused('fifteen letters'));
    assert.ok(!refused('only lower case words here'));
    assert.ok(!refused('пароль из пятнадцати букв'));
    assert.ok(refused('x'.repeat(257)));
  });
  it('are not those guessed first', () => {
    for (const guessed of [
      'passwordpassword',
      'sallyport-admin-2026'.replace('2026', '1234'),
      'aaaaaaaaaaaaaaaaaaaa',
      'qwertyuiopasdfghjkl',
      '123456789012345678',
      'zyxwvutsrqponmlk',
      'abababababababab',
    ])
      assert.ok(refused(guessed), guessed);
    assert.ok(refused('ann.smith ann.smith', ['ann.smith']));
  });
  it('are not common ones, nor made of them as people do, nor keys in a row', () => {
    for (const bad of [
      '1qaz2wsx3edc4rfv',
      '!QAZ2wsx#EDC4rfv',
      'zaq12wsxcde34rfv',
      'q1w2e3r4t5y6u7i8',
      'qwertyuiop[]asdfgh',
      'azertyuiopqsdfgh',
      'Summer2024Summer2024',
      'monkey123456789',
      'iloveyouiloveyou',
      'unbelievable1234',
      'P@ssw0rdP@ssw0rd1',
    ])
      assert.ok(refused(bad), bad);
    for (const good of [
      'correct horse battery staple',
      'das pferd frisst keinen gurkensalat',
      'kJ8#mPq2vX9!zLw4',
      'le chat dort sur la table bleue',
    ])
      assert.ok(!refused(good), good);
    const { dictionary } = common;
    // Those that fit the policy are too few in any list: the commonest 3,000 as people make them fit are taken for them.
    const words = (dictionary['passwords-common'] as unknown as string[]).slice(0, 3_000);
    for (const word of words) {
      const twice = word.repeat(Math.ceil(15 / word.length));
      assert.ok(refused(twice), twice);
    }
    for (const word of words.slice(0, 300)) {
      const counted = `${word}${'123456789012345'.slice(0, Math.max(1, 15 - word.length))}`;
      assert.ok(refused(counted), counted);
    }
    for (const long of (dictionary['passwords-common'] as unknown as string[]).filter(
      ({ length }) => length >= 15,
    ))
      assert.ok(refused(long), long);
  });
  it('are no walks over a keyboard, wherever they begin and however they turn', () => {
    const rows = ['1234567890', 'qwertyuiop', 'asdfghjkl;', 'zxcvbnm,./'];
    const shifted = { ...rows, 0: '!@#$%^&*()', 3: 'ZXCVBNM<>?' };
    const walks = new Set<string>();
    const columns = (turn: (n: number) => boolean, from: number, by: number): string => {
      let walk = '';
      for (let at = from, n = 0; at >= 0 && at < 10; at += by, n++) {
        const down = rows.map((row, i) => (n % 2 ? row : shifted[i as 0]!)[at]!);
        walk += (turn(n) ? down.reverse() : down).join('');
      }
      return walk;
    };
    for (let from = 0; from < 10; from++)
      for (const by of [1, -1])
        for (const turn of [() => false, () => true, (n: number) => n % 2 === 1, (n: number) => n % 2 === 0])
          walks.add(columns(turn, from, by));
    for (const one of rows)
      for (const other of rows) {
        walks.add(one + other);
        if (one !== other) walks.add([...one].map((key, i) => key + other[i]).join(''));
      }
    for (const more of [
      '147258369147258369',
      '789456123789456123',
      'azertyuiopqsdfghjklm',
      '1qay2wsx3edc4rfv',
    ])
      walks.add(more);
    const long = [...walks].filter(({ length }) => length >= 15);
    assert.ok(long.length > 80, `${long.length}`);
    for (const walk of long)
      for (const one of [walk, walk.slice(0, 15), walk.toUpperCase()]) assert.ok(refused(one), one);
  });
  it('may be phrases of any words', () => {
    const words = common.dictionary['diceware-common'] as unknown as string[];
    let at = 1;
    const next = (): string => {
      at = (at * 48_271) % 2_147_483_647;
      return words[at % words.length]!;
    };
    for (let i = 0; i < 300; i++) {
      const phrase = Array.from({ length: 5 }, next).join(i % 2 ? ' ' : '-');
      if (phrase.length >= 15) assert.ok(!refused(phrase), phrase);
    }
  });
  it('are not in the list of breached ones, wherever in it they stand', () => {
    const all = Array.from({ length: 5_000 }, (_, i) => `breached password number ${i}`);
    const lines = all.map((one) => createHash('sha1').update(one).digest('hex').toUpperCase()).sort();
    const folder = mkdtempSync(join(tmpdir(), 'breach-'));
    for (const [name, text] of [
      ['counted', lines.map((line, i) => `${line}:${i}`).join('\r\n')],
      ['plain', `${lines.join('\n')}\n`],
    ] as const) {
      const path = join(folder, name);
      writeFileSync(path, text);
      for (const one of all) assert.ok(isBreached(path, one), `${name}: ${one}`);
      for (let i = 0; i < 500; i++) assert.ok(!isBreached(path, `another password ${i}`));
    }
    assert.ok(refused('breached password number 7', [], join(folder, 'plain')));
    assert.ok(!refused('an unknown passphrase', [], join(folder, 'plain')));
    writeFileSync(join(folder, 'nonsense'), 'x'.repeat(100_000));
    for (const name of ['nonsense', 'absent'])
      assert.throws(() => isBreached(join(folder, name), 'x'), { code: 'config-invalid' });
  });
  it('verify with whatever their hash cost; composed and decomposed letters are the same', async () => {
    const cheap = await hashPassword('un mot de passe très sûr', { memory: 256, passes: 1 });
    assert.match(cheap, /m=256,t=1,p=1/);
    assert.match(await hashPassword('x'), /^\$argon2id\$v=19\$m=65536,t=3,p=1\$/);
    assert.ok(await verifyPassword('un mot de passe très sûr'.normalize('NFD'), cheap));
    assert.ok(!(await verifyPassword('un mot de passe tres sur', cheap)));
  });
});

describe('codes of authenticator apps', () => {
  // RFC 6238, appendix B (SHA-1), cut to six digits. Public domain text of the IETF Trust's code component licence.
  const secret = Buffer.from('12345678901234567890');
  it('are those of the RFC', () => {
    for (const [seconds, code] of [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [1_111_111_111, '050471'],
      [1_234_567_890, '005924'],
      [2_000_000_000, '279037'],
      [20_000_000_000, '353130'],
    ] as const)
      assert.equal(totpCode(secret, totpStep(seconds * 1_000)), code);
  });
  it('are taken one step early or late, and no more', () => {
    const now = 2_000_000_000_000;
    const code = (steps: number): string => totpCode(secret, totpStep(now) + steps);
    assert.deepEqual(
      [-2, -1, 0, 1, 2].map((steps) => matchTotp(secret, code(steps), now)),
      [null, totpStep(now) - 1, totpStep(now), totpStep(now) + 1, null],
    );
    for (const nonsense of ['', '12345', '1234567', 'abcdef', '１２３４５６'])
      assert.equal(matchTotp(secret, nonsense, now), null);
  });
  it('live for thirty seconds once a device is known, by its own clock', () => {
    const now = 2_000_000_000_000;
    const taken = (drift: number): readonly (number | null)[] =>
      [-1, 0, 1].map((steps) => {
        const last = new Date(now - 3_600_000).toISOString();
        const drifts = driftsOf(totpStep(now - 3_600_000) + drift, last);
        const step = matchTotp(secret, totpCode(secret, totpStep(now) + steps), now, drifts);
        return step === null ? null : step - totpStep(now);
      });
    assert.deepEqual(taken(0), [null, 0, null]);
    assert.deepEqual(taken(-1), [-1, 0, null], 'one that is slow');
    assert.deepEqual(taken(1), [null, 0, 1], 'one that is fast');
    assert.deepEqual(taken(7), [null, 0, null]);
    assert.deepEqual(driftsOf(0, null), [0]);
  });
  it('have secrets of 160 bits, in base32 as apps read it', () => {
    // RFC 4648, section 10.
    assert.deepEqual(
      ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) => base32(Buffer.from(text))),
      ['', 'MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI'],
    );
    assert.equal(base32(newTotpSecret()).length, 32);
    assert.equal(
      totpUri(secret, 'ann@example'),
      'otpauth://totp/Sallyport%3Aann%40example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sallyport',
    );
  });
});

describe('recovery codes', () => {
  it('are ten, of 120 bits, bound to the person, however they are typed', () => {
    const codes = newRecoveryCodes();
    assert.equal(new Set(codes).size, 10);
    for (const code of codes) assert.match(code, /^[a-z2-7]{6}(?:-[a-z2-7]{6}){3}$/);
    const [code] = codes;
    assert.equal(
      recoveryHash('p', code!),
      recoveryHash('p', ` ${code!.toUpperCase().replaceAll('-', ' ')} `),
    );
    assert.notEqual(recoveryHash('p', code!), recoveryHash('q', code!));
  });
});
