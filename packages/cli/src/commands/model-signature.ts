import { randomBytes } from 'node:crypto';
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { CodedError } from '@sallyport/core';
import type { Trust } from '@sallyport/registry';
import type { Command } from '../commands.ts';
import { type Options, positional, readText } from '../options.ts';
import { Progress, print, printJson, warn } from '../output.ts';

/** Where a signature lies unless somebody says: in the folder of the model, or beside a model that is one file. */
const SIGNATURE = 'model.sig';

/** Where a model lies, and where its signature. */
interface Places {
  readonly root: string;
  readonly signature: string;
  /** The signature as a path of the model; none where it lies elsewhere. */
  readonly own: readonly string[];
}

/** @throws CodedError `usage` where there is no such model, or no such folder for the signature */
function placesOf(root: string, named: string | undefined): Places {
  const stat = statSync(root, { throwIfNoEntry: false });
  if (!stat) throw new CodedError('usage', `there is no \`${root}\``);
  const signature = named ?? (stat.isDirectory() ? join(root, SIGNATURE) : `${root}.sig`);
  const folder = dirname(resolve(signature));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new CodedError('usage', `there is no folder \`${folder}\``);
  const inner = relative(realpathSync(root), join(realpathSync(folder), basename(signature)));
  const isInside = stat.isDirectory() && inner !== '..' && !inner.startsWith(`..${sep}`);
  return { root, signature, own: isInside ? [inner.split(sep).join('/')] : [] };
}

/** Writes a file that is there whole or not at all. What stood there is replaced, and a link in its place not followed. */
function replace(path: string, text: string): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    writeFileSync(draft, text, { flag: 'wx' });
    renameSync(draft, path);
  } catch (fault) {
    rmSync(draft, { force: true });
    throw new CodedError('usage', `\`${path}\` cannot be written: ${(fault as NodeJS.ErrnoException).code}`);
  }
}

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
    const given = positional(options, 0, 'the folder or file of the model');
    const { root, signature, own } = placesOf(given, options.text('out'));
    const { signModel } = await import('@sallyport/registry');
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
        // An earlier signature is no part of a model either.
        ignored: [...options.texts('ignore'), SIGNATURE, ...own],
        onProgress: (done, of) => progress.update(done, of),
        onWarning: warn,
      });
      replace(signature, `${JSON.stringify(bundle)}\n`);
      if (options.json)
        printJson({ digest: manifest.digest, resources: manifest.resources.length, signature });
      else
        print(
          `${manifest.resources.length} files signed: sha256:${manifest.digest}`,
          `the signature is in ${signature}`,
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
    'verify every file of a model against a signature by a signer you trust; needs no network; exit 1 where it does not hold',
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
    const given = positional(options, 0, 'the folder or file of the model');
    const { root, signature, own } = placesOf(given, options.text('signature'));
    const { verifyModel } = await import('@sallyport/registry');
    // What lies in a foreign folder may be a pipe, on which reading would wait.
    if (own.length > 0 && statSync(signature, { throwIfNoEntry: false })?.isFile() === false)
      throw new CodedError('usage', `\`${signature}\` is no file`);
    const text = readText(signature);
    const progress = new Progress('bytes');
    try {
      const { signer, manifest } = await verifyModel(root, text, trustOf(options), {
        ignored: [...options.texts('ignore'), ...own],
        allowOthers: options.flag('allow-others'),
        onProgress: (done, of) => progress.update(done, of),
        onWarning: warn,
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
