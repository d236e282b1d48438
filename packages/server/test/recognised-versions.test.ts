import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { scratch, type TestServer, testServer } from './harness.ts';

const FACTS = { owner: null, purpose: '', risk: 'minimal', dataClasses: [], source: '', licence: '' };
const NOISE = Buffer.from(Array.from({ length: 400 }, (_, n) => ((n * 89 + 41) % 251) | 1));
/** A dictionary, as Python's `pickle` writes it. */
const PICKLE = Buffer.from('\x80\x02}X\x01\x00\x00\x00aK\x01s.', 'latin1');

describe('a version of what is not recognised', () => {
  const folder = scratch();
  let server: TestServer;
  before(async () => {
    server = await testServer();
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  it('does not pass as a model, and it is said what to do', async () => {
    let round = 0;
    /** Its gate `scanned`: what it says where it is closed, null where it is open. */
    const closed = async (files: Readonly<Record<string, Uint8Array>>): Promise<string | null> => {
      const root = join(folder, String(++round));
      mkdirSync(root);
      for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
      const inventory = await server.control.inventory();
      const known = await inventory.addVersion('test', 'model', `n${round}`, FACTS as never, {
        root,
        label: '1',
      });
      const gate = known.gates.find(({ name }) => name === 'scanned')!;
      return gate.open ? null : gate.why;
    };
    assert.match(
      (await closed({ 'model.h5': NOISE, 'weights.pkl': PICKLE }))!,
      /`model.h5` not recognised as what the name says: get it again, or save it in a known format/,
    );
    assert.match((await closed({ README: NOISE }))!, /no model among the files: save it in a known format/);
    assert.equal(await closed({ 'model.pkl': PICKLE, README: NOISE }), null);
  });
});
