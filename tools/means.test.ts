import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/** Sources of the product, with their path from the root. */
const sources = readdirSync(join(ROOT, 'packages'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /^[a-z]+\/src\/.*\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
  .map((name) => join(ROOT, 'packages', name))
  .map((path) => ({ path: relative(join(ROOT, 'packages'), path), text: readFileSync(path, 'utf8') }));

/** Files in which a pattern stands. */
const filesWith = (pattern: RegExp): string[] =>
  sources
    .filter(({ text }) => pattern.test(text))
    .map(({ path }) => path)
    .sort();

describe('means that the product uses', () => {
  it('hashes: none that is broken, but where what is read from elsewhere has it', () => {
    const broken =
      /(?:hash|createHash|createHmac|hkdfSync|pbkdf2\w*)\(\s*'(?:md[245]|sha-?1|rmd160|ripemd\w*)'/i;
    assert.deepEqual(filesWith(broken), [
      // Have I Been Pwned publishes SHA-1.
      'access/src/factors/breach-list.ts',
      // RFC 6238, as every authenticator app has it.
      'access/src/factors/totp.ts',
      // Ids of git, beside SHA-256 of our own.
      'registry/src/foreign-files.ts',
    ]);
  });

  it('ciphers: authenticated ones, none of RSA; a single block of AES only to derive keys', () => {
    const ciphers = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/create(?:C|Dec)ipheriv\(\s*('[^']*'|\w+)/g)].map(
        ([, cipher]) => [path, cipher!] as const,
      ),
    );
    assert.ok(ciphers.length >= 10);
    for (const [path, cipher] of ciphers)
      assert.ok(
        ["'aes-256-gcm'", "'chacha20-poly1305'", 'aead'].includes(cipher) ||
          (path === 'vault/src/xaes.ts' && cipher === "'aes-256-ecb'"),
        `${path}: ${cipher}`,
      );
    assert.deepEqual(filesWith(/publicEncrypt|privateDecrypt|createCipher\(|RSAES|'RSA-OAEP'/), []);
  });

  it('every algorithm that is used is in the bill of what is cryptographic', () => {
    /** What calls name, and under which name the bill has it. */
    const listed: Readonly<Record<string, string>> = {
      'aes-256-gcm': 'AES-256-GCM',
      // One block, to derive the keys of XAES-256-GCM.
      'aes-256-ecb': 'AES-256-GCM',
      'chacha20-poly1305': 'ChaCha20-Poly1305',
      argon2id: 'argon2id',
      'sha3-256': 'SHA3-256',
      shake256: 'SHAKE256',
      sha256: 'SHA-256',
      sha1: 'SHA-1',
      'hmac sha256': 'HMAC-SHA-256',
      'hmac sha1': 'HMAC-SHA-1',
    };
    const called = sources
      .filter(({ path }) => !path.startsWith('console/'))
      .flatMap(({ text }) =>
        [
          ...text.matchAll(
            /\b(createHash|createHmac|hkdfSync|hash|create(?:C|Dec)ipheriv|argon2(?:Sync)?)\(\s*'([^']+)'/g,
          ),
        ].map(([, by, name]) => (by === 'createHmac' ? `hmac ${name}` : name!)),
      );
    const bill = readFileSync(join(ROOT, 'packages/server/src/crypto-bom.ts'), 'utf8');
    assert.ok(new Set(called).size >= 8);
    for (const name of new Set(called)) {
      assert.ok(name in listed, `${name} is used, and not in the bill`);
      assert.match(bill, new RegExp(`^  '?${listed[name]}'?: \\{`, 'm'), name);
    }
  });

  it('random values come from the generator of the system', () => {
    assert.deepEqual(filesWith(/\bMath\.random\(|pseudoRandomBytes|seedrandom/), []);
    // Ids of documents and folders, which are no secrets.
    assert.deepEqual(filesWith(/randomUUID\(/), [
      'cli/src/scan-output.ts',
      'scan/src/dependencies/advisories/database.ts',
      'server/src/crypto-bom.ts',
    ]);
  });

  it('pages make no mark-up of text, take no messages of others and keep nothing of what they show', () => {
    const ofConsole = (pattern: RegExp): string[] =>
      filesWith(pattern).filter((path) => path.startsWith('console/'));
    assert.deepEqual(
      ofConsole(
        /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|srcdoc|DOMParser|\beval\(|new Function\(/i,
      ),
      [],
    );
    assert.deepEqual(
      ofConsole(/postMessage|addEventListener\(\s*'message'|window\.open|<iframe|<object|<embed/),
      [],
    );
    assert.deepEqual(ofConsole(/sessionStorage|indexedDB|document\.cookie|caches\.open|serviceWorker/), []);
    // The theme, and what ties a session to this page.
    assert.deepEqual(ofConsole(/localStorage/), ['console/src/page-key.ts', 'console/src/theme.ts']);
  });

  it('queries are built of parameters; what is not comes from tables of our own', () => {
    assert.deepEqual(filesWith(/sql\.raw\(/), [
      'store/src/exchanges.ts',
      'store/src/granting.ts',
      'store/src/migrations.ts',
      'store/src/projected-rows.ts',
    ]);
    // Settings of the engine, and a copy of every table, each by a name that the code gives it.
    const built = sources.filter(({ text }) => /\.(?:prepare|unsafe)\(\s*`[^`]*\$\{/.test(text));
    assert.deepEqual(
      built.map(({ path }) => path),
      ['store/src/sqlite-driver.ts', 'store/src/state-copy.ts'],
    );
  });

  it('calls out go through what checks addresses and follows no redirect', () => {
    assert.deepEqual(
      filesWith(/(?<![.\w])fetch\((?!allowPrivate)/).filter((path) => !path.startsWith('console/')),
      [
        // A pipeline asks the control plane that it is told, and no redirect of it.
        'cli/src/commands/ci.ts',
        // Our own gateway.
        'server/src/probes/gate-probes.ts',
        'server/src/try-call.ts',
      ],
    );
    assert.deepEqual(filesWith(/redirect: 'follow'|maxRedirections|followRedirects?\b/), []);
  });

  it('XML is read by one parser, which resolves nothing', () => {
    assert.deepEqual(filesWith(/SaxesParser|DOMParser|libxml|xml2js|fast-xml-parser|XMLParser/), [
      'scan/src/dependencies/lock-files/compiled.ts',
    ]);
  });

  it('fields of passwords hide what is typed, and say to managers what they are', () => {
    const ofConsole = sources.filter(({ path }) => path.startsWith('console/'));
    const fields = ofConsole.flatMap(({ text }) =>
      [...text.matchAll(/<input[^/]*?name="(?:password|current|next)"[^/]*?\/>/gs)].map(([field]) => field),
    );
    assert.ok(fields.length >= 3, `${fields.length} fields`);
    for (const field of fields) {
      assert.match(field, /type="password"/);
      assert.match(field, /autoComplete=.*(?:new|current)-password/);
    }
    for (const { path, text } of ofConsole) assert.doesNotMatch(text, /onPaste|onBeforeInput/, path);
  });

  it('every component is locked, with its hash', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { link?: boolean; integrity?: string; inBundle?: boolean }>;
    };
    const foreign = Object.entries(packages).filter(
      ([path, { link, inBundle }]) => path.includes('node_modules/') && !link && !inBundle,
    );
    assert.ok(foreign.length > 100);
    for (const [path, { integrity }] of foreign) assert.match(integrity ?? '', /^sha512-/, path);
  });

  it('values are compared with their types', () => {
    const loose = /(?<![=!<>'"`/])(?:==|!=)(?!=)/;
    const found = sources.flatMap(({ path, text }) =>
      text
        .replaceAll(/`[^`]*`/g, "''")
        .split('\n')
        .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line))
        .map((line) =>
          line.replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|\/(?:[^/\\]|\\.)+\/[a-z]*/g, "''"),
        )
        .filter((line) => loose.test(line) && !/(?:==|!=) null\b/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    assert.deepEqual(
      found.filter((line) => /[\w)\]] (?:==|!=) [\w('[]/.test(line)),
      [],
    );
  });
});
