import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Trust, verifyBundle, verifyModel } from '@sallyport/registry';
import { fromStatement } from '../packages/registry/src/signing/model-manifest.ts';
import { vectorFolder } from './vector-folders.ts';

/** Folders, each with `model`, `model.sig`, and `key.pub`, or `roots.pem`, or `trusted_root.json` with `identity` and `issuer`. */
const VECTORS = vectorFolder('oms-vectors', process.env['SALLYPORT_OMS_VECTORS']).folder;
/** The specification (github.com/ossf/model-signing-spec), with `test-vectors/v1.0`. */
const SPECIFICATION = join(
  vectorFolder('model-signing', process.env['SALLYPORT_OMS_SPEC']).folder,
  'test-vectors',
  'v1.0',
);

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8').trim();

function trustOf(folder: string): Trust {
  if (existsSync(join(folder, 'key.pub'))) return { kind: 'key', publicKey: read(folder, 'key.pub') };
  if (existsSync(join(folder, 'roots.pem')))
    return { kind: 'certificates', roots: read(folder, 'roots.pem') };
  const [identity, issuer] = [read(folder, 'identity'), read(folder, 'issuer')];
  return { kind: 'sigstore', trustedRoot: read(folder, 'trusted_root.json'), identity, issuer };
}

const vectors = existsSync(VECTORS)
  ? readdirSync(VECTORS).filter((name) => existsSync(join(VECTORS, name, 'model.sig')))
  : [];

const skip =
  vectors.length === 0 && 'neither SALLYPORT_OMS_VECTORS nor SALLYPORT_SPECS names a folder of them';

describe('signatures of the reference signer', () => {
  it('all hold', { skip }, async () => {
    for (const name of vectors) {
      const folder = join(VECTORS, name);
      await verifyModel(join(folder, 'model'), read(folder, 'model.sig'), trustOf(folder));
    }
    process.stderr.write(`${vectors.length} signatures of the reference signer hold\n`);
  });
});

describe(
  'bundles of the specification',
  {
    skip:
      !existsSync(SPECIFICATION) && 'neither SALLYPORT_OMS_SPEC nor SALLYPORT_SPECS names the specification',
  },
  () => {
    const bundles = (kind: string): string[] =>
      existsSync(SPECIFICATION)
        ? readdirSync(join(SPECIFICATION, kind)).map((name) => join(SPECIFICATION, kind, name))
        : [];

    it('that are valid are read', () => {
      for (const path of bundles('valid')) {
        const { dsseEnvelope } = JSON.parse(read(path)) as { dsseEnvelope: { payload: string } };
        assert.ok(fromStatement(Buffer.from(dsseEnvelope.payload, 'base64')).resources.length > 0, path);
      }
    });

    it('that are not are refused, whoever is trusted', async () => {
      const folders = vectors.map((name) => trustOf(join(VECTORS, name)));
      for (const path of [...bundles('invalid'), ...bundles('invalid-payload')])
        for (const trust of folders)
          await assert.rejects(verifyBundle(read(path), trust), { code: 'signature-invalid' }, path);
    });

    it('hold where the key that made them is known', { skip }, async () => {
      const bundle = read(SPECIFICATION, 'valid', 'key.bundle.json');
      const { signer } = await verifyBundle(bundle, trustOf(join(VECTORS, 'v1.1.0-elliptic-key')));
      assert.equal(signer.kind, 'key');
    });
  },
);
