import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const told = async (text: string, path = 'requirements.txt'): Promise<string[]> => {
  const { detections } = await scanSource(path, new BytesSource(Buffer.from(`${text}\nnumpy==2.0\n`)));
  return detections
    .filter(({ technique }) => technique === 'foreign-index')
    .map(({ location, message }) => `${location.line} ${message}`);
};
const EVIL = 'https://evil.example/simple';

describe('indexes that files of requirements name', () => {
  it('are no matter where they are public', async () => {
    for (const line of [
      '--index-url https://pypi.org/simple',
      '-i https://pypi.org/simple',
      '--extra-index-url https://download.pytorch.org/whl/cu121',
      '--no-index',
      '--require-hashes',
      'left==1.0 --hash=sha256:aa',
      '# -i https://evil.example/simple',
      '-r other.txt',
    ])
      assert.deepEqual(await told(line), [], line);
  });

  it('are told however pip lets them be written', async () => {
    for (const line of [
      `--index-url ${EVIL}`,
      `--index-url=${EVIL}`,
      `-i ${EVIL}`,
      `-i${EVIL}`,
      `--i ${EVIL}`,
      `--extra ${EVIL}`,
      `--extra-index=${EVIL}`,
      `--py ${EVIL}`,
      `-f${EVIL}`,
      `--find ${EVIL}`,
      `--pre --extra-index-url ${EVIL}`,
      `--ext\\ra "${EVIL}"`,
      `--in"dex-url" ${EVIL}`,
      `--index-url \\\n${EVIL}`,
    ])
      assert.deepEqual(await told(line), ['1 takes packages from another index (`evil.example`)'], line);
    assert.equal((await told('--trusted-host pypi.org')).length, 1);
    assert.equal((await told('--trust evil.example')).length, 1);
    assert.equal((await told('--index-url http://pypi.org/simple')).length, 1);
    const kept = 'https://user:word@evil.example/simple';
    assert.doesNotMatch((await told(`-i ${kept}`)).join(), /word/);
  });

  it('are told in every file that lists requirements', async () => {
    for (const path of [
      'requirements/base.txt',
      'a/requirements/dev.in',
      'dev-requirements.txt',
      'x.zip!requirements/base.txt',
    ])
      assert.equal((await told(`-i ${EVIL}`, path)).length, 1, path);
    assert.equal((await told(`-i ${EVIL}`, 'notes/base.txt')).length, 0);
  });
});

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const DIGEST = `${COMMIT}0123456789abcdef01234567`;
/** Packages from addresses, by the verdict of a file that takes one. */
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  clean: [
    `git+https://github.com/a/b@${COMMIT}`,
    `b @ git+https://github.com/a/b.git@${COMMIT}#egg=b`,
    `-e git+ssh://git@github.com/a/b.git@${COMMIT}#egg=b`,
    `b @ https://a.example.com/b-1.0-py3-none-any.whl#sha256=${DIGEST}`,
    `https://a.example.com/b.whl --hash=sha256:${DIGEST}`,
    '-e .',
    './b.whl',
  ],
  review: [
    'git+https://github.com/a/b.git',
    'b[c,d] @ git+https://github.com/a/b@main',
    '-egit+https://github.com/a/b#egg=b',
    '--edit=git+https://github.com/a/b@0123456',
    'b @ git+https://oauth2@github.com/a/b',
    'b @ https://a.example.com/b.whl',
    `b @ https://a.example.com/b.whl@${COMMIT}`,
  ],
  suspicious: [
    `git+http://github.com/a/b@${COMMIT}`,
    `git+git://github.com/a/b@${COMMIT}`,
    `b @ http://a.example.com/b.whl#sha256=${DIGEST}`,
    'b @ https://203.0.113.7/b.whl',
    'https://abc.trycloudflare.com/b.whl',
    'ftp://a.example.com/b.tgz',
  ],
};

it('a package from an address is clean where it cannot change, and suspicious without a named host', async () => {
  for (const [verdict, lines] of Object.entries(ADDRESSES))
    for (const line of lines)
      for (const [path, text] of [
        ['requirements.txt', `numpy==2.0\n${line}\n`],
        ...(/^(?:-|\.|https:.* --)/.test(line)
          ? []
          : [['pyproject.toml', `[project]\ndependencies = [${JSON.stringify(line)}]\n`]]),
      ] as [string, string][])
        assert.equal((await scanSource(path, new BytesSource(Buffer.from(text)))).verdict, verdict, line);
});
