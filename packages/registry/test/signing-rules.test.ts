import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type ModelBundle, signModel, type Trust, verifyBundle, verifyModel } from '../src/index.ts';
import { envelope } from '../src/signing/dsse.ts';
import { fromStatement, rootDigest } from '../src/signing/model-manifest.ts';

// Numbers name sections of the OpenSSF Model Signing specification v1.0.
describe('rules of model signing', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  const trust: Trust = {
    kind: 'key',
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }) as string,
  };
  let folder: string;
  let model: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-rules-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(() => {
    model = mkdtempSync(join(folder, 'model-'));
    writeFileSync(join(model, 'weights.bin'), Buffer.alloc(10_000, 7));
    mkdirSync(join(model, 'inner'));
    writeFileSync(join(model, 'inner', 'config.json'), '{}');
  });
  const signed = async (options: Partial<Parameters<typeof signModel>[1]> = {}, root = model) =>
    (await signModel(root, { key, ...options })).bundle;
  const statementOf = ({ dsseEnvelope }: ModelBundle) =>
    JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString());
  /** A bundle of a changed statement, signed with the same key: the whole's digest is right. */
  const resigned = async (
    edit: (predicate: {
      serialization: Record<string, unknown>;
      resources: { name: string; algorithm: string; digest: string }[];
    }) => void,
    options: Partial<Parameters<typeof signModel>[1]> = {},
    root = model,
  ): Promise<string> => {
    const bundle = await signed(options, root);
    const statement = statementOf(bundle);
    edit(statement.predicate);
    statement.subject[0].digest.sha256 = rootDigest(statement.predicate.resources);
    return JSON.stringify({
      ...bundle,
      dsseEnvelope: envelope(statement, (bytes) => sign('sha256', bytes, privateKey)),
    });
  };

  it('5.2.1, 6.1.2: files stand in the order of their code points, under canonical names', async () => {
    // By code units the second would come first.
    for (const name of ['\uff5e.txt', '\u{1f600}.txt', 'Z', 'a']) writeFileSync(join(model, name), name);
    const names = statementOf(await signed()).predicate.resources.map(({ name }: { name: string }) => name);
    assert.deepEqual(names, ['Z', 'a', 'inner/config.json', 'weights.bin', '\uff5e.txt', '\u{1f600}.txt']);
    await verifyModel(model, JSON.stringify(await signed()), trust);
    const shards = statementOf(await signed({ shardBytes: 1024 })).predicate.resources.map(
      ({ name }: { name: string }) => name,
    );
    assert.deepEqual(
      shards,
      [...shards].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    await verifyModel(model, JSON.stringify(await signed({ shardBytes: 1024 })), trust);
    const bytes = Buffer.concat([Buffer.from(`${model}/`), Buffer.from([0xff, 0x61])]);
    writeFileSync(bytes, 'x');
    await assert.rejects(signed(), /no UTF-8/);
  });

  it('5.2: a manifest that breaks a rule is refused, though its signature holds', async () => {
    const broken: Readonly<Record<string, Parameters<typeof resigned>[0]>> = {
      'no policy for links': ({ serialization }) => delete serialization['allow_symlinks'],
      'whole files with a size of shards': ({ serialization }) => {
        serialization['shard_size'] = 4096;
      },
      'shards without a size': ({ serialization }) => {
        serialization['method'] = 'shards';
      },
      'another algorithm for one file': ({ resources }) => {
        resources[0]!.algorithm = 'blake2b';
      },
      'a digest of another length': ({ resources }) => {
        resources[0]!.digest = 'ab'.repeat(20);
      },
      'another order': ({ resources }) => {
        resources.reverse();
      },
      nothing: ({ resources }) => {
        resources.length = 0;
      },
      'a path that leads up': ({ resources }) => {
        resources[0]!.name = '../config.json';
      },
      'a path from the root': ({ resources }) => {
        resources[0]!.name = '/config.json';
      },
      'a path that is not canonical': ({ resources }) => {
        resources[0]!.name = 'inner/./config.json';
      },
      'a pattern that is left out': ({ serialization }) => {
        serialization['ignore_paths'] = ['*.bin'];
      },
      'a path left out that leads up': ({ serialization }) => {
        serialization['ignore_paths'] = ['a/../../b'];
      },
      'a path left out from the root': ({ serialization }) => {
        serialization['ignore_paths'] = ['/etc'];
      },
    };
    await verifyBundle(await resigned(() => {}), trust);
    for (const [what, edit] of Object.entries(broken))
      await assert.rejects(verifyBundle(await resigned(edit), trust), { code: 'signature-invalid' }, what);
  });

  it('4.1, 11.1: what signers before and besides write is read', async () => {
    writeFileSync(join(model, 'large.bin'), Buffer.alloc(30_000, 3));
    const start = (name: string): number => Number(name.split(':').at(-2));
    const asReference = await resigned(
      ({ resources, serialization }) => {
        // The reference signer orders shards by number, and writes their size into the algorithm.
        resources.sort((a, b) => {
          const [one, other] = [a.name.split(':')[0]!, b.name.split(':')[0]!];
          return one < other ? -1 : one > other ? 1 : start(a.name) - start(b.name);
        });
        for (const one of resources) one.algorithm = `sha256-sharded-${serialization['shard_size']}`;
      },
      { shardBytes: 1024 },
    );
    await verifyModel(model, asReference, trust);
    const file = join(model, 'weights.bin');
    for (const shardBytes of [undefined, 1024]) {
      const old = await resigned(
        ({ resources }) => {
          for (const one of resources) one.name = one.name.replace('weights.bin', '.');
        },
        shardBytes === undefined ? {} : { shardBytes },
        file,
      );
      await verifyModel(file, old, trust);
      await assert.rejects(verifyModel(model, old, trust), { code: 'signature-invalid' });
    }
  });

  it('6.1: an empty model is refused', async () => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    await assert.rejects(signed({}, empty), /empty/);
    mkdirSync(join(empty, '.git'));
    writeFileSync(join(empty, '.git', 'HEAD'), 'x');
    await assert.rejects(signed({}, empty), /empty/);
    writeFileSync(join(empty, 'nothing'), '');
    await signed({}, empty);
    await assert.rejects(signed({ shardBytes: 4096 }, empty), /empty/);
    const text = JSON.stringify(await signed());
    await assert.rejects(verifyModel(join(empty, '.git'), text, trust), { code: 'signature-invalid' });
  });

  it('6.1.2: a model that is one file is named by its name, and holds under no other', async () => {
    const file = join(model, 'weights.bin');
    const bundle = await signed({}, file);
    const { subject, predicate } = statementOf(bundle);
    assert.deepEqual(
      [subject[0].name, predicate.resources.map(({ name }: { name: string }) => name)],
      ['weights.bin', ['weights.bin']],
    );
    const text = JSON.stringify(bundle);
    await verifyModel(file, text, trust);
    renameSync(file, join(model, 'other.bin'));
    await assert.rejects(verifyModel(join(model, 'other.bin'), text, trust), { code: 'signature-invalid' });
  });

  it('6.1.1: links are refused; where they are allowed, those that lead out are told', async () => {
    const outside = join(folder, 'outside.bin');
    writeFileSync(outside, 'outside');
    symlinkSync(outside, join(model, 'far.bin'));
    symlinkSync('weights.bin', join(model, 'near.bin'));
    await assert.rejects(signed(), /symbolic link/);
    const told: string[] = [];
    const bundle = await signed({ allowLinks: true, onWarning: (text) => told.push(text) });
    assert.deepEqual(told, ['`far.bin` is a link that leads out of the model']);
    told.length = 0;
    await verifyModel(model, JSON.stringify(bundle), trust, { onWarning: (text) => told.push(text) });
    assert.equal(told.length, 1, 'and so is whoever verifies');
    rmSync(join(model, 'far.bin'));
    rmSync(join(model, 'near.bin'));
    const plain = JSON.stringify(await signed());
    symlinkSync(outside, join(model, 'far.bin'));
    await assert.rejects(verifyModel(model, plain, trust), { code: 'signature-invalid' });
  });

  it('6.2: version control is left out at the top alone, and further paths exactly', async () => {
    for (const name of ['.gitignore', '.gitattributes']) writeFileSync(join(model, name), 'x');
    writeFileSync(join(model, 'inner', '.gitignore'), 'x');
    mkdirSync(join(model, 'cache'));
    writeFileSync(join(model, 'cache', 'a'), 'x');
    mkdirSync(join(model, 'inner', 'cache'));
    writeFileSync(join(model, 'inner', 'cache', 'a'), 'x');
    const bundle = await signed({ ignored: ['./cache/'] });
    const { resources, serialization } = statementOf(bundle).predicate;
    assert.deepEqual(
      resources.map(({ name }: { name: string }) => name),
      ['inner/.gitignore', 'inner/cache/a', 'inner/config.json', 'weights.bin'],
    );
    assert.ok(serialization.ignore_paths.includes('cache'));
    // Before 1.1 signers did not say what they left out: version control still does not count.
    const old = await resigned(
      ({ serialization: stated }) => {
        delete stated['ignore_paths'];
      },
      { ignored: ['cache'] },
    );
    await assert.rejects(verifyModel(model, old, trust), /cache\/a.* not signed/);
    rmSync(join(model, 'cache'), { recursive: true });
    await verifyModel(model, old, trust);
    for (const pattern of [
      '*.bin',
      'a?',
      '[ab]',
      '/weights.bin',
      '../weights.bin',
      'a/../b',
      '',
      '.',
      'a//b',
    ])
      await assert.rejects(signed({ ignored: [pattern] }), { code: 'usage' }, pattern);
  });

  it('6.3.2, 8.5: a signed file that became longer by whole shards has changed, though others may be there', async () => {
    truncateSync(join(model, 'weights.bin'), 8192);
    const text = JSON.stringify(await signed({ shardBytes: 4096 }));
    writeFileSync(join(model, 'notes.txt'), 'x');
    await verifyModel(model, text, trust, { allowOthers: true });
    appendFileSync(join(model, 'weights.bin'), 'more');
    await assert.rejects(verifyModel(model, text, trust, { allowOthers: true }), /weights\.bin.* changed/);
  });

  it('what changes while it is read is neither signed nor verified', async () => {
    const text = JSON.stringify(await signed());
    const file = join(model, 'weights.bin');
    const restored = (): void => {
      rmSync(model, { recursive: true, force: true });
      mkdirSync(join(model, 'inner'), { recursive: true });
      writeFileSync(file, Buffer.alloc(10_000, 7));
      writeFileSync(join(model, 'inner', 'config.json'), '{}');
    };
    const outside = join(folder, 'elsewhere.bin');
    writeFileSync(outside, Buffer.alloc(10_000, 7));
    const changes: Readonly<Record<string, () => void>> = {
      'a file written to': () => appendFileSync(file, 'x'),
      'a file swapped for a link to the same bytes': () => {
        rmSync(file);
        symlinkSync(outside, file);
      },
      'a file swapped for a pipe': () => {
        rmSync(file);
        execFileSync('/usr/bin/mkfifo', [file]);
      },
      'a file gone': () => rmSync(file),
      'a file that came': () => writeFileSync(join(model, 'late.py'), 'x'),
      'a file that was read already': () => writeFileSync(join(model, 'inner', 'config.json'), '[]'),
      'a folder swapped for a link': () => {
        renameSync(join(model, 'inner'), join(folder, 'moved'));
        symlinkSync(join(folder, 'moved'), join(model, 'inner'));
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      // `inner/config.json` was read then, `weights.bin` was not.
      const meanwhile = (): { onProgress: () => void } => {
        let done = false;
        return {
          onProgress: () => {
            if (!done) change();
            done = true;
          },
        };
      };
      restored();
      await assert.rejects(signed(meanwhile()), { code: /^(?:conflict|usage)$/ }, `signing: ${what}`);
      rmSync(join(folder, 'moved'), { recursive: true, force: true });
      restored();
      await assert.rejects(
        verifyModel(model, text, trust, meanwhile()),
        { code: 'signature-invalid' },
        `verifying: ${what}`,
      );
      rmSync(join(folder, 'moved'), { recursive: true, force: true });
    }
    restored();
    await verifyModel(model, text, trust);
  });

  it('what changes is seen by every thread, too', async () => {
    const large = mkdtempSync(join(folder, 'large-'));
    for (const name of ['a', 'b', 'c']) {
      writeFileSync(join(large, name), '');
      truncateSync(join(large, name), 50 * 1024 * 1024);
    }
    let done = false;
    const onProgress = (): void => {
      if (!done) for (const name of ['a', 'b', 'c']) appendFileSync(join(large, name), 'x');
      done = true;
    };
    await assert.rejects(signed({ shardBytes: 8 * 1024 * 1024, onProgress }, large), { code: 'conflict' });
  });

  it('6.1: pipes and sockets are refused at once', async () => {
    execFileSync('/usr/bin/mkfifo', [join(model, 'pipe')]);
    await assert.rejects(signed(), /neither a file nor a folder/);
  });

  it('a statement of another predicate is none of ours', () => {
    assert.throws(() =>
      fromStatement(Buffer.from('{"_type":"https://in-toto.io/Statement/v1","subject":[]}')),
    );
  });
});
