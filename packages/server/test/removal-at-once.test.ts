import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assetFactsSchema } from '@sallyport/core';
import { placeHold } from '../src/content-expiry.ts';
import { type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

describe('what is decided while a system is removed', () => {
  let server: TestServer;
  let fake: FakeSystem;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer();
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const add = async (...names: string[]): Promise<void> => {
    for (const name of names)
      await server.control.addSystem('test', name, {
        dialect: 'openai',
        urls: [`${fake.url}/${name}`],
        allowPrivate: true,
      });
  };
  /** Removes a system, while something else happens: the gateway is asked about the state without it then. */
  const removeDuring = async (name: string, meanwhile: () => Promise<unknown>): Promise<void> => {
    const gateway = server.control.gateway!;
    const tryOut = gateway.tryOut.bind(gateway);
    gateway.tryOut = async (state) => {
      gateway.tryOut = tryOut;
      await meanwhile();
      return tryOut(state);
    };
    await server.control.removeSystem('test', name);
  };

  it('a third party that is suspended stays so, and names it no more', async () => {
    await add('stays', 'goes');
    const { thirdParties } = server.control;
    const { digest } = await thirdParties.propose('person:author', {
      name: 'vendor',
      kind: 'vendor-model',
      manifest: { purpose: 'x', origins: [fake.url], systems: ['stays', 'goes'], allowPrivate: true },
      owner: null,
      days: 30,
    });
    await thirdParties.approve('person:approver', 'vendor', digest);
    await removeDuring('goes', () => thirdParties.suspend('person:responder', 'vendor', 'it lies'));
    const { status, why, live, manifest } = await thirdParties.find('vendor');
    assert.deepEqual([status, why, live, manifest.systems], ['suspended', 'it lies', false, ['stays']]);
  });

  it('a legal hold keeps it from going', async () => {
    await add('held');
    await assert.rejects(
      removeDuring('held', () => placeHold(server.control, 'person:a', 'held', 'a case')),
      { code: 'conflict' },
    );
    assert.ok((await server.control.systems()).some(({ name }) => name === 'held'));
  });

  it('a key that is made for it opens nothing', async () => {
    await add('opened');
    const make = () => server.control.apiKeys.create('test', { name: 'late', systems: ['opened'] });
    await removeDuring('opened', make);
    const late = (await server.control.apiKeys.list()).find(({ name }) => name === 'late')!;
    assert.ok(late.revokedAt !== null);
    assert.deepEqual(late.systems, ['opened (removed)']);
  });
});

describe('what is about one system', () => {
  it('names one: a legal hold on all of them or on data would hold nothing', async () => {
    const server = await testServer();
    try {
      const facts = assetFactsSchema.parse({});
      await (await server.control.inventory()).register('test', 'dataset', 'patients', facts);
      for (const system of ['*', 'dataset:patients', 'nobody'])
        await assert.rejects(placeHold(server.control, 'person:a', system, 'a case'), {
          code: 'system-unknown',
        });
    } finally {
      await server.stop();
    }
  });
});
