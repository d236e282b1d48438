import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSameDestination } from './destination.ts';

describe('destinations', () => {
  it('one place, however it is spelt', () => {
    for (const [a, b] of [
      ['https://api.example/v1', 'https://API.Example./v1/'],
      ['https://api.example/v1', 'https://api.example:443/v1'],
      ['http://api.example', 'http://api.example:80//'],
      ['https://api.example/v1', 'https://user:secret@api.example/v1?x#y'],
      ['https://bücher.example', 'https://xn--bcher-kva.example'],
      ['https://bücher.example', 'https://BÜCHER.example'],
      ['https://api.example/v1', 'https://api.example/%76%31'],
      ['https://api.example/v1', 'https://api.example/x/%2e%2e/v1'],
      ['https://api.example/v1', 'https://api.example/x%2f..%2fv1'],
      ['https://api.example/v1', 'https://api.example/V1'],
      ['https://api.example/', 'https://api.example/v1'],
      ['https://api.example/v1', 'http://api.example:443/v1'],
      ['https://api.example:80', 'http://api.example'],
      ['http://10.0.0.1', 'http://0x0a.0.0.1'],
      ['http://10.0.0.1', 'http://012.1'],
      ['http://127.0.0.1:9', 'http://localhost:9'],
      ['http://127.0.0.1:9', 'http://LOCALHOST.:9'],
      ['http://127.0.0.1:9', 'http://[::1]:9'],
      ['http://127.0.0.1:9', 'http://[::ffff:127.0.0.1]:9'],
      ['http://127.0.0.1:9', 'http://2130706433:9'],
      ['http://127.0.0.1:9', 'http://0x7f.1:9'],
      ['http://127.0.0.1:9', 'http://127.1.2.3:9'],
      ['http://10.0.0.1', 'http://[::ffff:a00:1]'],
    ] as const)
      assert.ok(isSameDestination(a, b) && isSameDestination(b, a), `${a} ${b}`);
  });

  it('two names are one host where whoever is asked says so', () => {
    const same = (one: string, other: string): boolean =>
      [one, other].sort().join() === 'a.example,b.example';
    assert.ok(isSameDestination('http://a.example:8/v1', 'http://b.example:8', same));
    assert.ok(!isSameDestination('http://a.example:8', 'http://b.example:9', same));
    assert.ok(!isSameDestination('http://a.example:8/x', 'http://b.example:8/y', same));
    assert.ok(!isSameDestination('http://a.example:8', 'http://c.example:8', same));
  });

  it('other places are other places', () => {
    for (const [a, b] of [
      ['https://api.example', 'http://api.example'],
      ['https://api.example', 'https://api.example:8443'],
      ['https://api.example', 'https://api.example.evil'],
      ['https://api.example/v1', 'https://api.example/v11'],
      ['https://api.example/a', 'https://api.example/b'],
      ['http://10.0.0.1', 'http://10.0.0.2'],
      ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
    ] as const)
      assert.ok(!isSameDestination(a, b), `${a} ${b}`);
  });
});
