import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { strictHeaders } from './open-paths.ts';

describe('headers that every answer of the gateway has', () => {
  const headersFor = (host: string | undefined, tls: boolean): Map<string, unknown> => {
    const set = new Map<string, unknown>();
    const res = { setHeader: (name: string, value: unknown) => set.set(name, value) };
    strictHeaders({ headers: { host } } as IncomingMessage, res as unknown as ServerResponse, tls);
    return set;
  };

  it('over TLS browsers are told to stay with it, but not for names of this machine', () => {
    for (const [host, tls, told] of [
      ['gateway.example', true, 'max-age=31536000'],
      ['gateway.example:8443', true, 'max-age=31536000'],
      ['gateway.example', false, undefined],
      ['localhost:8443', true, undefined],
      ['127.0.0.1:8443', true, undefined],
      ['[::1]:8443', true, undefined],
      ['no host', true, undefined],
      [undefined, true, undefined],
    ] as const)
      assert.equal(headersFor(host, tls).get('strict-transport-security'), told, `${host} ${tls}`);
  });
});
