import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import type { Trust } from '@sallyport/registry';
import type { Command } from '../commands.ts';
import { type Options, positional, readText } from '../options.ts';
import { Progress, print, printJson } from '../output.ts';

/** Signs a model in a folder. */
export const modelSign: Command = {
  name: 'model sign',
  usage:
    'model sign PATH --key FILE [--certificates FILE] [--passphrase-file FILE] [--name NAME] [--ignore PATH]… [--shard-bytes N] [--out FILE]',
  summary: 'sign a model to the OpenSSF specification, with a key or a certificate; needs no installation',
  options: {
    key: { type: 'string' },
    certificates: { type: 'string' },
    'passphrase-file': { type: 'string' },
    name: { type: 'string' },
    ignore: { type: 'string', multiple: true },
    'shard-bytes': { type: 'string' },
    out: { type: 'string' },
  },
  async run(options) {
    const root = positional(options, 0, 'the folder or file of the model');
    const { signModel } = await import('@sallyport/registry');
    const out = options.text('out') ?? join(root, 'model.sig');
    const certificates = options.text('certificates');
    const passphrase = options.text('passphrase-file');
    const name = options.text('name');
    const shardBytes = options.whole('shard-bytes', 1024, 2 ** 40);
    const progress = new Progress('bytes');
    try {
      const { bundle, manifest } = await signModel(root, {
        key: readText(options.needed('key')),
        ...(certificates === undefined ? {} : { certificates: readText(certificates) }),
        ...(passphrase === undefined ? {} : { passphrase: readText(passphrase).replace(/\r?\n$/, '') }),
        ...(name === undefined ? {} : { name }),
        ...(shardBytes === undefined ? {} : { shardBytes }),
        ignored: [...options.texts('ignore'), 'model.sig'],
        onProgress: (done, of) => progress.update(done, of),
      });
      writeFileSync(out, `${JSON.stringify(bundle)}\n`);
      if (options.json)
        printJson({ digest: manifest.digest, resources: manifest.resources.length, signature: out });
      else
        print(
          `${manifest.resources.length} files signed: sha256:${manifest.digest}`,
          `the signature is in ${out}`,
        );
      return 0;
    } finally {
      progress.end();
    }
  },
};

function trustOf(options: Options): Trust {
  const [key, roots, root] = [options.text('key'), options.text('roots'), options.text('trusted-root')];
  if ([key, roots, root].filter((one) => one !== undefined).length !== 1)
    throw new CodedError(
      'usage',
      'say whom to trust: --key, --roots, or --trusted-root with --identity and --issuer',
    );
  if (key !== undefined) return { kind: 'key', publicKey: readText(key) };
  if (roots !== undefined) return { kind: 'certificates', roots: readText(roots) };
  return {
    kind: 'sigstore',
    trustedRoot: readText(root!),
    identity: options.needed('identity'),
    issuer: options.needed('issuer'),
  };
}

/** Verifies a model in a folder against its signature. */
export const modelVerify: Command = {
  name: 'model verify',
  usage:
    'model verify PATH [--signature FILE] --key FILE|--roots FILE|--trusted-root FILE --identity ID --issuer URL [--ignore PATH]… [--allow-others]',
  summary:
    'verify every file of a model against its signature, by whom you trust; asks nobody; exit 1 where it does not hold',
  options: {
    signature: { type: 'string' },
    key: { type: 'string' },
    roots: { type: 'string' },
    'trusted-root': { type: 'string' },
    identity: { type: 'string' },
    issuer: { type: 'string' },
    ignore: { type: 'string', multiple: true },
    'allow-others': { type: 'boolean' },
  },
  async run(options) {
    const root = positional(options, 0, 'the folder or file of the model');
    const { verifyModel } = await import('@sallyport/registry');
    const text = readText(options.text('signature') ?? join(root, 'model.sig'));
    const progress = new Progress('bytes');
    try {
      const { signer, manifest } = await verifyModel(root, text, trustOf(options), {
        ignored: [...options.texts('ignore'), 'model.sig'],
        allowOthers: options.flag('allow-others'),
        onProgress: (done, of) => progress.update(done, of),
      });
      const { digest, resources, name } = manifest;
      if (options.json) printJson({ valid: true, signer, name, digest, resources: resources.length });
      else print(`signed by ${signer.name}: ${resources.length} files of ${name}, sha256:${digest}`);
      return 0;
    } catch (fault) {
      if (!(fault instanceof CodedError) || fault.code !== 'signature-invalid') throw fault;
      if (options.json) printJson({ valid: false, why: fault.message });
      else print(`not valid: ${fault.message}`);
      return 1;
    } finally {
      progress.end();
    }
  },
};
