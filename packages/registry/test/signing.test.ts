import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, webcrypto } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { signModel, type Trust, verifyBundle, verifyModel } from '../src/index.ts';
import { preAuthEncoding } from '../src/signing/dsse.ts';
import { fromStatement } from '../src/signing/model-manifest.ts';
import { sigstoreWorld } from './sigstore-world.ts';

const pem = (curve = 'prime256v1') => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }) as string,
  };
};

describe('signatures of models', () => {
  let folder: string;
  let model: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-signing-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(() => {
    model = mkdtempSync(join(folder, 'model-'));
    mkdirSync(join(model, 'inner', '.git'), { recursive: true });
    mkdirSync(join(model, '.git'));
    writeFileSync(join(model, '.git', 'HEAD'), 'ref');
    writeFileSync(join(model, 'weights.bin'), Buffer.alloc(10_000, 7));
    writeFileSync(join(model, 'inner', 'config.json'), '{}');
    writeFileSync(join(model, 'empty'), '');
  });
  const byKey = (publicKey: string): Trust => ({ kind: 'key', publicKey });

  for (const curve of ['prime256v1', 'secp384r1', 'secp521r1'])
    it(`hold with a key on ${curve}, by files and by shards, until anything changes`, async () => {
      const { key, publicKey } = pem(curve);
      for (const shardBytes of [undefined, 4096]) {
        const { bundle, manifest } = await signModel(model, {
          key,
          name: 'mine',
          ...(shardBytes ? { shardBytes } : {}),
        });
        const text = JSON.stringify(bundle);
        const { signer, manifest: signed } = await verifyModel(model, text, byKey(publicKey));
        assert.equal(signer.kind, 'key');
        assert.equal(signed.digest, manifest.digest);
        assert.deepEqual(
          signed.resources.map(({ name }) => name),
          shardBytes
            ? [
                'inner/config.json:0:2',
                'weights.bin:0:4096',
                'weights.bin:4096:8192',
                'weights.bin:8192:10000',
              ]
            : ['empty', 'inner/config.json', 'weights.bin'],
        );
        await assert.rejects(verifyModel(model, text, byKey(pem(curve).publicKey)), {
          code: 'signature-invalid',
        });
        writeFileSync(join(model, 'weights.bin'), Buffer.alloc(10_000, 8));
        await assert.rejects(verifyModel(model, text, byKey(publicKey)), /weights\.bin.* changed/);
        writeFileSync(join(model, 'weights.bin'), Buffer.alloc(10_000, 7));
        writeFileSync(join(model, 'added.py'), 'x');
        await assert.rejects(verifyModel(model, text, byKey(publicKey)), /added\.py.* not signed/);
        await verifyModel(model, text, byKey(publicKey), { allowOthers: true });
        rmSync(join(model, 'added.py'));
        truncateSync(join(model, 'weights.bin'), 8192);
        await assert.rejects(verifyModel(model, text, byKey(publicKey)), { code: 'signature-invalid' });
        rmSync(join(model, 'inner', 'config.json'));
        await assert.rejects(verifyModel(model, text, byKey(publicKey)), /missing/);
        writeFileSync(join(model, 'inner', 'config.json'), '{}');
        writeFileSync(join(model, 'weights.bin'), Buffer.alloc(10_000, 7));
      }
    });

  it('are refused when what they say was changed, in every way', async () => {
    const { key, publicKey } = pem();
    const { bundle } = await signModel(model, { key });
    const whole = JSON.parse(JSON.stringify(bundle)) as {
      mediaType: string;
      verificationMaterial: Record<string, unknown>;
      dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
    };
    const changed = (edit: (copy: typeof whole) => void): string => {
      const copy = structuredClone(whole);
      edit(copy);
      return JSON.stringify(copy);
    };
    const statement = JSON.parse(Buffer.from(whole.dsseEnvelope.payload, 'base64').toString());
    const broken: Readonly<Record<string, string>> = {
      'not JSON': 'nothing',
      'another payload': changed((copy) => {
        statement.predicate.resources[0].digest = '0'.repeat(64);
        copy.dsseEnvelope.payload = Buffer.from(JSON.stringify(statement)).toString('base64');
      }),
      'another type': changed((copy) => {
        copy.dsseEnvelope.payloadType = 'text/plain';
      }),
      'no signature': changed((copy) => {
        copy.dsseEnvelope.signatures = [];
      }),
      'an empty signature': changed((copy) => {
        copy.dsseEnvelope.signatures[0]!.sig = '';
      }),
      'another hint': changed((copy) => {
        copy.verificationMaterial = { publicKey: { hint: '0'.repeat(64) } };
      }),
      'another form': changed((copy) => {
        copy.mediaType = 'application/json';
      }),
    };
    for (const [what, text] of Object.entries(broken))
      await assert.rejects(verifyBundle(text, byKey(publicKey)), { code: 'signature-invalid' }, what);
    const resource = { name: 'a', algorithm: 'sha256', digest: 'ab'.repeat(32) };
    const twice = {
      ...statement,
      predicate: { ...statement.predicate, resources: [resource, resource] },
    };
    assert.throws(() => fromStatement(Buffer.from(JSON.stringify(twice))));
    assert.ok(
      !preAuthEncoding('a', Buffer.from('b')).equals(preAuthEncoding('ab', Buffer.from(''))),
      'lengths keep type and payload apart',
    );
  });

  it('made before the prefix was settled hold too', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const { bundle } = await signModel(model, {
      key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    });
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64');
    const sig = sign(
      'sha256',
      preAuthEncoding(bundle.dsseEnvelope.payloadType, payload, 'DSSEV1'),
      privateKey,
    );
    const old = {
      ...bundle,
      dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [{ sig: sig.toString('base64') }] },
    };
    await verifyModel(
      model,
      JSON.stringify(old),
      byKey(publicKey.export({ format: 'pem', type: 'spki' }) as string),
    );
  });

  it('are refused for links that nobody allowed, and for keys that are none', async () => {
    const { key, publicKey } = pem();
    symlinkSync('/etc/hostname', join(model, 'link'));
    await assert.rejects(signModel(model, { key }), /symbolic link/);
    rmSync(join(model, 'link'));
    symlinkSync('..', join(model, 'inner', 'up'));
    await assert.rejects(signModel(model, { key, allowLinks: true }), /leads back/);
    rmSync(join(model, 'inner', 'up'));
    await assert.rejects(signModel(model, { key: publicKey }), { code: 'usage' });
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      format: 'pem',
      type: 'pkcs8',
    });
    await assert.rejects(signModel(model, { key: rsa as string }), /P-256/);
  });

  it('by certificates hold as far as they lead to a root that is trusted', async () => {
    x509.cryptoProvider.set(webcrypto as never);
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = () =>
      webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
    const [rootKeys, middleKeys, leafKeys] = [await keys(), await keys(), await keys()];
    const validity = { notBefore: new Date(Date.now() - 1000), notAfter: new Date(Date.now() + 3_600_000) };
    const make = (
      subject: string,
      issuer: string,
      publicKey: CryptoKey,
      signingKey: CryptoKey,
      extensions: x509.Extension[],
      dates = validity,
    ) =>
      x509.X509CertificateGenerator.create({
        subject,
        issuer,
        publicKey,
        signingKey,
        signingAlgorithm: algorithm,
        extensions,
        ...dates,
      });
    const authority = [new x509.BasicConstraintsExtension(true, undefined, true)];
    const code = [new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.3'])];
    const root = await make('CN=root', 'CN=root', rootKeys.publicKey, rootKeys.privateKey, authority);
    const middle = await make('CN=middle', 'CN=root', middleKeys.publicKey, rootKeys.privateKey, authority);
    const leaf = await make('CN=signer', 'CN=middle', leafKeys.publicKey, middleKeys.privateKey, code);
    const key = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey)).toString('base64')}\n-----END PRIVATE KEY-----\n`;
    const signed = async (...chain: x509.X509Certificate[]): Promise<string> =>
      JSON.stringify(
        (await signModel(model, { key, certificates: chain.map((one) => one.toString('pem')).join('\n') }))
          .bundle,
      );
    const trust = (one: x509.X509Certificate): Trust => ({
      kind: 'certificates',
      roots: one.toString('pem'),
    });
    const { signer } = await verifyModel(model, await signed(leaf, middle), trust(root));
    assert.equal(signer.name, 'CN=signer');
    await verifyModel(model, await signed(leaf, middle, root), trust(root));
    await verifyModel(model, await signed(leaf), trust(middle));
    await assert.rejects(verifyModel(model, await signed(leaf), trust(root)), /do not lead/);
    const stranger = await make('CN=root', 'CN=root', leafKeys.publicKey, leafKeys.privateKey, authority);
    await assert.rejects(verifyModel(model, await signed(leaf, middle), trust(stranger)), /do not lead/);
    const server = await make('CN=server', 'CN=middle', leafKeys.publicKey, middleKeys.privateKey, [
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
    ]);
    await assert.rejects(
      verifyModel(model, await signed(server, middle), trust(root)),
      /not for signing code/,
    );
    const past = { notBefore: new Date(Date.now() - 9000), notAfter: new Date(Date.now() - 1000) };
    const old = await make('CN=old', 'CN=middle', leafKeys.publicKey, middleKeys.privateKey, code, past);
    await assert.rejects(verifyModel(model, await signed(old, middle), trust(root)), /not valid today/);
    const unsure = await make('CN=middle', 'CN=root', middleKeys.publicKey, rootKeys.privateKey, []);
    await assert.rejects(verifyModel(model, await signed(leaf, unsure), trust(root)), /do not lead/);
  });

  it('by Sigstore hold without asking anybody, for the identity that is trusted alone', async () => {
    const world = await sigstoreWorld();
    const { key } = pem();
    const { bundle } = await signModel(model, { key });
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64');
    const text = await world.bundle(payload, 'maker@example.com', 'https://issuer.example');
    const trust = (identity: string, issuer: string): Trust => ({
      kind: 'sigstore',
      trustedRoot: world.trustedRoot,
      identity,
      issuer,
    });
    const { signer } = await verifyModel(model, text, trust('maker@example.com', 'https://issuer.example'));
    assert.equal(signer.name, 'maker@example.com');
    for (const other of [
      trust('other@example.com', 'https://issuer.example'),
      trust('maker@example.com', 'https://other.example'),
      {
        ...trust('maker@example.com', 'https://issuer.example'),
        trustedRoot: (await sigstoreWorld()).trustedRoot,
      } as Trust,
    ])
      await assert.rejects(verifyModel(model, text, other), { code: 'signature-invalid' });
    // A name is no pattern: it matches itself, whole.
    for (const [signer, trusted] of [
      ['release@vendor.example.attacker.test', 'release@vendor.example'],
      ['evil-release@vendorxexample', 'release@vendor.example'],
      ['maker@example.com', '.*'],
      ['maker@example.com', 'maker@example'],
    ] as const)
      await assert.rejects(
        verifyModel(
          model,
          await world.bundle(payload, signer, 'https://issuer.example'),
          trust(trusted, 'https://issuer.example'),
        ),
        { code: 'signature-invalid' },
        `${signer} for ${trusted}`,
      );
    const plus = await world.bundle(payload, 'release+ci@vendor.example', 'https://issuer.example');
    const honest = trust('release+ci@vendor.example', 'https://issuer.example');
    assert.equal((await verifyModel(model, plus, honest)).signer.name, 'release+ci@vendor.example');
    const cut = JSON.parse(text);
    cut.verificationMaterial.tlogEntries = [];
    await assert.rejects(
      verifyBundle(JSON.stringify(cut), trust('maker@example.com', 'https://issuer.example')),
      {
        code: 'signature-invalid',
      },
    );
  });
});
