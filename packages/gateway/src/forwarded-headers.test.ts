import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SystemSnapshot } from '@sallyport/core';
import type { Deps, Exchange } from './exchange.ts';
import { returnedHeaders } from './forwarded-headers.ts';

const returned = (name: string, value: string): string | undefined =>
  returnedHeaders({ id: 'exc_1', system: null } as Exchange, {} as Deps, { [name]: value })[name];

/** Of each header the longest value that has its form, and the shortest. */
const FORMS: Readonly<Record<string, readonly [longest: string, shortest: string]>> = {
  'retry-after': [`Wed, ${'1'.repeat(34)}:`, '1'],
  'retry-after-ms': ['9'.repeat(12), '0'],
  'openai-processing-ms': ['9'.repeat(12), '0'],
  'x-request-id': ['r'.repeat(128), 'r'],
  'request-id': ['r'.repeat(128), 'r'],
  'apim-request-id': ['r'.repeat(128), 'r'],
  'x-ms-request-id': ['r'.repeat(128), 'r'],
  'x-amzn-requestid': ['r'.repeat(128), 'r'],
  'x-generation-id': ['r'.repeat(128), 'r'],
  'mistral-correlation-id': ['r'.repeat(128), 'r'],
  'cf-ray': ['r'.repeat(128), 'r'],
};
/** Headers with few values. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  'x-should-retry': ['true', 'false'],
  'openai-version': ['2020-10-01'],
};
const BROKEN = (good: string): string[] => [`${good}<`, `<${good}`, `${good}\n`, `${good};x`, ''];

describe('headers of an answer that go on', () => {
  for (const [name, [longest, shortest]] of Object.entries(FORMS))
    it(`${name}, whole and in its form alone`, () => {
      for (const good of [longest, shortest]) assert.equal(returned(name, good), good);
      assert.equal(returned(name, longest + longest.at(-2)), undefined, 'one longer than the longest');
      for (const bad of BROKEN(longest.slice(1))) assert.equal(returned(name, bad), undefined, bad);
    });

  for (const [name, values] of Object.entries(VALUES))
    it(`${name}, one of its values alone`, () => {
      for (const good of values) {
        assert.equal(returned(name, good), good);
        for (const bad of [...BROKEN(good), good.slice(1), good.slice(0, -1), `${good}0`, `0${good}`])
          assert.equal(returned(name, bad), undefined, bad);
      }
    });

  it('none that says most of the credential of the provider, alone or with another', () => {
    const apiKey = 'zq81mfk2xw90vbt37cnd65ahj4pyle8r';
    const privacy = { names: false, countries: [], own: [] };
    const system = { name: 's', apiKey, canaries: [], links: {}, privacy } as unknown as SystemSnapshot;
    const NO_SECRETS = { start: { detectors: null } } as unknown as Deps;
    const of = (headers: Record<string, string>): string[] =>
      Object.values(returnedHeaders({ id: 'exc_1', system } as Exchange, NO_SECRETS, headers));
    for (const said of [apiKey, apiKey.slice(0, 31), apiKey.slice(10), apiKey.toUpperCase().slice(0, 22)])
      for (const name of ['x-request-id', 'cf-ray']) assert.ok(!of({ [name]: said }).includes(said), said);
    const [first, second] = [apiKey.slice(0, 16), apiKey.slice(16)];
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const)
      for (const between of [{}, { 'apim-request-id': 'req_0123456789' }])
        assert.deepEqual(of({ 'x-request-id': one, ...between, 'cf-ray': other }), ['exc_1']);
    const honest = {
      'x-request-id': 'req_81mfk2xw90',
      'request-id': apiKey.slice(0, 6),
      'cf-ray': '8f0a1b2c3d4e5f60-FRA',
    };
    assert.deepEqual(of(honest), [...Object.values(honest), 'exc_1']);
  });

  it('a type of content without what follows it, and no header beyond these', () => {
    assert.equal(returned('content-type', 'text/event-stream; charset=utf-8'), 'text/event-stream');
    assert.equal(returned('content-type', ` text/plain`), undefined);
    for (const name of ['set-cookie', 'x-request-ids', 'location', 'server', 'openai-organization'])
      assert.equal(returned(name, '1'), undefined, name);
  });
});
