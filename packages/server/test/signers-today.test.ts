import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { signModel } from '@sallyport/registry';
import { scratch, testServer } from './harness.ts';

it('a signature counts as long as its signer and its key do', async () => {
  const folder = scratch();
  const file = join(folder, 'key.pem');
  const [own, other] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
  const put = (key: KeyObject): void => writeFileSync(file, key.export({ format: 'pem', type: 'spki' }));
  put(own!.publicKey);
  const path = join(folder, 'rows');
  mkdirSync(path);
  writeFileSync(join(path, 'rows.csv'), 'a,b\n1,2\n');
  const server = await testServer({
    config: { inventory: { signers: [{ name: 'ml-team', publicKeyFile: file }] } },
  });
  try {
    const inventory = await server.control.inventory();
    const facts = { owner: null, purpose: '', risk: 'minimal', dataClasses: [], source: '', licence: '' };
    const { asset, version } = await inventory.addVersion('test', 'model', 'rows', facts as never, {
      root: path,
      label: '1',
    });
    const key = own!.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const { bundle } = await signModel(path, { key });
    await inventory.verifySignature('test', 'model', 'rows', '1', JSON.stringify(bundle));
    const signed = async (): Promise<string> => {
      const { gates } = await inventory.known(asset, version);
      const { open, why } = gates.find(({ name }) => name === 'signed')!;
      return `${open ? 'open' : 'closed'}: ${why}`;
    };
    const closed = 'closed: signed by ml-team, which does not count any more (`inventory.signers`)';
    assert.equal(await signed(), 'open: signed by ml-team');
    put(other!.publicKey);
    assert.equal(await signed(), closed);
    rmSync(file);
    assert.equal(await signed(), closed);
    put(own!.publicKey);
    assert.equal(await signed(), 'open: signed by ml-team');
    const [signer] = server.control.config.inventory.signers as { name: string }[];
    signer!.name = 'others';
    assert.equal(await signed(), closed);
  } finally {
    await server.stop();
  }
});
