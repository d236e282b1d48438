import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TrustedProxies } from './address.ts';

describe('the address of a caller', () => {
  const proxies = new TrustedProxies(['10.0.0.0/8', '2001:db8::1']);

  it('is that of the connection, whatever others than trusted proxies say', () => {
    assert.equal(new TrustedProxies([]).client('192.0.2.1', '198.51.100.7'), '192.0.2.1');
    assert.equal(proxies.client('192.0.2.1', '198.51.100.7'), '192.0.2.1');
    assert.equal(proxies.client('::ffff:192.0.2.1', '10.0.0.1'), '192.0.2.1');
    assert.equal(proxies.client('unknown', '198.51.100.7'), 'unknown');
  });

  it('is the last hop that no trusted proxy is: what a caller wrote before it does not count', () => {
    for (const [said, is] of [
      [undefined, '10.0.0.2'],
      ['', '10.0.0.2'],
      ['198.51.100.7', '198.51.100.7'],
      ['1.1.1.1, 198.51.100.7', '198.51.100.7'],
      ['1.1.1.1, 198.51.100.7, 10.9.9.9', '198.51.100.7'],
      ['1.1.1.1, 198.51.100.7, 2001:db8::1', '198.51.100.7'],
      ['198.51.100.7, <script>', '10.0.0.2'],
      ['198.51.100.7, 10.1.1.1, x', '10.0.0.2'],
      [Array.from({ length: 1_000 }, () => '10.0.0.1').join(','), '10.0.0.1'],
    ] as const)
      assert.equal(proxies.client('10.0.0.2', said), is, said);
  });
});
